//! `tributary check`: configuration, journal and lake, a line a finding.

mod bond;

use std::fmt::Write as _;
use std::path::Path;

use bytesize::ByteSize;

use super::output::{self, counted};
use super::serve::Keys;
use super::{Common, journal};
use crate::config;
use crate::replay::{ID_CONFLICT, count_by_reason};
use tributary_ingest::clock::{Clock as _, SystemClock};
use tributary_ingest::disk;
use tributary_ingest::flatten::{TABLES, event_tables, raw_events};
use tributary_ingest::journal::bond::standing;
use tributary_ingest::journal::layout::{list_sequences, load_checkpoint, segment_path};
use tributary_ingest::journal::segment::{Piece, SegmentReader};
use tributary_lake::audit::{self, Audit};
use tributary_lake::{Lake, LakeError, Operation, files, log};

/// Files of a day that are worth a word.
const FILES_NOTED: usize = 8;
/// Entries of a log that are.
const LONG_LOG: usize = 2 * log::ENTRIES_MAX;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    #[command(flatten)]
    journal: journal::Args,
    #[command(flatten)]
    keys: Keys,
    /// File of tokens for dashboard and report API
    #[arg(long, value_name = "FILE")]
    tokens_file: Option<std::path::PathBuf>,
}

/// The findings so far.
#[derive(Debug, Default)]
struct Findings {
    text: String,
    n_problems: usize,
}

impl Findings {
    fn fine(&mut self, line: &str) {
        _ = writeln!(self.text, "ok       {line}");
    }

    fn note(&mut self, line: &str) {
        _ = writeln!(self.text, "note     {line}");
    }

    fn problem(&mut self, line: &str) {
        self.n_problems += 1;
        _ = writeln!(self.text, "problem  {line}");
    }
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    check_configuration(&args, &mut findings)?;
    check_journal(&args.journal, &mut findings);
    check_lake(common, &args.journal.journal, &mut findings).await;
    output::print(findings.text.as_bytes())?;
    match findings.n_problems {
        0 => Ok(()),
        1 => Err(anyhow::anyhow!("1 problem was found")),
        n => Err(anyhow::anyhow!("{n} problems were found")),
    }
}

/// A setting that can't be used ends the check, as it would end `serve`.
fn check_configuration(args: &Args, findings: &mut Findings) -> anyhow::Result<()> {
    match args.keys.secrets()?.len() {
        0 => findings.note(
            "no webhook secrets are set; `serve` needs them: set TRIBUTARY_WEBHOOK_SECRETS, or give \
             --secrets-file FILE",
        ),
        1 => findings.fine("1 webhook secret can be used"),
        n => findings.fine(&format!("{n} webhook secrets can be used")),
    }
    if let Some(file) = &args.tokens_file {
        let tokens = config::tokens(file)?;
        let now_ms = SystemClock::new().now_ms();
        for token in tokens.all().iter().filter(|token| token.has_ended(now_ms)) {
            let name = &token.access().name;
            findings.note(&format!("token `{name}` has expired; nobody can use it"));
        }
        let n_tokens = tokens.all().len() as u64;
        findings.fine(&format!("{} can be read", counted(n_tokens, "token")));
    }
    for file in [&args.keys.secrets_file, &args.tokens_file].into_iter().flatten() {
        if config::is_open_to_all(file) {
            let file = file.display();
            findings.note(&format!("{file}: everyone on this machine can read it; chmod 600 it"));
        }
    }
    Ok(())
}

fn check_journal(args: &journal::Args, findings: &mut Findings) {
    let root = &args.journal;
    let name = root.display();
    if !root.join("segments").is_dir() {
        findings.note(&format!("journal {name}: is not there yet; `serve` or `import` makes it"));
        return;
    }
    check_room(root, args, findings);
    let listed = load_checkpoint(root).and_then(|at| Ok((at, list_sequences(root)?)));
    let (checkpoint, sequences) = match listed {
        Ok(listed) => listed,
        Err(error) => return findings.problem(&error.to_string()),
    };
    let mut n_records = 0;
    let mut n_problems = 0;
    for sequence in sequences.iter().filter(|sequence| **sequence > checkpoint) {
        let read = read_segment(&segment_path(root, *sequence));
        // A running `serve` may have brought it into the lake meanwhile, and be removing it.
        if load_checkpoint(root).is_ok_and(|checkpoint| *sequence <= checkpoint) {
            continue;
        }
        match read {
            Ok((n, damage)) => {
                n_records += n;
                n_problems += damage.len();
                damage.iter().for_each(|line| findings.problem(line));
            }
            Err(error) => {
                n_problems += 1;
                findings.problem(&error.to_string());
            }
        }
    }
    let damaged = root.join("damaged").read_dir().map_or(0, Iterator::count);
    if damaged > 0 {
        n_problems += 1;
        let line = format!(
            "journal {name}: {} of unreadable bytes in damaged/; keep what is there elsewhere, \
             and ask the sender for what it held",
            counted(damaged as u64, "file")
        );
        findings.problem(&line);
    }
    if n_problems == 0 {
        findings
            .fine(&format!("journal {name}: {} not in the lake yet", counted(n_records, "event")));
    }
}

/// Compares what the journal may grow to with what its disk has left.
fn check_room(root: &Path, args: &journal::Args, findings: &mut Findings) {
    let name = root.display();
    let free = match disk::free_bytes(root) {
        Ok(free) => free,
        Err(error) => return findings.problem(&format!("journal {name}: {error}")),
    };
    let size = |bytes| ByteSize(bytes).display().iec().to_string();
    if free < args.min_free_disk {
        return findings.problem(&format!(
            "journal {name}: its disk has {} free, and nothing is taken below --min-free-disk {}; \
             make room",
            size(free),
            size(args.min_free_disk)
        ));
    }
    if free < args.journal_bytes {
        findings.note(&format!(
            "journal {name}: its disk has {} free, less than --journal-bytes {}; webhooks are \
             refused when it is full",
            size(free),
            size(args.journal_bytes)
        ));
    }
}

/// Counts a segment's records, and describes what can't be read.
fn read_segment(
    path: &Path,
) -> Result<(u64, Vec<String>), tributary_ingest::journal::JournalError> {
    let mut reader = SegmentReader::open(path)?;
    let (mut n_records, mut damage) = (0, vec![]);
    while let Some(piece) = reader.next_piece()? {
        match piece {
            Piece::Record { .. } => n_records += 1,
            Piece::Damage { offset, length } => {
                let path = path.display();
                damage.push(format!(
                    "journal {path}: {length} bytes at {offset} are damaged; `serve` sets them \
                     aside and flushes the rest"
                ));
            }
        }
    }
    Ok((n_records, damage))
}

async fn check_lake(common: &Common, journal: &Path, findings: &mut Findings) {
    let place = &common.lake;
    let lake = match common.open_lake_to_read() {
        Ok(lake) => lake,
        Err(error) => return report_missing(common, journal, &error, findings),
    };
    // Where a disk is not mounted nothing is written, not even a probe.
    if bond::is_gone(journal, &lake).await {
        let location = lake.location().identity();
        return findings.problem(&LakeError::Gone { location }.to_string());
    }
    match lake.probe().await {
        Ok(()) => findings.fine(&format!("lake {place}: can be written, keys are created once")),
        Err(error) => return findings.problem(&format!("lake {place}: {error}")),
    }
    bond::check(journal, &lake, findings).await;
    let now_ms = SystemClock::new().now_ms();
    for table in TABLES {
        check_table(&lake, table, now_ms, findings).await;
    }
    match lake.behind().await {
        Ok(ingesters) => ingesters.iter().for_each(|ingester| {
            findings.note(&format!(
                "events of ingester {ingester} wait in its journal for a table that it could not \
                 write; `serve` brings them in when it can, or `recover --journal DIR`"
            ));
        }),
        Err(error) => findings.problem(&format!("lake {place}: {error}")),
    }
    match count_by_reason(&lake).await {
        Ok(counts) => counts.iter().for_each(|(reason, n)| {
            let remedy = match reason.as_str() {
                ID_CONFLICT => "the sender gave one id to two bodies".to_owned(),
                reason => format!("after an upgrade `replay --reason {reason}` tries them again"),
            };
            findings.note(&format!("dead letters: {n} of reason {reason}; {remedy}"));
        }),
        Err(error) => findings.problem(&format!("dead letters: {error}")),
    }
}

/// A lake that is not there is a matter of course before the first start, and only then.
fn report_missing(common: &Common, journal: &Path, error: &anyhow::Error, findings: &mut Findings) {
    let standing = standing(journal, &common.lake.identity());
    if standing.is_ok_and(|standing| standing.knows_lake) {
        let location = common.lake.identity();
        return findings.problem(&LakeError::Gone { location }.to_string());
    }
    findings.note(&error.to_string());
}

async fn check_table(
    lake: &Lake,
    table: &'static tributary_ingest::schema::Table,
    now_ms: i64,
    findings: &mut Findings,
) {
    let name = table.name;
    let told = check_features(lake, table, findings).await;
    let audit = match audit::audit(lake, table, now_ms).await {
        Ok(Some(audit)) => audit,
        Ok(None) => return check_missing(lake, table, findings).await,
        Err(LakeError::Blocked { block, .. }) if told.contains(&block.feature) => return,
        Err(error @ LakeError::Blocked { .. }) => return findings.problem(&error.to_string()),
        Err(error) => return findings.problem(&format!("table {name}: {error}")),
    };
    for problem in &audit.problems {
        findings.problem(&format!("table {name}: {problem}"));
    }
    let n_to_come = audit.n_orphans - audit.n_leftover;
    if n_to_come > 0 {
        findings.note(&format!(
            "table {name}: {} of no version yet",
            counted(n_to_come as u64, "file")
        ));
    }
    if audit.n_leftover > 0 {
        let files = counted(audit.n_leftover as u64, "replaced file");
        let line = format!("table {name}: {files} left; run `compact`");
        findings.note(&line);
    }
    if audit.n_waiting > 0 {
        let files = counted(audit.n_waiting as u64, "compacted file");
        let line = format!("table {name}: {files} kept for readers; run `compact`");
        findings.note(&line);
    }
    if audit.problems.is_empty() {
        findings.fine(&format!("table {name}: {}", sizes(&audit)));
    }
    if audit.n_entries > LONG_LOG {
        let n = audit.n_entries;
        let line = format!("table {name}: its log has {n} entries to read; `compact` shortens it");
        findings.note(&line);
    }
}

/// Tells a table that is still to come from one that somebody took away.
async fn check_missing(
    lake: &Lake,
    table: &'static tributary_ingest::schema::Table,
    findings: &mut Findings,
) {
    let name = table.name;
    let is_event_table = event_tables().iter().any(|known| known.name == name);
    let bodies = lake.table(&raw_events::TABLE).await;
    if is_event_table && matches!(bodies, Ok(Some(_))) {
        return findings.problem(&format!(
            "table {name}: is not there, but raw_events is: was its folder deleted? put it back, \
             or restart `serve`, which begins it anew, and run `replay --from` for what it held"
        ));
    }
    findings.note(&format!("table {name}: is not there yet"));
}

/// Tells what other engines' features keep from being done: what `serve` needs is a problem.
/// Returns the features.
async fn check_features(
    lake: &Lake,
    table: &'static tributary_ingest::schema::Table,
    findings: &mut Findings,
) -> Vec<String> {
    // Where the log can't be read the audit says so.
    let blocks = lake.blocks(table).await.unwrap_or_default();
    let mut told: Vec<String> = vec![];
    for block in blocks {
        if told.contains(&block.feature) {
            continue;
        }
        let line = format!("table {} {block}", table.name);
        match block.operation {
            Operation::Read | Operation::Append => findings.problem(&line),
            Operation::Compact | Operation::Expire | Operation::Erase => findings.note(&line),
        }
        told.push(block.feature);
    }
    told
}

/// Tells rows, files, bytes, and where the most files are.
fn sizes(audit: &Audit) -> String {
    let size = ByteSize(audit.n_bytes).display().si();
    let mut text = format!(
        "{} in {}, {size}",
        counted(audit.n_rows, "row"),
        counted(audit.n_files as u64, "file")
    );
    if let Some((date, n_files)) = audit.fullest.filter(|(_, n_files)| *n_files > FILES_NOTED) {
        text.push_str(&format!("; {n_files} on {}, `compact` merges them", files::day(date)));
    }
    text
}
