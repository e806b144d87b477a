//! The program: parse, dispatch, exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use tributary::cli::{self, Parsed, Usage};
use tributary::config::{self, ConfigError};
use tributary::load::LoadError;
use tributary::query::QueryError;
use tributary::report::ReportError;
use tributary::report::render::harmless;
use tributary::shutdown::Interrupted;
use tributary_ingest::failpoint;
use tributary_lake::LakeError;

// Many small allocations of different sizes on several threads: the system's allocator keeps
// what was freed, this one gives it back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Stack of the main thread: what reads a statement recurses as deep as the statement nests.
const STACK_BYTES: usize = 64 << 20;
/// Stack of the threads that work.
const WORKER_STACK_BYTES: usize = 16 << 20;
/// Threads that wait for disks and stores, at most: each keeps memory of its own. More than the
/// commits of a flush, each of which waits on one for what another reads.
const BLOCKING_THREADS_MAX: usize = 12;
/// How long what a signal interrupted may take to put away its files.
const INTERRUPT_GRACE: Duration = Duration::from_secs(2);
/// The work failed.
const FAILED: u8 = 1;
/// The command line, the configuration or the input is wrong.
const WRONG: u8 = 2;

fn main() -> ExitCode {
    // Where huge pages are for everyone, the allocator gives parts of them back, and the next use
    // zeroes two megabytes at a time; it took a quarter of a flush.
    _ = rustix::thread::disable_transparent_huge_pages(true);
    let running = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run);
    let ended = running.map_err(anyhow::Error::from).and_then(|running| {
        // The panic's own words are on standard error already.
        running.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the program panicked")))
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if cli::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<Interrupted>() {
                // Nobody may be listening any more.
                _ = writeln!(io::stderr(), "error: {}", harmless(&one_line(&error)));
            }
            ExitCode::from(exit_code(&error))
        }
    }
}

fn run() -> anyhow::Result<()> {
    if cfg!(debug_assertions)
        && let Some(point) = config::variable("FAILPOINTS")
    {
        failpoint::arm(&point).map_err(|fault| Usage(format!("FAILPOINTS: {fault}")))?;
    }
    match cli::parse(std::env::args_os().collect())? {
        Parsed::Print(text) => cli::print(text.as_bytes()),
        Parsed::Run(cli) => {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime
                .enable_all()
                .thread_stack_size(WORKER_STACK_BYTES)
                .max_blocking_threads(BLOCKING_THREADS_MAX)
                .build()?;
            let done = runtime.block_on(cli.run());
            if done.as_ref().is_err_and(|error| error.is::<Interrupted>()) {
                runtime.shutdown_timeout(INTERRUPT_GRACE);
            }
            done
        }
    }
}

/// Joins an error's causes, leaving out those whose words the one above has quoted.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let words: Vec<String> = cause.to_string().split_whitespace().map(str::to_owned).collect();
        let text = words.join(" ");
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

/// Tells whose fault an error is.
fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
        return interrupted.exit_code();
    }
    let is_wrong = error.chain().any(|cause| {
        cause.is::<Usage>()
            || cause.is::<ConfigError>()
            || cause.is::<ReportError>()
            || matches!(cause.downcast_ref(), Some(LoadError::Input { .. }))
            || cause.downcast_ref().is_some_and(is_wrong_lake)
            || match cause.downcast_ref() {
                Some(QueryError::Sql(_)) => true,
                Some(QueryError::Lake(error)) => is_wrong_lake(error),
                _ => false,
            }
    });
    if is_wrong { WRONG } else { FAILED }
}

fn is_wrong_lake(error: &LakeError) -> bool {
    matches!(error, LakeError::Location { .. } | LakeError::NoCredentials(_))
}
