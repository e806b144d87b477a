//! Opening an object store, and what is said when nobody gave credentials for it.
//!
//! Without credentials the library asks the cloud's metadata service, which only a machine of that
//! cloud has. Elsewhere that fails with the address of a service that nobody heard of. So the
//! library's own provider is asked through one of ours, which says instead what is missing; on a
//! machine of the cloud it goes on to work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{CredentialProvider, Error, ObjectStore, ObjectStoreScheme, Result};
use url::Url;

/// How long a metadata service, which is on the same machine or beside it, may take.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

/// No credentials for a store: neither the settings nor this machine have any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no {cloud} credentials found; set {variables} (this machine's metadata service gives none \
     either)"
)]
pub struct NoCredentials {
    cloud: &'static str,
    variables: &'static str,
}

const AWS: NoCredentials = NoCredentials {
    cloud: "AWS",
    variables: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
};
const GOOGLE: NoCredentials = NoCredentials {
    cloud: "Google Cloud",
    variables: "GOOGLE_SERVICE_ACCOUNT to the file of a service account's key, or log in with \
                gcloud auth application-default login",
};
const AZURE: NoCredentials = NoCredentials {
    cloud: "Azure",
    variables: "AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_KEY, or AZURE_CLIENT_ID, \
                AZURE_CLIENT_SECRET and AZURE_TENANT_ID",
};

impl NoCredentials {
    /// Finds it behind an error of a store.
    #[must_use]
    pub fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(*found);
            }
            cause = error.source();
        }
        None
    }
}

/// A provider that says what is missing when the library's own fails.
struct Named<C> {
    inner: Arc<dyn CredentialProvider<Credential = C>>,
    missing: NoCredentials,
}

impl<C> fmt::Debug for Named<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("missing", &self.missing).finish_non_exhaustive()
    }
}

#[async_trait]
impl<C: fmt::Debug + Send + Sync> CredentialProvider for Named<C> {
    type Credential = C;

    async fn get_credential(&self) -> Result<Arc<C>> {
        let asked = tokio::time::timeout(METADATA_TIMEOUT, self.inner.get_credential()).await;
        match asked {
            Ok(Ok(credential)) => return Ok(credential),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the metadata service gives no credentials");
            }
            Err(_) => tracing::debug!("the metadata service does not answer"),
        }
        Err(Error::Generic { store: "credentials", source: Box::new(self.missing) })
    }
}

/// Opens the store of an address; returns it with the path in it that the address names.
///
/// # Errors
/// The store's error if its settings can't be used.
pub fn open(url: &Url, options: &[(String, String)]) -> Result<(Arc<dyn ObjectStore>, Path)> {
    let lower = options.iter().map(|(key, value)| (key.to_lowercase(), value.clone()));
    let options: Vec<(String, String)> = lower.collect();
    let (scheme, path) = ObjectStoreScheme::parse(url)?;
    let store: Arc<dyn ObjectStore> = match scheme {
        ObjectStoreScheme::AmazonS3 => s3(url, &options)?,
        ObjectStoreScheme::GoogleCloudStorage => google(url, &options)?,
        ObjectStoreScheme::MicrosoftAzure => azure(url, &options)?,
        _ => {
            let (store, path) = object_store::parse_url_opts(url, options)?;
            return Ok((store.into(), path));
        }
    };
    Ok((store, path))
}

fn s3(url: &Url, options: &[(String, String)]) -> Result<Arc<dyn ObjectStore>> {
    use AmazonS3ConfigKey as Key;
    let mut builder = AmazonS3Builder::new().with_url(url.as_str());
    for (key, value) in options {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let has = |key: Key| builder.get_config_value(&key).is_some();
    let is_given = has(Key::AccessKeyId)
        || has(Key::SecretAccessKey)
        || (has(Key::WebIdentityTokenFile) && has(Key::RoleArn))
        || has(Key::ContainerCredentialsRelativeUri)
        || has(Key::ContainerCredentialsFullUri);
    let store = builder.clone().build()?;
    if is_given {
        return Ok(Arc::new(store));
    }
    let named = Named { inner: Arc::clone(store.credentials()), missing: AWS };
    Ok(Arc::new(builder.with_credentials(Arc::new(named)).build()?))
}

fn google(url: &Url, options: &[(String, String)]) -> Result<Arc<dyn ObjectStore>> {
    use GoogleConfigKey as Key;
    let mut builder = GoogleCloudStorageBuilder::new().with_url(url.as_str());
    for (key, value) in options {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let has = |key: Key| builder.get_config_value(&key).is_some();
    let is_given =
        has(Key::ServiceAccount) || has(Key::ServiceAccountKey) || has(Key::ApplicationCredentials);
    let store = builder.clone().build()?;
    if is_given {
        return Ok(Arc::new(store));
    }
    let named = Named { inner: Arc::clone(store.credentials()), missing: GOOGLE };
    Ok(Arc::new(builder.with_credentials(Arc::new(named)).build()?))
}

fn azure(url: &Url, options: &[(String, String)]) -> Result<Arc<dyn ObjectStore>> {
    use AzureConfigKey as Key;
    let mut builder = MicrosoftAzureBuilder::new().with_url(url.as_str());
    for (key, value) in options {
        if let Ok(key) = key.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let has = |key: Key| builder.get_config_value(&key).is_some();
    let is_given = [
        Key::AccessKey,
        Key::SasKey,
        Key::Token,
        Key::ClientSecret,
        Key::FederatedTokenFile,
        Key::FabricTokenServiceUrl,
    ];
    let is_flagged = |key: Key| builder.get_config_value(&key).is_some_and(|flag| flag == "true");
    let store = builder.clone().build()?;
    if is_given.into_iter().any(has) || is_flagged(Key::UseAzureCli) || is_flagged(Key::UseEmulator)
    {
        return Ok(Arc::new(store));
    }
    let named = Named { inner: Arc::clone(store.credentials()), missing: AZURE };
    Ok(Arc::new(builder.with_credentials(Arc::new(named)).build()?))
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt as _;

    use super::*;

    /// Asks a store for an object; its metadata service is a port where nobody listens.
    async fn asked(url: &str, options: &[(&str, &str)]) -> Error {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let options: Vec<(String, String)> = options.iter().map(owned).collect();
        let (store, _) = open(&url.parse().unwrap(), &options).unwrap();
        store.get(&Path::from("a")).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_store_without_credentials_names_the_variables_and_no_address() {
        for (url, variable, options) in [
            (
                "s3://bucket/lake",
                "AWS_ACCESS_KEY_ID",
                [("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1"), ("AWS_REGION", "eu-west-1")],
            ),
            (
                "az://container/lake",
                "AZURE_STORAGE_ACCOUNT_KEY",
                [("AZURE_MSI_ENDPOINT", "http://127.0.0.1:1"), ("AZURE_STORAGE_ACCOUNT_NAME", "a")],
            ),
        ] {
            let error = asked(url, &options).await;
            let found = NoCredentials::behind(&error).unwrap().to_string();
            assert!(found.starts_with("no ") && found.contains(variable), "{found}");
            assert!(!error.to_string().contains("127.0.0.1"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_store_with_credentials_fails_by_its_own_words() {
        let options = [
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT", "http://127.0.0.1:1"),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        let error = asked("s3://bucket/lake", &options).await;
        assert_eq!(NoCredentials::behind(&error), None, "{error}");
    }
}
