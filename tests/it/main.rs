//! The integration tests: one binary, one file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::clone_on_ref_ptr,
    reason = "a test that can't go on ends; helpers of tests are tests"
)]

mod access;
mod attribution;
mod cli_reference;
mod compact;
mod evolution;
mod forget;
mod http;
mod ingest;
mod limits;
mod loads;
mod log;
mod nasty;
mod replay;
mod scope;
mod security;
mod support;
mod tenants;
mod tidy;
mod web;
mod world;
