//! Where a lake is: a folder, or an object store's address.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use url::Url;

use super::LakeError;
use super::durable::DurableLocalStore;
use super::entry_cache::EntryCache;
use super::remote;

/// Schemes of object stores that a lake can be in.
const SCHEMES: [&str; 10] =
    ["s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl", "https", "http"];

/// Links that are followed one after another, as the system does.
const LINKS_MAX: usize = 40;

/// The address of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// An object store's bucket or container, and a prefix in it.
    Remote(Url),
}

impl FromStr for Location {
    type Err = LakeError;

    fn from_str(text: &str) -> Result<Self, LakeError> {
        let refuse = |reason: String| LakeError::Location { location: text.to_owned(), reason };
        if text.trim().is_empty() {
            return Err(refuse("is empty; give a path or an s3://, gs:// or az:// URL".to_owned()));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Folder(PathBuf::from(text)));
        };
        let is_remote = SCHEMES.contains(&scheme);
        if is_remote && (rest.is_empty() || rest.starts_with('/')) {
            return Err(refuse(format!("has no bucket; write {scheme}://BUCKET/PREFIX")));
        }
        let url = Url::parse(text).map_err(|error| refuse(error.to_string()))?;
        if is_remote {
            return Self::remote(url);
        }
        if scheme == "file" {
            let path = url.to_file_path().map_err(|()| refuse("is no path here".to_owned()))?;
            return Ok(Self::Folder(path));
        }
        Err(refuse(format!("scheme `{scheme}` is not known; use a path, s3://, gs:// or az://")))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Remote(url) => f.write_str(url.as_str().trim_end_matches('/')),
        }
    }
}

impl Location {
    /// Returns the folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) => Some(path),
            Self::Remote(_) => None,
        }
    }

    /// Takes the address of an object store. One with a password or a query is refused: the store
    /// would not look at them, and an address is shown in logs.
    fn remote(url: Url) -> Result<Self, LakeError> {
        if url.password().is_none() && url.query().is_none() && url.fragment().is_none() {
            return Ok(Self::Remote(url));
        }
        Err(LakeError::Location {
            location: format!("{}://{}/…", url.scheme(), url.host_str().unwrap_or_default()),
            reason: "takes no password, query or fragment; give credentials in the environment, \
                     such as AWS_SECRET_ACCESS_KEY"
                .to_owned(),
        })
    }

    /// Returns what tells this lake from another, however the user wrote its address.
    #[must_use]
    pub fn identity(&self) -> String {
        match self {
            Self::Folder(path) => resolved(path, LINKS_MAX).display().to_string(),
            Self::Remote(_) => self.to_string(),
        }
    }

    /// Opens the store whose root is this location; a folder is created.
    pub(super) fn store(
        &self,
        options: &[(String, String)],
    ) -> Result<Arc<dyn ObjectStore>, LakeError> {
        let refuse = |error: object_store::Error| LakeError::Location {
            location: self.to_string(),
            reason: error.to_string(),
        };
        match self {
            Self::Folder(path) => {
                // The system's own words say it all.
                let refuse = |error: io::Error| LakeError::Location {
                    location: self.to_string(),
                    reason: format!("can't be used: {error}"),
                };
                Ok(Arc::new(DurableLocalStore::new(path).map_err(refuse)?))
            }
            Self::Remote(url) => {
                let (store, prefix) = remote::open(url, options).map_err(refuse)?;
                let store = Arc::new(PrefixStore::new(store, prefix));
                Ok(Arc::new(EntryCache::new(store)))
            }
        }
    }
}

/// Returns a folder's path without links, also where the folder itself is not there just now.
fn resolved(path: &Path, links_max: usize) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(whole) = std::fs::canonicalize(&path) {
        return whole;
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return path };
    match std::fs::read_link(&path) {
        Ok(target) if links_max > 0 => resolved(&parent.join(target), links_max - 1),
        _ => resolved(parent, links_max).join(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_are_told_apart() {
        assert_eq!("./lake".parse::<Location>().unwrap().folder(), Some(Path::new("./lake")));
        let file: Location = "file:///var/lake".parse().unwrap();
        assert_eq!(file.folder(), Some(Path::new("/var/lake")));
        for text in ["s3://bucket/a/b", "gs://bucket", "az://container/x"] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_just_now_keeps_its_name() {
        let place = tempfile::TempDir::new().unwrap();
        let real = place.path().join("disk/a/lake");
        std::fs::create_dir_all(&real).unwrap();
        std::os::unix::fs::symlink(place.path().join("disk"), place.path().join("linked")).unwrap();
        std::os::unix::fs::symlink("linked/a/lake", place.path().join("lake")).unwrap();
        let names = ["disk/a/lake", "linked/a/lake", "lake"].map(|name| place.path().join(name));
        let identities = || names.clone().map(|name| Location::Folder(name).identity());
        let before = identities();
        assert_eq!(before[0], before[1]);
        assert_eq!(before[0], before[2]);
        std::fs::remove_dir(&real).unwrap();
        assert_eq!(identities(), before);
        std::fs::remove_dir(place.path().join("disk/a")).unwrap();
        assert_eq!(identities(), before);
    }

    #[test]
    fn an_address_with_credentials_is_refused_without_repeating_them() {
        for text in [
            "s3://key:hidden@bucket/a",
            "https://account.blob.core.windows.net/container?sv=1&sig=hidden",
            "gs://bucket/a#hidden",
        ] {
            let error = text.parse::<Location>().unwrap_err().to_string();
            assert!(error.contains("environment") && !error.contains("hidden"), "{error}");
        }
        let azure = "abfss://container@account.dfs.core.windows.net/a";
        assert_eq!(azure.parse::<Location>().unwrap().to_string(), azure);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_in_the_systems_words_once() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Location::Folder(file.join("lake")).store(&[]).unwrap_err().to_string();
        let place = folder.path().display();
        assert_eq!(
            error,
            format!(
                "lake location `{place}/file/lake`: can't be used: create folder {place}/file: a \
                 file is in the way"
            )
        );
    }

    #[test]
    fn a_wrong_address_names_itself() {
        for text in ["", "ftp://host/x", "s3://", "s3:///x", "gs://"] {
            let error = text.parse::<Location>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
