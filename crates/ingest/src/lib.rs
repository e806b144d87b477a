//! From a webhook's bytes to rows: what an ingester does before it knows a lake.
//!
//! ```text
//! body ─▶ verify ─▶ journal ─▶ flatten ─▶ Arrow batches
//!         (hmac)    (fsync,     (JSON →
//!                    ack here)   Arrow)
//! ```
//!
//! Nothing in here names an object store, a query engine or a web server: `verify` looks at bytes
//! and a secret, [`journal`] writes to a local disk, [`flatten`] makes rows of [`schema`]'s tables.
//! [`clock`], [`disk`], [`text`], [`event`] and [`metrics`] are what they share with the program.
//!
//! # Invariants
//! - `verify`, `journal` and `flatten` import none of each other.
//! - `verify`, `flatten` and [`journal::frame`] do no I/O; only [`clock`] reads the time.

pub mod event;
pub mod schema;

pub mod flatten;
pub mod journal;
pub mod verify;

pub mod clock;
pub mod disk;
pub mod failpoint;
pub mod metrics;
pub mod text;
