//! How executors reach the lake's store: what travels with a query. Credentials do not.

use std::any::Any;

use datafusion::common::{Result, config_err};
use datafusion::config::{ConfigEntry, ConfigExtension, ExtensionOptions};

use tributary_lake::Address;

/// Settings of stock executors for S3, under the names that these know.
#[derive(Debug, Clone, Default)]
pub(super) struct StoreSettings(Vec<(&'static str, String)>);

impl StoreSettings {
    /// Returns the settings for a lake; none if executors need none.
    pub(super) fn of(address: &Address) -> Self {
        let settings = [
            ("endpoint", &address.endpoint),
            ("region", &address.region),
            ("allow_http", &address.allow_http),
        ];
        Self(
            settings.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect(),
        )
    }
}

impl ConfigExtension for StoreSettings {
    const PREFIX: &'static str = "s3";
}

impl ExtensionOptions for StoreSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        config_err!("{key} comes from the environment")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let entry = |(name, value): &(&str, String)| ConfigEntry {
            key: format!("{}.{name}", Self::PREFIX),
            value: Some(value.clone()),
            description: "",
        };
        self.0.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionConfig;

    use super::*;

    #[test]
    fn a_session_sends_what_is_set_and_nothing_else_about_the_store() {
        let address = Address {
            store: "s3://bucket".to_owned(),
            root: "lake".into(),
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            region: None,
            allow_http: Some("true".to_owned()),
        };
        let config = SessionConfig::new().with_option_extension(StoreSettings::of(&address));
        let mut sent: Vec<String> = config
            .options()
            .entries()
            .into_iter()
            .filter(|entry| entry.key.starts_with("s3."))
            .map(|entry| format!("{}={}", entry.key, entry.value.unwrap_or_default()))
            .collect();
        sent.sort();
        assert_eq!(sent, ["s3.allow_http=true", "s3.endpoint=http://127.0.0.1:9000"]);
    }
}
