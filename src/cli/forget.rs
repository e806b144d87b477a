//! `tributary forget`: erases people, visitors or companies from the lake and the journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use futures::StreamExt as _;

use super::output::{self, counted};
use super::{Common, Usage, drain, journal, progress};
use crate::flush::FlushError;
use crate::flush::opening::Otherwise;
use crate::forget::{Finder, Forget, Receipt, Subject};
use crate::query::Rows;
use tributary_ingest::clock::{Clock as _, SystemClock};
use tributary_ingest::journal::{JournalError, request};
use tributary_ingest::text;
use tributary_lake::Lake;

/// How long a running ingester has to bring what it holds into the lake.
const FLUSH_WAIT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(100);
/// How often it is looked before the lake is asked whether events have to wait.
const POLLS_A_LOOK: u128 = 10;
/// What is said where rows could not be erased.
const UNDONE: &str = "not everything is erased; run it again when these can be written";

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Address of a person to forget; may be given several times
    #[arg(long, value_name = "ADDRESS", value_parser = Subject::email)]
    email: Vec<Subject>,
    /// Id of a visitor to forget
    #[arg(long, value_name = "ID", value_parser = Subject::visitor)]
    visitor: Vec<Subject>,
    /// LinkedIn page of a person to forget
    #[arg(long, value_name = "URL", value_parser = Subject::linkedin)]
    linkedin_url: Vec<Subject>,
    /// Domain of a company to forget
    #[arg(long, value_name = "DOMAIN", value_parser = Subject::company)]
    company: Vec<Subject>,
    /// File of people's addresses, one a line
    #[arg(long, value_name = "FILE")]
    emails_file: Option<PathBuf>,
    /// Tell what would be erased, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    journal: journal::Args,
    #[command(flatten)]
    output: output::Args,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    output::check(&args.output)?;
    args.check_journal()?;
    let finder = Finder::new(&args.subjects()?).map_err(Usage)?;
    let lake = common.open_lake_to_read()?;
    let mut undone = vec![];
    if !args.dry_run {
        lake.probe().await?;
        undone.extend(empty_journal(common, &args.journal, &lake).await?);
    }
    let now_ms = SystemClock::new().now_ms();
    let bar = progress::bytes(common, None);
    let told = bar.clone();
    let forget = Forget::open(&lake, finder.clone(), now_ms, move |n| told.inc(n)).await?;
    if forget.is_idle() {
        output::left_undone(UNDONE, forget.blocked())?;
    }
    bar.set_length(forget.n_bytes().await?);
    let done = if args.dry_run { forget.rehearse().await } else { forget.run().await };
    bar.finish_and_clear();
    let receipt = done?;
    let damaged = damaged_files(&args.journal.journal, &finder, args.dry_run)?;
    output::write(&args.output, rows(&receipt)?).await?;
    output::tell(&sentence(&receipt, damaged, &args));
    undone.extend(forget.blocked().iter().map(ToString::to_string));
    output::left_undone(UNDONE, undone)
}

impl Args {
    /// Refuses a journal that was given and is none: what waits in the right one would stay.
    fn check_journal(&self) -> Result<(), Usage> {
        let journal = &self.journal.journal;
        if drain::is_there(&self.journal) {
            return Ok(());
        }
        if journal == Path::new(journal::USUAL) {
            return Ok(());
        }
        Err(drain::no_journal(journal))
    }

    fn subjects(&self) -> Result<Vec<Subject>, Usage> {
        let given = [&self.email, &self.visitor, &self.linkedin_url, &self.company];
        let mut subjects: Vec<Subject> = given.into_iter().flatten().cloned().collect();
        if let Some(path) = &self.emails_file {
            let name = path.display();
            let text = text::read(path)
                .map_err(|error| Usage(format!("{name}: can't be read: {error}")))?;
            for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                let subject = Subject::email(line)
                    .map_err(|reason| Usage(format!("{name} line {}: {reason}", at + 1)))?;
                subjects.push(subject);
            }
        }
        if subjects.is_empty() {
            let message = "whom? give --email, --visitor, --linkedin-url or --company";
            return Err(Usage(message.to_owned()));
        }
        Ok(subjects)
    }
}

/// Brings what waits in the journal into the lake, where it can be erased: by the process that
/// has the journal, else here. Returns why some of it can't be brought there, if so: it waits for
/// a table that can't be written.
async fn empty_journal(
    common: &Common,
    args: &journal::Args,
    lake: &Lake,
) -> anyhow::Result<Option<String>> {
    if !drain::is_there(args) {
        return Ok(None);
    }
    let drained = drain::drain(common, args, Otherwise::Wait).await;
    let Err(error) = drained else { return Ok(None) };
    if let Some(FlushError::Held(why)) = error.downcast_ref() {
        return Ok(Some(why.clone()));
    }
    let journal = match error.downcast_ref() {
        Some(crate::app::AppError::Journal(JournalError::Locked(_))) => &args.journal,
        _ => return Err(error),
    };
    let name = journal.display();
    let path = request::leave(journal)?;
    let deadline = FLUSH_WAIT.as_millis() / POLL.as_millis();
    let ingester = std::fs::read_to_string(journal.join("ingester")).unwrap_or_default();
    for at in 0..deadline {
        if !path.try_exists()? {
            return Ok(None);
        }
        if at % POLLS_A_LOOK == 0 && lake.is_behind(ingester.trim()).await? {
            request::answer(&path)?;
            return Ok(Some(format!(
                "journal {name}: events in it wait for a table that can't be written, `check` \
                 tells which"
            )));
        }
        tokio::time::sleep(POLL).await;
    }
    request::answer(&path)?;
    anyhow::bail!(
        "journal {name}: the process that has it did not flush within {} s; stop it, or run this again",
        FLUSH_WAIT.as_secs()
    )
}

/// Removes those files of unreadable bytes in which a subject is named; returns how many.
fn damaged_files(journal: &Path, finder: &Finder, is_dry: bool) -> anyhow::Result<usize> {
    let folder = journal.join("damaged");
    let Ok(entries) = folder.read_dir() else { return Ok(0) };
    let mut n_files = 0;
    for entry in entries {
        let path = entry?.path();
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        if !finder.find_in_bytes(&bytes).is_empty() {
            n_files += 1;
            if !is_dry {
                tributary_ingest::disk::remove_file(&path)
                    .with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(n_files)
}

/// Returns the receipt as rows, one a table that had something.
fn rows(receipt: &Receipt) -> anyhow::Result<Rows> {
    let tables: Vec<_> = receipt.iter().filter(|(_, erased)| erased.n_files > 0).collect();
    let numbers = |of: fn(&crate::forget::Erased) -> u64| {
        Arc::new(tables.iter().map(|(_, erased)| of(erased)).collect::<UInt64Array>()) as ArrayRef
    };
    let names: StringArray = tables.iter().map(|(name, _)| Some(**name)).collect();
    let batch = RecordBatch::try_from_iter([
        ("table_name", Arc::new(names) as ArrayRef),
        ("rows_erased", numbers(|erased| erased.n_rows)),
        ("files_rewritten", numbers(|erased| erased.n_files_new as u64)),
        ("files_removed", numbers(|erased| erased.n_files as u64)),
        ("bytes_before", numbers(|erased| erased.bytes_before)),
        ("bytes_after", numbers(|erased| erased.bytes_after)),
    ])?;
    let schema = batch.schema();
    Ok(Rows { schema, batches: futures::stream::iter([Ok(batch)]).boxed() })
}

fn sentence(receipt: &Receipt, n_damaged: usize, args: &Args) -> String {
    let is_dry = args.dry_run;
    let n_rows: u64 = receipt.values().map(|erased| erased.n_rows).sum();
    let n_files: usize = receipt.values().map(|erased| erased.n_files).sum();
    let done = if is_dry { "would be erased" } else { "erased" };
    let mut text =
        format!("{} {done} from {}", counted(n_rows, "row"), counted(n_files as u64, "file"));
    if n_damaged > 0 {
        let files = counted(n_damaged as u64, "file");
        text.push_str(&format!(", {files} of unreadable bytes of the journal removed"));
    }
    if !drain::is_there(&args.journal) {
        let journal = args.journal.journal.display();
        text.push_str(&format!("; there is no journal {journal} that could be emptied"));
    } else if is_dry {
        text.push_str("; events that wait in the journal are not counted");
    }
    text
}
