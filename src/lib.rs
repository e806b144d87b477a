//! tributary: website-visitor sessions become an attribution lake that its owner keeps.
//!
//! ```text
//! sender ──POST──▶ receive ─▶ verify ─▶ journal ─▶ flatten ─▶ flush ─▶ lake ◀─ query ◀─ report ◀─ cli, web
//!                  (axum)    (hmac)    (fsync,     (JSON →    (Parquet,  (Delta tables   (SQL over
//!                                       ack here)   Arrow)     commit)    on any store)   files)
//! ```
//!
//! # Invariants
//! - Imports follow the drawing: `verify`, `journal`, `flatten` and `lake` import no other stage;
//!   `receive` imports verify and journal, `flush` imports journal, flatten and lake, `query`
//!   imports lake, `report` imports query, `web` imports report. Only `app` and `cli` see everything.
//! - Only `query` names `datafusion`, only `lake` names `deltalake_core` and `delta_kernel`, only
//!   `config` reads the environment, only `clock` reads the time, `axum` stays in
//!   `receive` and `web`.
//! - `verify`, `flatten`, `flush::policy` and `journal::frame` do no I/O.
//! - Every queue, body, header and batch has a limit.

pub mod event;
pub mod schema;

pub mod flatten;
pub mod flush;
pub mod journal;
pub mod lake;
pub mod query;
pub mod receive;
pub mod report;
pub mod verify;
pub mod web;

pub mod app;
pub mod attribution;
pub mod blocks;
pub mod cli;
pub mod clock;
pub mod config;
pub mod deliveries;
pub mod disk;
pub mod failpoint;
pub mod forget;
pub mod generate;
pub mod goal;
pub mod load;
pub mod metrics;
pub mod priority;
pub mod reach;
pub mod replay;
pub mod request_id;
pub mod shutdown;
pub mod telemetry;
pub mod text;
pub mod upkeep;
