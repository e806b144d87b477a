//! Marks of ingesters that have brought events into some tables and not into others yet.
//!
//! An event that stands in `raw_events` has its rows in all other tables, but for those that could
//! not be written when it came. Flattening such an event again would give it these rows, and the
//! ingester gives them too once it can. So it leaves a mark while this is so:
//!
//! ```text
//! LAKE/_tributary/behind/<ingester>      the tables, a line each
//! ```

use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::{Lake, LakeError};

const FOLDER: &str = "_tributary/behind";

fn key(ingester: &str) -> Path {
    Path::from(FOLDER).join(ingester)
}

impl Lake {
    /// Marks that some tables lack events of an ingester.
    ///
    /// # Errors
    /// The store's error.
    pub async fn mark_behind(&self, ingester: &str, tables: &[&str]) -> Result<(), LakeError> {
        let key = key(ingester);
        let put = self.store().put(&key, format!("{}\n", tables.join("\n")).into()).await;
        put.map(drop).map_err(|error| LakeError::store("put", &key, error))
    }

    /// Takes the mark away.
    ///
    /// # Errors
    /// The store's error.
    pub async fn unmark_behind(&self, ingester: &str) -> Result<(), LakeError> {
        let key = key(ingester);
        match self.store().delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(LakeError::store("delete", &key, error)),
        }
    }

    /// Whether an ingester is marked.
    ///
    /// # Errors
    /// The store's error.
    pub async fn is_behind(&self, ingester: &str) -> Result<bool, LakeError> {
        let key = key(ingester);
        match self.store().head(&key).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(LakeError::store("head", &key, error)),
        }
    }

    /// Lists the ingesters that are marked.
    ///
    /// # Errors
    /// The store's error.
    pub async fn behind(&self) -> Result<Vec<String>, LakeError> {
        let folder = Path::from(FOLDER);
        let failed = |error| LakeError::store("list", &folder, error);
        let marks: Vec<_> = self.store().list(Some(&folder)).try_collect().await.map_err(failed)?;
        let names = marks.iter().filter_map(|mark| mark.location.filename());
        Ok(names.map(str::to_owned).collect())
    }
}
