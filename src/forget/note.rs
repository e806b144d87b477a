//! Notes of what is to go, kept in the lake until it has gone: `LAKE/_tributary/forget/<id>.json`.
//!
//! They hold hashes of ids, 32 hexadecimal digits each, and nothing that anybody could read.

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde_json::{Value, json};

use super::find::Marks;
use tributary_lake::scan::Keys;
use tributary_lake::{Lake, LakeError};

const FOLDER: &str = "_tributary/forget";

/// Writes a note; returns its key.
pub(super) async fn put(lake: &Lake, marks: &Marks) -> Result<Path, LakeError> {
    let key = Path::from(format!("{FOLDER}/{}.json", uuid::Uuid::new_v4().simple()));
    let list = |keys: &Keys| keys.iter().map(|key| format!("{key:032x}")).collect::<Vec<_>>();
    let note = json!({
        "events": list(&marks.events),
        "sessions": list(&marks.sessions),
        "visitors": list(&marks.visitors),
    });
    let put = lake.store().put(&key, Bytes::from(note.to_string()).into()).await;
    put.map_err(|error| LakeError::store("put", &key, error))?;
    Ok(key)
}

/// Reads the notes that earlier runs left.
pub(super) async fn find(lake: &Lake) -> Result<Vec<(Path, Marks)>, LakeError> {
    let prefix = Path::from(FOLDER);
    let failed = |error| LakeError::store("list", &prefix, error);
    let listed: Vec<_> = lake.store().list(Some(&prefix)).try_collect().await.map_err(failed)?;
    let mut notes = vec![];
    for key in listed.into_iter().map(|object| object.location) {
        let failed = |error| LakeError::store("get", &key, error);
        let bytes = lake.store().get(&key).await.map_err(failed)?.bytes().await.map_err(failed)?;
        let note: Value = serde_json::from_slice(&bytes).map_err(|error| {
            LakeError::Unreadable { key: key.to_string(), reason: error.to_string() }
        })?;
        let marks = Marks {
            events: keys(&note["events"]),
            sessions: keys(&note["sessions"]),
            visitors: keys(&note["visitors"]),
        };
        notes.push((key, marks));
    }
    Ok(notes)
}

/// Removes a note whose rows have gone.
pub(super) async fn remove(lake: &Lake, key: &Path) -> Result<(), LakeError> {
    match lake.store().delete(key).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(LakeError::store("delete", key, error)),
    }
}

fn keys(list: &Value) -> Keys {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| u128::from_str_radix(text, 16).ok()).collect()
}
