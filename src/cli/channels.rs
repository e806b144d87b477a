//! Options of commands that put visits or spend into channels.

use super::Common;
use crate::config;
use tributary_ingest::flatten::channel::{Channels, Grouping};

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Table of channels: default, or ga4-strict for Google's to the letter
    #[arg(long, value_name = "NAME", default_value = "default")]
    channel_grouping: Grouping,
}

impl Args {
    /// Returns the table, and the rules of the settings file.
    pub(super) fn channels(&self, common: &Common) -> anyhow::Result<Channels> {
        let rules = config::channel_rules(common.config.as_deref())?;
        Ok(Channels { grouping: self.channel_grouping, rules })
    }
}
