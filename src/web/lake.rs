//! The lake of the dashboard: opened when it is first asked for, once the ingester has reached it.

use std::sync::{Arc, OnceLock};

use super::api::ApiError;
use crate::query::QueryError;
use crate::reach::Reach;
use tributary_lake::{Lake, LakeConfig};

/// A lake that may not be there yet.
#[derive(Debug)]
pub struct LateLake {
    lake_config: LakeConfig,
    reach: Arc<Reach>,
    lake: OnceLock<Lake>,
}

impl LateLake {
    /// Names a lake, and who knows whether it can be reached.
    #[must_use]
    pub fn new(lake_config: LakeConfig, reach: Arc<Reach>) -> Self {
        Self { lake_config, reach, lake: OnceLock::new() }
    }

    /// Returns the lake, with connections of the runtime that asks first.
    pub(super) fn get(&self) -> Result<&Lake, ApiError> {
        if let Some(trouble) = self.reach.hidden() {
            return Err(ApiError::Unreachable(trouble.words()));
        }
        if let Some(lake) = self.lake.get() {
            return Ok(lake);
        }
        let lake = self.lake_config.open_again().map_err(QueryError::Lake)?;
        Ok(self.lake.get_or_init(|| lake))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use crate::reach::Trouble;

    #[test]
    fn a_lake_that_is_not_there_is_a_sentence_and_not_made() {
        let folder = tempfile::TempDir::new().unwrap();
        let location = tributary_lake::Location::Folder(folder.path().join("lake"));
        let reach = Arc::new(Reach::new(Arc::new(Metrics::new())));
        let lake = LateLake::new(LakeConfig::new(&location, &[]), Arc::clone(&reach));
        reach.lost(Trouble::Away);
        let refused = lake.get().unwrap_err();
        assert_eq!(refused.status(), 503);
        let words = "the lake can't be reached and is tried again; webhooks are taken meanwhile";
        assert_eq!(refused.to_string(), words);
        reach.found();
        assert!(lake.get().is_err(), "it went away again");
        assert!(!folder.path().join("lake").is_dir());
        std::fs::create_dir(folder.path().join("lake")).unwrap();
        assert!(lake.get().is_ok());
    }
}
