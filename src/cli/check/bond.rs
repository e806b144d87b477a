//! Whether the lake is the one that the journal knows, and has what the journal brought to it.

use std::path::Path;

use super::Findings;
use tributary_ingest::flatten::TABLES;
use tributary_ingest::journal::JournalError;
use tributary_ingest::journal::bond::{self, Bond};
use tributary_ingest::journal::layout::{load_checkpoint, load_ingester};
use tributary_lake::{Lake, LakeError};

/// What a journal says of a lake, read without its lock.
struct Known {
    bond: Bond,
    ingester: Option<String>,
    checkpoint: u64,
    elsewhere: Option<String>,
}

/// Tells whether nothing is left of a lake that the journal has brought events to.
pub(super) async fn is_gone(root: &Path, lake: &Lake) -> bool {
    let standing = bond::standing(root, &lake.location().identity());
    let is_known = standing.is_ok_and(|standing| standing.knows_lake);
    // A lake that can't be asked is told by what comes next.
    is_known && lake.is_vacant().await.unwrap_or(false)
}

/// Compares journal and lake; a `serve` that runs may go on meanwhile.
pub(super) async fn check(root: &Path, lake: &Lake, findings: &mut Findings) {
    if !root.join("segments").is_dir() {
        return;
    }
    // The journal comes first: what it brings to the lake meanwhile is no finding.
    let known = match load(root, &lake.location().identity()) {
        Ok(known) => known,
        Err(error) => return findings.problem(&error.to_string()),
    };
    let journal = root.display();
    if let Some(elsewhere) = known.elsewhere {
        let line = format!("journal {journal}: is for the lake {elsewhere}");
        return findings.note(&line);
    }
    let found = match lake.id().await {
        Ok(found) => found,
        Err(error) => return findings.problem(&format!("lake {}: {error}", lake.location())),
    };
    let location = lake.location().identity();
    if known.bond.lake.is_some() && known.bond.lake != found {
        return findings.problem(&LakeError::Another { location }.to_string());
    }
    let Some(ingester) = &known.ingester else { return };
    match behind(&known, ingester, lake).await {
        Ok(Some((first, last))) => findings.problem(&format!(
            "lake {location}: does not have segments {first} to {last}, which journal {journal} \
             brought to it; was it restored from an older copy? `serve` and `import` take their \
             events again when they are sent or imported again"
        )),
        Ok(None) => known.bond.missing.iter().for_each(|(first, last)| {
            findings.note(&format!(
                "lake {location}: segments {first} to {last} of journal {journal} were missing in \
                 it once; their events are taken when they are sent or imported again"
            ));
        }),
        Err(error) => findings.problem(&format!("lake {location}: {error}")),
    }
}

fn load(root: &Path, address: &str) -> Result<Known, JournalError> {
    let standing = bond::standing(root, address)?;
    Ok(Known {
        bond: Bond::load(root, address)?,
        ingester: load_ingester(root)?,
        checkpoint: load_checkpoint(root)?,
        elsewhere: bond::load_address(root)?.filter(|_| standing.is_elsewhere),
    })
}

/// Returns the first and the last segment that no table has, although it was brought to them.
async fn behind(
    known: &Known,
    ingester: &str,
    lake: &Lake,
) -> Result<Option<(u64, u64)>, LakeError> {
    if known.bond.lake.is_none() || known.bond.ingester != ingester {
        return Ok(None);
    }
    let mut committed = None;
    for table in TABLES {
        if let Some(table) = lake.table(table).await? {
            committed = committed.max(table.committed(ingester).await?);
        }
    }
    Ok(known.bond.behind(committed, known.checkpoint))
}
