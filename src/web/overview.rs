//! What the lake holds, and which values its filters may take.

use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Date32Type;
use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::TryStreamExt as _;
use serde::Serialize;

use super::Web;
use super::api::{ApiError, ErrorBody};
use super::snapshot::View;
use super::tokens::{Access, Role};
use crate::query::TableFacts;
use tributary_lake::files;

/// Values of a filter at most.
const VALUES_MAX: usize = 1000;
/// The tenants that there are.
const TENANTS: &str = "SELECT DISTINCT tenant FROM sessions WHERE tenant IS NOT NULL ORDER BY 1";
/// The conversions that there are.
const CONVERSIONS: &str =
    "SELECT DISTINCT conversion FROM conversion_events WHERE conversion IS NOT NULL ORDER BY 1";

/// The days that there are.
const DAYS: &str = "SELECT min(date), max(date) FROM files.sessions";

/// What the lake holds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Overview {
    /// A name of the lake's version; it changes when something is written.
    version: String,
    /// The first day that has sessions, UTC.
    first_day: Option<String>,
    /// The last day that has sessions, UTC.
    last_day: Option<String>,
    /// The tenants, at most 1000.
    tenants: Vec<String>,
    /// The conversions, at most 1000.
    conversions: Vec<String>,
    /// The tables, for an admin who sees all tenants; none for others.
    tables: Vec<TableEntry>,
    /// Whether the dashboard asks for a token; it always does.
    token_required: bool,
    /// What the token may do: viewer, analyst or admin.
    role: &'static str,
    /// Whether people's names and addresses are hidden from the token.
    masked: bool,
}

/// A table of the lake.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TableEntry {
    name: &'static str,
    /// Its files in the version that is read.
    files: usize,
    /// Their bytes.
    bytes: u64,
}

/// Tells what the lake holds.
#[utoipa::path(get, path = "/api/lake", tag = "lake",
    responses((status = 200, body = Overview, description = "the lake's last version"),
              (status = 401, body = ErrorBody, description = "no token")))]
pub(super) async fn overview(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
) -> Result<Response, ApiError> {
    let view = web.queries.view(&access).await?;
    let name = format!("overview {} {}", view.name, access.role.name());
    let answer = web.queries.answer(name, async move { describe(&view, &access).await });
    let content_type = [(CONTENT_TYPE, "application/json")];
    Ok((content_type, answer.await?).into_response())
}

async fn describe(view: &View, access: &Access) -> Result<Bytes, ApiError> {
    let (days, tables) = match access.tenants {
        None => of_files(view.engine.tables()),
        // Files hold the rows of all tenants.
        Some(_) => (days(view).await?, vec![]),
    };
    let overview = Overview {
        version: view.version.clone(),
        first_day: days.map(|(first, _)| files::day(first)),
        last_day: days.map(|(_, last)| files::day(last)),
        tenants: texts(view, TENANTS).await?,
        conversions: texts(view, CONVERSIONS).await?,
        tables: if access.role == Role::Admin { tables } else { vec![] },
        token_required: true,
        role: access.role.name(),
        masked: access.masked,
    };
    serde_json::to_vec(&overview).map(Bytes::from).map_err(|_| ApiError::Failed)
}

/// A first and a last day, if there is any.
type Days = Option<(i32, i32)>;

/// Tells the days that have sessions, and of each table what its files are.
fn of_files(tables: &[TableFacts]) -> (Days, Vec<TableEntry>) {
    let sessions = tables.iter().find(|facts| facts.table.name == "sessions");
    let entry = |facts: &TableFacts| TableEntry {
        name: facts.table.name,
        files: facts.n_files,
        bytes: facts.n_bytes,
    };
    (sessions.and_then(|facts| facts.days), tables.iter().map(entry).collect())
}

/// Tells the days that have sessions among the rows that may be seen.
async fn days(view: &View) -> Result<Days, ApiError> {
    let batches = rows(view, DAYS).await?;
    let day = |batch: &RecordBatch, at| {
        let column = batch.column(at).as_primitive::<Date32Type>();
        column.iter().flatten().next()
    };
    Ok(batches.first().and_then(|batch| day(batch, 0).zip(day(batch, 1))))
}

/// Runs a query whose answer is one column of text.
async fn texts(view: &View, sql: &str) -> Result<Vec<String>, ApiError> {
    let batches = rows(view, &format!("{sql} LIMIT {VALUES_MAX}")).await?;
    let columns = batches.iter().map(|batch| batch.column(0).as_string::<i32>());
    Ok(columns.flat_map(|column| column.iter().flatten()).map(str::to_owned).collect())
}

async fn rows(view: &View, sql: &str) -> Result<Vec<RecordBatch>, ApiError> {
    Ok(view.engine.run(sql, &[]).await?.batches.try_collect().await?)
}
