//! Flushing: a sealed segment of the journal becomes files and commits in the lake.
//!
//! ```text
//! segment ─▶ flatten ─▶ sort, split by date ─▶ Parquet ─▶ put ─▶ commit each table ─▶ release
//!                                                                    (txn = segment)   (journal)
//! ```
//!
//! Nothing here asks the clock or chance what a file is called: doing a segment again writes the
//! same objects, and a table that already names the segment is left out. So a crash at any point
//! is mended by doing the segment again, which is what a start does. The segment is removed only
//! after every table has committed it durably.

mod bodies;
pub mod encode;
pub mod error;
mod flatteners;
pub mod opening;
pub mod policy;
mod received;
mod segment;
mod thread;
mod worker;

pub use error::FlushError;
pub use policy::Policy;
pub use worker::Worker;
