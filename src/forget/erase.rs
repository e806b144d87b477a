//! Files without marked rows in the place of those that have some.

use std::sync::Arc;

use arrow::datatypes::Schema;
use futures::{StreamExt as _, TryStreamExt as _};
use xxhash_rust::xxh3::Xxh3;

use super::{Erased, Forget, ForgetError, n_parallel, spawned};
use tributary_ingest::schema::Table;
use tributary_lake::rewrite::Rewrite;
use tributary_lake::scan::{Filter, scan};
use tributary_lake::{DataFile, Lake, LakeError, LakeTable, NewFile, files, sweep, writer};

/// How often a table starts over before forgetting is given up for now.
const TRIES_MAX: usize = 20;

/// Erases the marked rows of a table, and deletes the files that had some.
pub(super) async fn erase(
    forget: &Forget<'_>,
    table: &LakeTable,
    marked: &Filter,
) -> Result<Erased, ForgetError> {
    for _ in 0..TRIES_MAX {
        match try_erase(forget, table, marked).await {
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
    marked: &Filter,
) -> Result<Option<Erased>, ForgetError> {
    // The turn comes first: should a rewrite come in between, ours is refused.
    let turn = table.turn().await?;
    let hits = forget.hits(table, table.files().await?, marked).await?;
    if hits.is_empty() {
        return Ok(Some(Erased::default()));
    }
    let (definition, at_ms) = (table.definition(), forget.now_ms);
    let intent = intent(definition, &hits);
    let copies = hits.iter().enumerate().filter(|(_, (file, n_rows))| file.n_rows != Some(*n_rows));
    let copies =
        copies.map(|(n, (file, _))| {
            let path = path_of(file, intent, turn + 1, n);
            let (lake, file, others) =
                (forget.lake.clone(), file.clone(), marked.clone().outside());
            let table = table.clone();
            spawned(async move {
                writer::copy(&lake, &table, &file, others, (path, "forget"), at_ms).await
            })
        });
    let copies: Vec<_> = copies.collect();
    let copies = futures::stream::iter(copies).buffered(n_parallel());
    let added: Vec<Option<NewFile>> = copies.try_collect().await?;
    let added: Vec<NewFile> = added.into_iter().flatten().collect();
    let erased = Erased {
        n_rows: hits.iter().map(|(_, n_rows)| n_rows).sum(),
        n_files: hits.len(),
        bytes_before: hits.iter().map(|(file, _)| file.size).sum(),
        n_files_new: added.len(),
        bytes_after: added.iter().map(|new| new.file.size).sum(),
    };
    let removed = hits.into_iter().map(|(file, _)| file).collect();
    let rewrite = Rewrite { removed, added, data_change: true, at_ms };
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
    marked: Filter,
) -> Result<u64, LakeError> {
    let rows = scan(lake, table, file, Arc::new(Schema::empty()), Some(marked)).await?;
    let n_rows = rows.map_ok(|batch| batch.num_rows() as u64);
    n_rows.try_fold(0, |sum, n_rows| std::future::ready(Ok(sum + n_rows))).await
}
