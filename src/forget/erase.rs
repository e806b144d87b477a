//! Files without marked rows in the place of those that have some.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use futures::TryStreamExt as _;
use xxhash_rust::xxh3::Xxh3;

use super::find::Marks;
use super::{Erased, Forget, ForgetError, spawned};
use crate::lake::rewrite::Rewrite;
use crate::lake::scan::scan;
use crate::lake::writer::FileWriter;
use crate::lake::{DataFile, Lake, LakeError, LakeTable, NewFile, files, sweep};
use crate::schema::Table;

/// How often a table starts over before forgetting is given up for now.
const TRIES_MAX: usize = 20;

/// Erases the marked rows of a table, and deletes the files that had some.
pub(super) async fn erase(
    forget: &Forget<'_>,
    table: &LakeTable,
    marks: &Arc<Marks>,
) -> Result<Erased, ForgetError> {
    for _ in 0..TRIES_MAX {
        match try_erase(forget, table, marks).await {
            Ok(Some(erased)) => return Ok(erased),
            // A file that is gone was another rewrite's to remove.
            Ok(None) | Err(ForgetError::Lake(LakeError::Replaced { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Err(LakeError::Contended { table: table.definition().name }.into())
}

/// Does it once; `None` if another rewrite was faster, which changes nothing.
async fn try_erase(
    forget: &Forget<'_>,
    table: &LakeTable,
    marks: &Arc<Marks>,
) -> Result<Option<Erased>, ForgetError> {
    // The turn comes first: should a rewrite come in between, ours is refused.
    let turn = table.turn().await?;
    let hits = forget.hits(table, table.files().await?, marks).await?;
    if hits.is_empty() {
        return Ok(Some(Erased::default()));
    }
    let intent = intent(table.definition(), &hits);
    let mut rewrite = Rewrite { data_change: true, at_ms: forget.now_ms, ..Rewrite::default() };
    let mut erased = Erased::default();
    for (n, (file, n_rows)) in hits.into_iter().enumerate() {
        erased.n_rows += n_rows;
        erased.n_files += 1;
        erased.bytes_before += file.size;
        if file.n_rows != Some(n_rows) {
            let path = path_of(&file, intent, turn + 1, n);
            let copy = Copy { lake: forget.lake.clone(), table: table.definition(), path };
            let (file, marks, at_ms) = (file.clone(), Arc::clone(marks), forget.now_ms);
            let new = spawned(async move { copy.run(&file, &marks, at_ms).await }).await?;
            if let Some(new) = new {
                erased.n_files_new += 1;
                erased.bytes_after += new.file.size;
                rewrite.added.push(new);
            }
        }
        rewrite.removed.push(file);
    }
    if !table.rewrite(turn, &rewrite).await? {
        return Ok(None);
    }
    let paths = rewrite.removed.iter().map(|file| file.path.as_str());
    sweep::delete(forget.lake, table, paths).await?;
    Ok(Some(erased))
}

/// What a compaction made is as good without some of its rows.
fn path_of(file: &DataFile, intent: u64, turn: u64, n: usize) -> String {
    if files::is_compacted(&file.path) {
        files::compacted_file(file.date, intent, turn, n)
    } else {
        files::rewritten_file(file.date, intent, turn, n)
    }
}

/// Returns what tells this piece of work apart from any other of the same turn.
fn intent(table: &Table, hits: &[(DataFile, u64)]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    hash.update(table.name.as_bytes());
    for (file, n_rows) in hits {
        hash.update(file.path.as_bytes());
        hash.update(&n_rows.to_le_bytes());
    }
    hash.digest()
}

/// Counts the marked rows of a file.
pub(super) async fn n_marked(
    lake: &Lake,
    table: &'static Table,
    file: &DataFile,
    marks: &Marks,
) -> Result<u64, LakeError> {
    let positions: Vec<usize> =
        marks.columns().iter().filter_map(|(name, _)| table.position(name)).collect();
    let schema = table.schema().project(&positions).expect("positions are those of columns");
    let rows = scan(lake, table, file, SchemaRef::new(schema), None).await?;
    let mut rows = std::pin::pin!(rows);
    let mut n_rows = 0;
    while let Some(batch) = rows.try_next().await? {
        n_rows += marks.of_rows(&batch).into_iter().filter(|is_marked| *is_marked).count() as u64;
    }
    Ok(n_rows)
}

/// A file that is to be written without marked rows.
struct Copy {
    lake: Lake,
    table: &'static Table,
    path: String,
}

impl Copy {
    /// Copies the other rows; `None` if there are none.
    async fn run(
        self,
        file: &DataFile,
        marks: &Marks,
        at_ms: i64,
    ) -> Result<Option<NewFile>, LakeError> {
        let rows = scan(&self.lake, self.table, file, self.table.schema(), None).await?;
        let mut rows = std::pin::pin!(rows);
        let n_rows_max = usize::try_from(file.n_rows.unwrap_or(0)).unwrap_or(usize::MAX);
        let mut writer: Option<FileWriter> = None;
        while let Some(batch) = rows.try_next().await? {
            let mask = marks.of_rows(&batch).into_iter().map(|is_marked| Some(!is_marked));
            let mask: BooleanArray = mask.collect();
            let kept = filter_record_batch(&batch, &mask).map_err(|error| {
                LakeError::Unreadable { key: file.path.clone(), reason: error.to_string() }
            })?;
            if kept.num_rows() == 0 {
                continue;
            }
            let open = match &mut writer {
                Some(open) => open,
                None => {
                    let place = (self.path.clone(), file.date);
                    let made =
                        FileWriter::create(&self.lake, self.table, place, n_rows_max, "forget");
                    writer.insert(made?)
                }
            };
            open.write(&kept).await?;
            tokio::task::yield_now().await;
        }
        match writer {
            Some(writer) => Ok(Some(writer.finish(at_ms).await?)),
            None => Ok(None),
        }
    }
}
