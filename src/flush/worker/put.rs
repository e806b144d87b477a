//! Putting a segment's files into the lake, before any table names them.

use futures::stream::{FuturesUnordered, StreamExt as _};
use object_store::path::Path;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::{Worker, Written};
use crate::flush::FlushError;
use crate::flush::encode::Encoded;
use crate::flush::segment::{Outgoing, segment_name};
use crate::telemetry::traces;
use tributary_ingest::failpoint;
use tributary_ingest::journal::SealedSegment;
use tributary_ingest::schema::Table;
use tributary_lake::table::NewFile;
use tributary_lake::{DataFile, files};

/// Files that are put at the same time.
const PUTS_MAX: usize = 16;

impl Worker {
    /// Puts files as they come; returns what is to be committed, by table.
    pub(super) async fn put_all(
        &self,
        segment: &SealedSegment,
        mut receiver: mpsc::Receiver<Outgoing>,
    ) -> Result<Written, FlushError> {
        let mut written = Written::new();
        let mut puts = FuturesUnordered::new();
        let mut is_open = true;
        while is_open || !puts.is_empty() {
            tokio::select! {
                outgoing = receiver.recv(), if is_open && puts.len() < PUTS_MAX => match outgoing {
                    Some((table, encoded)) => puts.push(self.put(segment, table, encoded)),
                    None => is_open = false,
                },
                Some(done) = puts.next() => {
                    let (table, file) = done?;
                    written.entry(table).or_default().push(file);
                }
            }
        }
        Ok(written)
    }

    async fn put(
        &self,
        segment: &SealedSegment,
        table: &'static Table,
        encoded: Encoded,
    ) -> Result<(&'static str, NewFile), FlushError> {
        let ingester = self.journal.directory().ingester();
        let path = files::data_file(encoded.date, ingester, segment.sequence, encoded.n);
        let key = Path::from(format!("{}/{path}", table.name));
        let size = encoded.bytes.len() as u64;
        failpoint::pass("flush_before_put");
        let span = tracing::info_span!(
            target: traces::PART, "put", table = table.name, size = traces::number(size),
        );
        self.lake.put(&key, encoded.bytes, &segment_name(segment)).instrument(span).await?;
        failpoint::pass("flush_after_put");
        let n_rows = Some(encoded.n_rows as u64);
        let file = DataFile { path, date: encoded.date, size, n_rows };
        let written_at_ms = self.clock.now_ms();
        Ok((table.name, NewFile { file, stats: encoded.stats, written_at_ms }))
    }

    /// Removes files of this segment that an earlier process put and this one did not: it may
    /// have been of another version, or have been told of other chunks.
    pub(super) async fn remove_leftovers(
        &self,
        segment: &SealedSegment,
        written: &Written,
    ) -> Result<(), FlushError> {
        let ingester = self.journal.directory().ingester();
        for (table, files) in written {
            let kept: Vec<&str> = files.iter().map(|new| new.file.path.as_str()).collect();
            self.lake.remove_others(table, ingester, segment.sequence, &kept).await?;
        }
        Ok(())
    }
}
