//! The reports: which there are, their rows, their SQL.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use url::form_urlencoded;

use super::api::{ApiError, ErrorBody};
use super::tokens::Access;
use super::{Web, version};
use crate::query::{Value, filled_in};
use crate::report::render::Format;
use crate::report::{Kind, Parameter, Report};

/// The formats of an answer.
pub(super) const FORMATS: [Format; 3] = [Format::Json, Format::Csv, Format::Parquet];

/// A report, as the list has it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ReportEntry {
    /// Its name, as in its address.
    name: String,
    title: String,
    /// What it shows.
    description: String,
    /// What a reader of its figures should know.
    note: Option<String>,
    parameters: Vec<ParameterEntry>,
}

/// A parameter of a report.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ParameterEntry {
    name: String,
    /// What it means.
    description: String,
    /// date, text, int, float, days, weights or choice
    r#type: &'static str,
    /// The words of a choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
    /// The least value of an int.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    /// The greatest value of an int.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
    /// What holds if it is not given.
    default: serde_json::Value,
}

impl From<&Report> for ReportEntry {
    fn from(report: &Report) -> Self {
        Self {
            name: report.name.clone(),
            title: report.title.clone(),
            description: report.description.clone(),
            note: report.note.clone(),
            parameters: report.parameters.iter().map(ParameterEntry::from).collect(),
        }
    }
}

impl From<&Parameter> for ParameterEntry {
    fn from(parameter: &Parameter) -> Self {
        let (mut choices, mut minimum, mut maximum) = (vec![], None, None);
        match &parameter.kind {
            Kind::Choice(words) => choices.clone_from(words),
            Kind::Int(low, high) => {
                minimum = Some(*low);
                maximum = (*high < i64::MAX).then_some(*high);
            }
            _ => {}
        }
        Self {
            name: parameter.name.clone(),
            description: parameter.doc.clone(),
            r#type: parameter.kind.name(),
            choices,
            minimum,
            maximum,
            default: json(&parameter.default),
        }
    }
}

/// Lists the reports with their parameters.
#[utoipa::path(get, path = "/api/reports", tag = "reports",
    responses((status = 200, body = [ReportEntry], description = "the reports"),
              (status = 401, body = ErrorBody, description = "no token")))]
pub(super) async fn list(State(web): State<Arc<Web>>) -> Json<Vec<ReportEntry>> {
    Json(web.catalog.reports().iter().map(ReportEntry::from).collect())
}

/// Runs a report; its rows are those of `tributary report`.
pub(super) async fn run(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let answer = Box::pin(rows(&web, &access, &name, query.as_deref(), &headers)).await;
    let counted = answer.as_ref().map_or_else(ApiError::name, |_| "answered");
    web.metrics.web.requests.with_label_values(&[counted]).inc();
    answer.into_response()
}

async fn rows(
    web: &Arc<Web>,
    access: &Access,
    name: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let report = web.catalog.find(name)?.clone();
    let (given, format) = given(query)?;
    let view = web.queries.view(access).await?;
    let values = report.bind(&given)?;
    let tag = version::of_answer(&view.name, &report.sql, &values, format.name());
    let etag = HeaderValue::from_str(&tag).map_err(|_| ApiError::Failed)?;
    if is_known(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    let queries = Arc::clone(&web.queries);
    let owned: Vec<(String, Value)> =
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let sql = report.sql.clone();
    let answer = web.queries.answer(tag, async move {
        let values: Vec<(&str, Value)> =
            owned.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        queries.run(&view, &sql, &values, format).await
    });
    let mut response = answer.await?.into_response();
    let headers = response.headers_mut();
    headers.insert(ETAG, etag);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if format != Format::Json {
        let text = format!("attachment; filename=\"{name}.{}\"", format.name());
        let value = HeaderValue::from_str(&text).map_err(|_| ApiError::Failed)?;
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Returns a report's SQL with its parameters filled in.
#[utoipa::path(get, path = "/api/reports/{name}/sql", tag = "reports",
    params(("name" = String, Path, description = "the report; its parameters are taken too")),
    responses((status = 200, body = String, content_type = "text/plain", description = "the SQL"),
              (status = 400, body = ErrorBody, description = "a parameter that can't be read"),
              (status = 401, body = ErrorBody, description = "no token"),
              (status = 403, body = ErrorBody, description = "the token's role is viewer"),
              (status = 404, body = ErrorBody, description = "there is no such report")))]
pub(super) async fn sql(
    State(web): State<Arc<Web>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<String, ApiError> {
    let report = web.catalog.find(&name)?;
    let (given, _) = given(query.as_deref())?;
    Ok(filled_in(&report.sql, &report.bind(&given)?)?)
}

/// Reads the parameters of an address, and the format among them.
fn given(query: Option<&str>) -> Result<(Vec<(String, String)>, Format), ApiError> {
    let mut given: Vec<(String, String)> = vec![];
    let mut format = Format::Json;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        // As on the command line, where words are joined by `-`.
        let name = name.replace('-', "_");
        if given.iter().any(|(known, _)| *known == name) {
            return Err(ApiError::Wrong(format!("`{name}` is given twice; give it once")));
        }
        if name == "format" {
            let wanted = FORMATS.into_iter().find(|format| format.name() == value);
            format = wanted.ok_or_else(|| {
                ApiError::Wrong(format!("`{value}` is no format; use json, csv or parquet"))
            })?;
        } else {
            given.push((name, value.into_owned()));
        }
    }
    Ok((given, format))
}

/// Tells whether the client has this answer already.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let texts = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.trim_start_matches("W/") == tag.trim_start_matches("W/"))
}

/// Returns a value as JSON has it; dates as `YYYY-MM-DD`.
pub(super) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Date(day) => day.map(tributary_lake::files::day).into(),
        Value::Text(text) => text.clone().into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
    }
}
