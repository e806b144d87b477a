//! Committing a segment's files: each table names them in one step.

use futures::stream::{self, StreamExt as _};
use tracing::Instrument as _;

use super::{Worker, Written};
use crate::failpoint;
use crate::flatten::raw_events;
use crate::flush::FlushError;
use crate::journal::SealedSegment;
use crate::lake::table::NewFile;
use crate::telemetry::traces;

/// Tables that are committed at the same time. Each waits on a thread for another that reads, so
/// they must not take all that the program has for blocking.
const COMMITS_MAX: usize = 8;

impl Worker {
    /// Commits the files of all tables.
    pub(super) async fn commit_all(
        &self,
        segment: &SealedSegment,
        mut written: Written,
    ) -> Result<(), FlushError> {
        let ingester = self.journal.directory().ingester();
        let (clock, metrics) = (&self.clock, &self.metrics);
        // `raw_events` comes last: who finds an event there finds its rows in all other tables.
        for is_raw in [false, true] {
            let mut commits = vec![];
            for table in &self.tables {
                let name = table.definition().name;
                if (name == raw_events::TABLE.name) == is_raw
                    && let Some(mut files) = written.remove(name)
                {
                    files.sort_by(|left, right| left.file.path.cmp(&right.file.path));
                    let n_files = traces::number(files.len() as u64);
                    let span =
                        tracing::info_span!(target: traces::PART, "commit", table = name, n_files);
                    let commit = async move {
                        failpoint::pass("flush_before_commit");
                        let started = clock.elapsed();
                        let done = table.commit(&files, ingester, segment.sequence).await;
                        let seconds = (clock.elapsed() - started).as_secs_f64();
                        metrics.commit_seconds.observe(seconds);
                        failpoint::pass("flush_after_commit");
                        (name, files, done)
                    };
                    commits.push(commit.instrument(span));
                }
            }
            let mut commits = stream::iter(commits).buffer_unordered(COMMITS_MAX);
            let mut first_error = None;
            while let Some((name, files, done)) = commits.next().await {
                match done {
                    Ok(is_new) => {
                        self.committed().insert(name, segment.sequence);
                        if is_new {
                            self.count(name, &files);
                        }
                    }
                    Err(error) => first_error = first_error.or(Some(error)),
                }
            }
            if let Some(error) = first_error {
                return Err(error.into());
            }
        }
        Ok(())
    }

    fn count(&self, table: &'static str, files: &[NewFile]) {
        let n_rows = files.iter().filter_map(|new| new.file.n_rows).sum();
        self.metrics.rows.with_label_values(&[table]).inc_by(n_rows);
        self.metrics.files.with_label_values(&[table]).inc_by(files.len() as u64);
        self.metrics.file_bytes.inc_by(files.iter().map(|new| new.file.size).sum());
    }
}
