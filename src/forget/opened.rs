//! The tables in which somebody is forgotten, and those whose log does not allow it.

use futures::TryStreamExt as _;
use object_store::ObjectStore as _;
use object_store::path::Path;

use tributary_ingest::flatten::{TABLES, raw_events, sessions};
use tributary_ingest::schema::Table;
use tributary_lake::{Lake, LakeError, LakeTable};

/// Where other engines keep what rows were before they changed them.
const CHANGES: &str = "_change_data";

/// A lake's tables.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Those whose rows may be erased.
    pub(super) tables: Vec<LakeTable>,
    /// Those that can be read only.
    pub(super) unerased: Vec<LakeTable>,
    /// Why rows can't be erased, for each table that this is so of.
    pub(super) blocked: Vec<LakeError>,
}

/// Opens those tables that are there.
pub(super) async fn open(lake: &Lake) -> Result<Opened, LakeError> {
    let mut opened = Opened::default();
    for table in TABLES {
        match erasable(lake, table).await {
            Ok(found) => opened.tables.extend(found),
            Err(error) if error.is_block() => {
                opened.blocked.push(error);
                opened.unerased.extend(readable(lake, table).await?);
            }
            Err(error) => return Err(error),
        }
    }
    // What tells who somebody is goes last, the bodies at the very end.
    opened.tables.sort_by_key(|table| match table.definition().name {
        name if name == raw_events::TABLE.name => 2,
        name if name == sessions::TABLE.name => 1,
        _ => 0,
    });
    Ok(opened)
}

async fn erasable(lake: &Lake, table: &'static Table) -> Result<Option<LakeTable>, LakeError> {
    let Some(found) = lake.table_to_erase(table).await? else { return Ok(None) };
    // Tells whether all files can be read.
    found.files().await?;
    let changes = Path::from(format!("{}/{CHANGES}", table.name));
    let first = lake.store().list(Some(&changes)).try_next().await;
    match first.map_err(|error| LakeError::store("list", &changes, error))? {
        None => Ok(Some(found)),
        Some(_) => Err(LakeError::Unsupported {
            table: table.name.to_owned(),
            reason: format!(
                "rows can't be erased whole: another engine's change data feed keeps what they \
                 were, in {changes}; set 'delta.enableChangeDataFeed' to 'false' and delete that \
                 folder"
            ),
        }),
    }
}

/// Opens a table to look through it, if that can be done.
async fn readable(lake: &Lake, table: &'static Table) -> Result<Option<LakeTable>, LakeError> {
    let found = match lake.table(table).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(None),
        Err(error) if error.is_block() => return Ok(None),
        Err(error) => return Err(error),
    };
    match found.files().await {
        Ok(_) => Ok(Some(found)),
        Err(error) if error.is_block() => Ok(None),
        Err(error) => Err(error),
    }
}
