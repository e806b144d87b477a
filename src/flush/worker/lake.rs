//! Whether the lake is still the one that was opened, and who is told.

use std::sync::Arc;

use super::Worker;
use crate::flush::FlushError;
use crate::reach::Reach;
use tributary_lake::LakeError;

impl Worker {
    /// Makes it look, before it writes, whether the lake of this identity is still there: a disk
    /// may have been unmounted below a folder, and others may remove a lake.
    #[must_use]
    pub(in crate::flush) fn of_lake(self, id: String) -> Self {
        Self { lake_id: Some(id), ..self }
    }

    /// Makes it tell whether the lake can be reached.
    #[must_use]
    pub(in crate::flush) fn telling(self, reach: Arc<Reach>) -> Self {
        Self { reach: Some(reach), ..self }
    }

    /// Returns the last segment of the journal that any table of the lake names.
    pub(in crate::flush) fn last_committed(&self) -> Option<u64> {
        self.committed().values().max().copied()
    }

    /// Checks that the lake is the one that was opened.
    pub(super) async fn check_lake(&self) -> Result<(), FlushError> {
        let Some(id) = &self.lake_id else { return Ok(()) };
        let location = self.lake.location().identity();
        match self.lake.id().await? {
            Some(found) if found == *id => Ok(()),
            Some(_) => Err(LakeError::Another { location }.into()),
            None => Err(LakeError::Gone { location }.into()),
        }
    }

    /// Tells that the lake was written.
    pub(super) fn note_found(&self) {
        if let Some(reach) = &self.reach {
            reach.found();
        }
    }

    /// Tells that it could not be.
    pub(super) fn note_lost(&self, error: &FlushError) {
        if let (Some(reach), Some(trouble)) = (&self.reach, error.trouble()) {
            reach.lost(trouble);
        }
    }
}
