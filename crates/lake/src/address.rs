//! Where a lake's files are, for processes on other machines: the store's address, the key of the
//! lake in it, and what it takes to reach the store. Credentials are no part of it.

use std::path;

use object_store::ObjectStoreScheme;
use object_store::aws::AmazonS3ConfigKey;
use object_store::client::ClientConfigKey;
use object_store::path::Path;
use url::Url;

use super::{LakeError, Location};

/// The address of local files.
const LOCAL: &str = "file:///";

/// Such an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The store: `s3://BUCKET`, or `file:///` for the disks of the machine.
    pub store: String,
    /// The lake's own key there.
    pub root: Path,
    /// How the store is reached if it is not one of AWS.
    pub endpoint: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// Whether the endpoint may be without encryption.
    pub allow_http: Option<String>,
}

/// Returns a lake's address; `options` are its store's settings.
///
/// # Errors
/// [`LakeError::Location`] if it is in a store that other processes can't be told of.
pub(super) fn of(location: &Location, options: &[(String, String)]) -> Result<Address, LakeError> {
    let refuse = |reason: &str| LakeError::Location {
        location: location.to_string(),
        reason: reason.to_owned(),
    };
    match location {
        Location::Folder(folder) => {
            let root = path::absolute(folder).ok();
            let root = root.and_then(|folder| Path::from_absolute_path(folder).ok());
            let root = root.ok_or_else(|| refuse("has no absolute path"))?;
            let store = LOCAL.to_owned();
            Ok(Address { store, root, endpoint: None, region: None, allow_http: None })
        }
        Location::Remote(url) => {
            let is_s3 = ["s3", "s3a"].contains(&url.scheme());
            let (Some(bucket), true) = (url.host_str(), is_s3) else {
                return Err(refuse(
                    "can't be read by a cluster, whose executors know s3:// and paths only; use \
                     --engine local",
                ));
            };
            let (_, root) =
                ObjectStoreScheme::parse(url).map_err(|error| refuse(&error.to_string()))?;
            remote(bucket, root, options).ok_or_else(|| {
                refuse("has an endpoint with a password; give credentials in the environment")
            })
        }
    }
}

/// Returns the address of a bucket; none if its endpoint holds credentials.
fn remote(bucket: &str, root: Path, options: &[(String, String)]) -> Option<Address> {
    let store = format!("s3://{bucket}");
    let mut address = Address { store, root, endpoint: None, region: None, allow_http: None };
    for (key, value) in options {
        let place = match key.to_lowercase().parse() {
            Ok(AmazonS3ConfigKey::Endpoint) => &mut address.endpoint,
            Ok(AmazonS3ConfigKey::Region | AmazonS3ConfigKey::DefaultRegion) => &mut address.region,
            Ok(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp)) => &mut address.allow_http,
            _ => continue,
        };
        *place = Some(value.clone());
    }
    let endpoint = address.endpoint.as_deref().and_then(|text| text.parse::<Url>().ok());
    let is_open = endpoint.is_none_or(|url| url.username().is_empty() && url.password().is_none());
    is_open.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(lake: &str, options: &[(&str, &str)]) -> Result<Address, LakeError> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        of(&lake.parse().unwrap(), &options.iter().map(own).collect::<Vec<_>>())
    }

    #[test]
    fn a_bucket_is_told_apart_from_the_lake_in_it_and_secrets_stay() {
        let options = [
            ("AWS_ACCESS_KEY_ID", "hidden"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        for lake in ["s3://bucket/a/b%20c/", "s3a://bucket/a/b%20c"] {
            let found = address(lake, &options).unwrap();
            assert_eq!((found.store.as_str(), found.root.as_ref()), ("s3://bucket", "a/b c"));
            assert_eq!(found.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
            assert_eq!(found.region.as_deref(), Some("eu-west-1"));
            assert!(!format!("{found:?}").contains("hidden"));
        }
        let found = address("s3://bucket", &[]).unwrap();
        assert_eq!((found.root.as_ref(), found.region), ("", None));
    }

    #[test]
    fn a_folder_is_a_key_of_all_disks() {
        let found = address("/var/the lake", &[]).unwrap();
        assert_eq!((found.store.as_str(), found.root.as_ref()), ("file:///", "var/the lake"));
        assert!(address("./lake", &[]).unwrap().root.as_ref().ends_with("/lake"));
    }

    #[test]
    fn what_executors_can_not_read_is_refused_by_name() {
        for lake in ["gs://bucket/a", "az://container/a", "https://bucket.s3.amazonaws.com/a"] {
            let error = address(lake, &[]).unwrap_err().to_string();
            assert!(error.contains(lake) && error.contains("--engine local"), "{error}");
        }
        let endpoint = [("AWS_ENDPOINT", "http://user:hidden@host")];
        let error = address("s3://bucket/a", &endpoint).unwrap_err().to_string();
        assert!(!error.contains("hidden"), "{error}");
    }
}
