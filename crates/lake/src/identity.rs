//! A lake's identity: what tells it from every other, wherever it is moved to.
//!
//! A UUID, drawn when the lake is made. It stands in the mark of the format; a lake that has such
//! a mark without one, of 0.1.0, gets it in an object beside, because not every store can replace
//! an object only if it is still the same. Both are created if they are not there, never changed,
//! so that of two programs that draw one, one's is the lake's for good.
//!
//! ```text
//! LAKE/_tributary/format.json     {"format": 1, "id": "…", …}
//! LAKE/_tributary/id.json         {"id": "…"}, if that one has none
//! ```

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions};
use serde_json::{Value, json};

use super::evolve::MARK;
use super::{Lake, LakeError};

const BESIDE: &str = "_tributary/id.json";

impl Lake {
    /// Reads the lake's identity; `None` if it has none yet.
    ///
    /// # Errors
    /// The store's error.
    pub async fn id(&self) -> Result<Option<String>, LakeError> {
        let mark = self.small(MARK).await?;
        if let Some(id) = mark.as_ref().and_then(id_of) {
            return Ok(Some(id));
        }
        Ok(self.small(BESIDE).await?.as_ref().and_then(id_of))
    }

    /// Gives the lake an identity, unless it has one, and returns it.
    ///
    /// # Errors
    /// The store's error.
    pub async fn claim(&self) -> Result<String, LakeError> {
        self.note_format().await?;
        if let Some(id) = self.id().await? {
            return Ok(id);
        }
        let own = json!({ "id": uuid::Uuid::new_v4().to_string() });
        self.create_small(BESIDE, &own).await?;
        let found = self.id().await?;
        found.ok_or_else(|| LakeError::Format {
            location: self.location().to_string(),
            format: None,
        })
    }

    /// Whether nothing of a lake is here: no mark, no identity and no table.
    ///
    /// # Errors
    /// The store's error.
    pub async fn is_vacant(&self) -> Result<bool, LakeError> {
        if self.small(MARK).await?.is_some() || self.small(BESIDE).await?.is_some() {
            return Ok(false);
        }
        let root = Path::default();
        let listed = self.store().list_with_delimiter(None).await;
        for folder in
            listed.map_err(|error| LakeError::store("list", &root, error))?.common_prefixes
        {
            let listed = self.store().list_with_delimiter(Some(&folder)).await;
            let listed = listed.map_err(|error| LakeError::store("list", &folder, error))?;
            if listed.common_prefixes.iter().any(|path| path.filename() == Some("_delta_log")) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a small object of JSON; one that is none reads as null.
    async fn small(&self, key: &str) -> Result<Option<Value>, LakeError> {
        let key = Path::from(key);
        let failed = |error| LakeError::store("get", &key, error);
        match self.store().get(&key).await {
            Ok(found) => {
                let bytes = found.bytes().await.map_err(failed)?;
                Ok(Some(serde_json::from_slice(&bytes).unwrap_or_default()))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Creates a small object of JSON, unless it is there.
    pub(super) async fn create_small(&self, key: &str, value: &Value) -> Result<(), LakeError> {
        let key = Path::from(key);
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store().put_opts(&key, Bytes::from(format!("{value}\n")).into(), create).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(LakeError::store("put", &key, error)),
        }
    }
}

fn id_of(mark: &Value) -> Option<String> {
    let id = mark.get("id")?.as_str()?;
    uuid::Uuid::try_parse(id).ok().map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::Location;
    use super::*;

    async fn lake() -> (tempfile::TempDir, Lake) {
        let folder = tempfile::TempDir::new().unwrap();
        let lake = Lake::open(&Location::Folder(folder.path().join("lake")), &[]).unwrap();
        (folder, lake)
    }

    #[tokio::test]
    async fn a_lake_has_one_identity_whoever_asks_first() {
        let (_folder, lake) = lake().await;
        assert_eq!(lake.id().await.unwrap(), None);
        assert!(lake.is_vacant().await.unwrap());
        let (first, second) = tokio::join!(lake.claim(), lake.claim());
        assert_eq!(first.unwrap(), second.unwrap());
        assert_eq!(lake.id().await.unwrap(), Some(lake.claim().await.unwrap()));
        assert!(!lake.is_vacant().await.unwrap());
        lake.check_format().await.unwrap();
    }

    #[tokio::test]
    async fn a_lake_of_the_first_release_gets_one_beside_its_mark() {
        let (_folder, lake) = lake().await;
        let old = json!({ "format": 1, "created_by": "tributary 0.1.0" });
        lake.create_small(MARK, &old).await.unwrap();
        assert_eq!(lake.id().await.unwrap(), None);
        let id = lake.claim().await.unwrap();
        assert_eq!(lake.claim().await.unwrap(), id);
        assert_eq!(lake.small(MARK).await.unwrap(), Some(old));
        assert_eq!(lake.small(BESIDE).await.unwrap(), Some(json!({ "id": id })));
    }

    #[tokio::test]
    async fn tables_alone_make_a_lake_and_probes_do_not() {
        let (folder, lake) = lake().await;
        lake.probe().await.unwrap();
        std::fs::create_dir_all(folder.path().join("lake/lost+found")).unwrap();
        assert!(lake.is_vacant().await.unwrap());
        let log = folder.path().join("lake/sessions/_delta_log");
        std::fs::create_dir_all(&log).unwrap();
        std::fs::write(log.join("00000000000000000000.json"), "{}").unwrap();
        assert!(!lake.is_vacant().await.unwrap());
    }
}
