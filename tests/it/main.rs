//! The integration tests: one binary, one file a subject.

mod http;
mod ingest;
mod journal;
mod support;
mod tidy;
