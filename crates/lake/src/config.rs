//! A lake that may not be there: its address and its store's settings, before anything is opened.
//!
//! Who starts while a store or a disk is away keeps this, and opens the lake once it is there.

use std::fmt;
use std::sync::Arc;

use super::{Lake, LakeError, Location};

/// Where a lake is, and how its store is set up.
#[derive(Clone)]
pub struct LakeConfig {
    location: Location,
    options: Arc<[(String, String)]>,
}

impl fmt::Debug for LakeConfig {
    // The options hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LakeConfig").field("location", &self.location).finish_non_exhaustive()
    }
}

impl LakeConfig {
    /// Takes an address; `options` are the object store's settings, such as `AWS_REGION`.
    #[must_use]
    pub fn new(location: &Location, options: &[(String, String)]) -> Self {
        Self { location: location.clone(), options: options.into() }
    }

    /// Returns the address.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Opens the lake with connections of its own; a folder that is not there is made.
    ///
    /// # Errors
    /// As [`Lake::open`].
    pub fn open(&self) -> Result<Lake, LakeError> {
        Lake::open(&self.location, &self.options)
    }

    /// Opens the lake with connections of its own, where there was one before: a folder that is
    /// not there is a disk that is not mounted, or was removed, and is not made.
    ///
    /// # Errors
    /// [`LakeError::Gone`] if the folder is not there, else as [`Lake::open`].
    pub fn open_again(&self) -> Result<Lake, LakeError> {
        match self.location.folder().map(|folder| folder.try_exists()) {
            Some(Ok(false)) => Err(LakeError::Gone { location: self.location.identity() }),
            _ => self.open(),
        }
    }
}

impl From<Lake> for LakeConfig {
    fn from(lake: Lake) -> Self {
        Self { location: lake.location, options: lake.options }
    }
}
