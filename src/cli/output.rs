//! Where results go: standard output or a file, in any of the formats.

use std::fs::{self, FileType, Permissions};
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt as _;
use tempfile::NamedTempFile;

use super::Usage;
use super::stdout::Stdout;
use crate::query::Rows;
use crate::report::render::{
    Format, Renderer, chart_renderer, fitted_table_renderer, harmless, raw_csv_renderer, renderer,
};

/// What others may do with a file that is written, as far as the umask lets them.
const FILE_MODE: u32 = 0o666;
/// Columns of a chart that no terminal shows.
const CHART_WIDTH: usize = 80;

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

    /// Returns the width of the terminal that shows what is printed, if one does.
    pub(super) fn terminal_width(&self) -> Option<usize> {
        let stdout = io::stdout();
        let size = self.output.is_none().then(|| terminal_size::terminal_size_of(stdout))??;
        Some(usize::from(size.0.0))
    }

    fn target(&self) -> anyhow::Result<Target> {
        match &self.output {
            Some(path) => Target::file(path),
            None => Ok(Target::Standard),
        }
    }

    /// Tells whether a second answer would take the place of the first, or spoil it.
    pub(super) fn holds_one_answer(&self) -> bool {
        self.output.is_some() || self.format == Format::Parquet
    }
}

/// Returns a number with what it counts, which gets an `s` unless it is one.
pub(super) fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Writes rows as the options say.
pub(super) async fn write(args: &Args, rows: Rows) -> anyhow::Result<()> {
    check(args)?;
    let target = args.target()?;
    let out = target.writer()?;
    let schema = Arc::clone(&rows.schema);
    let renderer = match (args.format, args.terminal_width()) {
        (Format::Table, Some(width)) => fitted_table_renderer(&schema, width, out),
        (Format::Csv, _) if args.csv_raw => raw_csv_renderer(schema, out),
        (format, _) => renderer(format, schema, out)?,
    };
    render(rows, renderer).await?;
    target.finish()
}

/// Draws rows as bars of a column.
pub(super) async fn draw(args: &Args, figure: Option<&str>, rows: Rows) -> anyhow::Result<()> {
    let target = args.target()?;
    let width = args.terminal_width().unwrap_or(CHART_WIDTH);
    let schema = Arc::clone(&rows.schema);
    let chart = |out| {
        chart_renderer(&schema, figure, width, out)
            .map_err(|error| Usage(format!("--chart: {error}")))
    };
    // No file is begun before it is known that there is something to draw.
    drop(chart(Box::new(io::sink()))?);
    let renderer = chart(target.writer()?)?;
    render(rows, renderer).await?;
    target.finish()
}

async fn render(mut rows: Rows, mut renderer: Box<dyn Renderer>) -> anyhow::Result<()> {
    while let Some(batch) = rows.batches.next().await {
        renderer.write(&batch?)?;
    }
    Ok(renderer.finish()?)
}

/// Refuses what could not be read by anyone.
pub(super) fn check(args: &Args) -> anyhow::Result<()> {
    if args.format == Format::Parquet && args.output.is_none() && io::stdout().is_terminal() {
        let message = "parquet is no text; give -o FILE or redirect standard output";
        return Err(Usage(message.to_owned()).into());
    }
    // What takes long is not done for a file that can't be written then.
    if let Some(path) = &args.output {
        drop(Target::file(path)?);
    }
    Ok(())
}

/// Prints bytes on standard output.
///
/// # Errors
/// The system's; see [`super::is_closed_pipe`].
pub fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = Stdout::new();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints a line on standard error, for the user's eyes.
pub(super) fn tell(line: &str) {
    // Nobody may be listening, which is no reason to stop working.
    _ = writeln!(io::stderr().lock(), "{}", harmless(line));
}

/// Ends a command that could not do all of its work, naming what was left undone.
pub(super) fn left_undone(
    what: &str,
    errors: impl IntoIterator<Item: ToString>,
) -> anyhow::Result<()> {
    let all: Vec<String> = errors.into_iter().map(|error| error.to_string()).collect();
    if all.is_empty() {
        return Ok(());
    }
    anyhow::bail!("{what}: {}", all.join(". "))
}

/// Where what is printed goes.
enum Target {
    Standard,
    /// A device or a pipe, which is written as it is.
    Special(PathBuf),
    /// A file, which appears under its name when it is whole.
    File {
        path: PathBuf,
        temporary: NamedTempFile,
    },
}

impl Target {
    fn file(path: &Path) -> anyhow::Result<Self> {
        // What a link leads to is written, as a shell does.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let kind = fs::metadata(&path).map(|known| known.file_type());
        if path.file_name().is_none() || kind.as_ref().is_ok_and(FileType::is_dir) {
            let message = format!("`{}` is no file to write; name one", path.display());
            return Err(Usage(message).into());
        }
        if kind.is_ok_and(|kind| !kind.is_file()) {
            // `/dev/stdout` is standard output by another name.
            let is_standard = is_standard(&path);
            return Ok(if is_standard { Self::Standard } else { Self::Special(path) });
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let temporary = tempfile::Builder::new()
            .prefix(".tributary-")
            .permissions(Permissions::from_mode(FILE_MODE))
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| cant_write(&path, &error))?;
        Ok(Self::File { path, temporary })
    }

    fn writer(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Standard => Box::new(Stdout::new()),
            Self::Special(path) => {
                let opened = fs::OpenOptions::new().write(true).open(path);
                Box::new(opened.map_err(|error| cant_write(path, &error))?)
            }
            Self::File { temporary, .. } => Box::new(temporary.as_file().try_clone()?),
        })
    }

    fn finish(self) -> anyhow::Result<()> {
        if let Self::File { path, temporary } = self {
            temporary.persist(path)?;
        }
        Ok(())
    }
}

/// Tells whether a path leads to what standard output is.
fn is_standard(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let named = fs::metadata(path).map(|named| (named.dev(), named.ino()));
    let standard = rustix::fs::fstat(io::stdout());
    matches!((named, standard), (Ok(named), Ok(stat)) if named == (stat.st_dev, stat.st_ino))
}

fn cant_write(path: &Path, error: &io::Error) -> Usage {
    Usage(format!("can't write `{}`: {error}", path.display()))
}
