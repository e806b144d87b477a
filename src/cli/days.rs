//! Options of commands that work on a range of days.

use super::Usage;
use tributary_lake::files::parse_day;

#[derive(Debug, Clone, Copy, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// First day, UTC
    #[arg(long, value_name = "DATE", value_parser = parse)]
    pub(super) from: Option<i32>,
    /// Day behind the last one, UTC
    #[arg(long, value_name = "DATE", value_parser = parse)]
    pub(super) to: Option<i32>,
}

impl Args {
    /// Refuses a range that holds no day.
    pub(super) fn check(self) -> Result<Self, Usage> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            let message = "--to is the day behind the last one; give a day behind --from";
            return Err(Usage(message.to_owned()));
        }
        Ok(self)
    }
}

fn parse(text: &str) -> Result<i32, String> {
    parse_day(text).ok_or_else(|| "write a day such as 2026-02-28".to_owned())
}
