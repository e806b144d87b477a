//! The words of the sample world: static tables, nothing computed.
//!
//! Everyone and everything here is invented. Web addresses of search engines, networks and
//! assistants are the real ones, since channels are recognised by them.

pub(crate) mod agents;
pub(crate) mod campaigns;
pub(crate) mod careers;
pub(crate) mod companies;
pub(crate) mod names;
pub(crate) mod pages;
pub(crate) mod places;
