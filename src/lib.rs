//! tributary: website-visitor sessions become an attribution lake that its owner keeps.
//!
//! ```text
//! sender ──POST──▶ receive ─▶ verify ─▶ journal ─▶ flatten ─▶ flush ─▶ lake ◀─ query ◀─ report ◀─ cli, web
//!                  (axum)    (hmac)    (fsync,     (JSON →    (Parquet,  (Delta tables   (SQL over
//!                                       ack here)   Arrow)     commit)    on any store)   files)
//! ```
//!
//! [`tributary_ingest`] holds `verify`, `journal` and `flatten`, [`tributary_lake`] the lake,
//! `tributary_sample` sample events; this crate is the program that joins them.
//!
//! # Invariants
//! - Imports follow the drawing: `query` imports no stage of this crate but `attribution`,
//!   `report` imports query, `web` imports report. Only `app` and `cli` see everything.
//! - Only `query` names `datafusion`, only `config` reads the environment, `axum` stays in
//!   `receive` and `web`. Time is read from a clock that is handed in.
//! - `flush::policy` does no I/O.
//! - Every queue, body, header and batch has a limit.

pub mod flush;
pub mod query;
pub mod receive;
pub mod report;
pub mod web;

pub mod app;
pub mod attribution;
pub mod blocks;
pub mod cli;
pub mod config;
pub mod deliveries;
pub mod forget;
pub mod goal;
pub mod load;
pub mod metrics;
pub mod priority;
pub mod reach;
pub mod replay;
pub mod request_id;
pub mod shutdown;
pub mod telemetry;
pub mod upkeep;
