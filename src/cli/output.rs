//! Where results go: standard output or a file, in any of the formats.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use futures::StreamExt as _;

use super::Usage;
use crate::query::Rows;
use crate::report::render::{Format, harmless, raw_csv_renderer, renderer};

/// Options of commands that print rows.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Form of the rows: table, csv, json, ndjson, markdown or parquet
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: Format,
    /// In csv, leave text as it is that a spreadsheet takes for a formula; otherwise it gets a ' in
    /// front
    #[arg(long)]
    pub(super) csv_raw: bool,
    /// File to write instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

impl Args {
    /// Tells whether a person reads what is printed.
    pub(super) fn is_for_eyes(&self) -> bool {
        self.format == Format::Table && self.output.is_none()
    }

    /// Tells whether a second answer would take the place of the first, or spoil it.
    pub(super) fn holds_one_answer(&self) -> bool {
        self.output.is_some() || self.format == Format::Parquet
    }
}

/// Writes rows as the options say.
pub(super) async fn write(args: &Args, mut rows: Rows) -> anyhow::Result<()> {
    check(args)?;
    let target = match &args.output {
        Some(path) => Target::file(path)?,
        None => Target::Standard,
    };
    let out = target.writer()?;
    let mut renderer = match args.format {
        Format::Csv if args.csv_raw => raw_csv_renderer(rows.schema, out),
        format => renderer(format, rows.schema, out)?,
    };
    while let Some(batch) = rows.batches.next().await {
        renderer.write(&batch?)?;
    }
    renderer.finish()?;
    target.finish()
}

/// Refuses what could not be read by anyone.
pub(super) fn check(args: &Args) -> anyhow::Result<()> {
    if args.format == Format::Parquet && args.output.is_none() && io::stdout().is_terminal() {
        let message = "parquet is no text; give -o FILE or redirect standard output";
        return Err(Usage(message.to_owned()).into());
    }
    // What takes long is not done for a file that can't be written then.
    if let Some(path) = &args.output
        && let Target::File { temporary, .. } = &Target::file(path)?
    {
        drop(Target::file(path)?.writer()?);
        fs::remove_file(temporary)?;
    }
    Ok(())
}

/// Prints bytes on standard output.
pub(super) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints a line on standard error, for the user's eyes.
pub(super) fn tell(line: &str) {
    // Nobody may be listening, which is no reason to stop working.
    _ = writeln!(io::stderr().lock(), "{}", harmless(line));
}

/// A file appears under its name when it is whole.
enum Target {
    Standard,
    File { path: PathBuf, temporary: PathBuf },
}

impl Target {
    fn file(path: &Path) -> anyhow::Result<Self> {
        let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
        if name.is_empty() || path.is_dir() {
            let message = format!("`{}` is no file to write; name one", path.display());
            return Err(Usage(message).into());
        }
        name.push(format!(".{}.tmp", std::process::id()));
        Ok(Self::File { path: path.to_owned(), temporary: path.with_file_name(name) })
    }

    fn writer(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Standard => Box::new(io::stdout()),
            Self::File { path, temporary } => {
                let file = fs::File::create(temporary);
                Box::new(
                    file.map_err(|error| {
                        Usage(format!("can't write `{}`: {error}", path.display()))
                    })?,
                )
            }
        })
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Standard => Ok(()),
            Self::File { path, temporary } => Ok(fs::rename(temporary, path)?),
        }
    }
}
