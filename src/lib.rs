//! tributary: website-visitor sessions become an attribution lake that its owner keeps.
#![doc = ""]
pub mod clock;
pub mod disk;
pub mod event;
pub mod journal;
pub mod metrics;
pub mod verify;
