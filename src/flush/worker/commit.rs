//! Committing a segment's files: each table names them in one step.

use futures::stream::{self, StreamExt as _};
use tracing::Instrument as _;

use super::held::Rest;
use super::{Worker, Written};
use crate::flush::FlushError;
use crate::telemetry::traces;
use tributary_ingest::failpoint;
use tributary_ingest::flatten::raw_events;
use tributary_ingest::journal::SealedSegment;
use tributary_lake::table::NewFile;
use tributary_lake::{LakeError, LakeTable, sweep};

/// Tables that are committed at the same time. Each waits on a thread for another that reads, so
/// they must not take all that the program has for blocking.
const COMMITS_MAX: usize = 8;

impl Worker {
    /// Commits the files of all tables that can be written; tells what became of the others.
    pub(super) async fn commit_all(
        &self,
        segment: &SealedSegment,
        mut written: Written,
        mut is_held: bool,
    ) -> Result<Rest, FlushError> {
        let mut is_marked = false;
        // `raw_events` comes last: who finds an event there finds its rows in all other tables.
        for is_raw in [false, true] {
            if is_raw && is_held && written.contains_key(raw_events::TABLE.name) {
                self.mark().await?;
                is_marked = true;
            }
            let mut commits = vec![];
            for table in &self.tables {
                let name = table.definition().name;
                if (name == raw_events::TABLE.name) != is_raw {
                    continue;
                }
                let Some(mut files) = written.remove(name) else { continue };
                if self.blocks.has(name) {
                    // Found out while these were put; and an earlier segment comes first.
                    self.drop_files(table, &files).await?;
                    is_held = true;
                    continue;
                }
                files.sort_by(|left, right| left.file.path.cmp(&right.file.path));
                commits.push(self.commit_table(segment, table, files));
            }
            let mut commits = stream::iter(commits).buffer_unordered(COMMITS_MAX);
            let mut first_error = None;
            while let Some((table, files, done)) = commits.next().await {
                let name = table.definition().name;
                match done {
                    Ok(is_new) => {
                        self.committed().insert(name, segment.sequence);
                        if is_new {
                            self.count(name, &files);
                        }
                    }
                    Err(error) if error.is_block() => {
                        self.note_block(table, error)?;
                        self.drop_files(table, &files).await?;
                        is_held = true;
                    }
                    Err(error) => first_error = first_error.or(Some(error)),
                }
            }
            if let Some(error) = first_error {
                return Err(error.into());
            }
        }
        Ok(Rest { is_held, is_marked })
    }

    /// Commits a table's files; returns them with what became of that.
    async fn commit_table<'t>(
        &self,
        segment: &SealedSegment,
        table: &'t LakeTable,
        files: Vec<NewFile>,
    ) -> (&'t LakeTable, Vec<NewFile>, Result<bool, LakeError>) {
        let name = table.definition().name;
        let n_files = traces::number(files.len() as u64);
        let span = tracing::info_span!(target: traces::PART, "commit", table = name, n_files);
        let commit = async {
            failpoint::pass("flush_before_commit");
            let started = self.clock.elapsed();
            let ingester = self.journal.directory().ingester();
            let done = table.commit(&files, ingester, segment.sequence).await;
            let seconds = (self.clock.elapsed() - started).as_secs_f64();
            self.metrics.commit_seconds.observe(seconds);
            failpoint::pass("flush_after_commit");
            done
        };
        let done = commit.instrument(span).await;
        (table, files, done)
    }

    /// Removes files that were put and that no version will name: who reads plain files is not to
    /// see rows that the table does not allow.
    async fn drop_files(&self, table: &LakeTable, files: &[NewFile]) -> Result<(), FlushError> {
        let paths = files.iter().map(|new| new.file.path.as_str());
        Ok(sweep::delete(&self.lake, table, paths).await?)
    }

    fn count(&self, table: &'static str, files: &[NewFile]) {
        let n_rows = files.iter().filter_map(|new| new.file.n_rows).sum();
        self.metrics.rows.with_label_values(&[table]).inc_by(n_rows);
        self.metrics.files.with_label_values(&[table]).inc_by(files.len() as u64);
        self.metrics.file_bytes.inc_by(files.iter().map(|new| new.file.size).sum());
    }
}
