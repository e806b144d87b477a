//! The API's description: fixed paths from the handlers, a path a report from the catalog.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, Required, ResponseBuilder};

use super::Web;
use super::api::ErrorBody;
use super::reports::{FORMATS, json};
use super::{ingestion, overview, reports};
use crate::report::render::Format;
use crate::report::{Kind, Parameter, Report};

const SCHEME: &str = "token";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "tributary", description = "Attribution reports over one's own lake of Parquet"),
    paths(reports::list, reports::sql, overview::overview, ingestion::ingestion),
    components(schemas(ErrorBody)),
    tags((name = "reports"), (name = "lake"))
)]
struct Fixed;

/// Returns the description.
pub(super) async fn document(State(web): State<Arc<Web>>) -> Json<OpenApi> {
    Json(describe(web.catalog.reports()))
}

fn describe(reports: &[Report]) -> OpenApi {
    let mut document = Fixed::openapi();
    for report in reports {
        let path = format!("/api/reports/{}", report.name);
        let item = PathItem::new(HttpMethod::Get, operation(report));
        document.paths.paths.insert(path, item);
    }
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, scheme);
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(SCHEME, [])]);
    document
}

fn operation(report: &Report) -> Operation {
    let row = ObjectBuilder::new().build();
    let rows = ArrayBuilder::new().items(row).build();
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let csv = ContentBuilder::new().schema(Some(text().build())).build();
    let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
    let parquet = ContentBuilder::new().schema(Some(text().format(Some(binary)).build())).build();
    let answer = ResponseBuilder::new()
        .description("the rows, as `tributary report` gives them")
        .content("application/json", ContentBuilder::new().schema(Some(rows)).build())
        .content("text/csv", csv)
        .content(Format::Parquet.content_type(), parquet);
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("report-{}", report.name)))
        .tag("reports")
        .summary(Some(&report.title))
        .description(Some(&report.description))
        .response("200", answer)
        .response("304", ResponseBuilder::new().description("the client has this answer"));
    for (status, description) in [
        ("400", "a parameter that the report has not, or a value that can't be read"),
        ("401", "no token"),
        ("429", "too many wrong tokens at once"),
        ("422", "more rows or bytes than an answer may have"),
        ("503", "too many queries at once"),
        ("504", "the query took too long"),
        ("507", "the query needs more memory or disk than it may have"),
    ] {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
        let response = ResponseBuilder::new().description(description);
        operation = operation.response(status, response.content("application/json", body));
    }
    for parameter in &report.parameters {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(&parameter.name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(&parameter.doc))
                .schema(Some(schema(parameter))),
        );
    }
    let formats = text().enum_values(Some(FORMATS.map(Format::name))).default(Some("json".into()));
    let format = ParameterBuilder::new()
        .name("format")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("form of the rows"))
        .schema(Some(formats.build()));
    operation.parameter(format).build()
}

/// Returns what values a parameter takes.
fn schema(parameter: &Parameter) -> Schema {
    let mut schema = ObjectBuilder::new().schema_type(Type::String);
    match &parameter.kind {
        Kind::Date => {
            schema = schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
        }
        Kind::Int(low, high) => {
            schema = schema.schema_type(Type::Integer).minimum(Some(*low));
            schema = schema.maximum((*high < i64::MAX).then_some(*high));
        }
        Kind::Float => schema = schema.schema_type(Type::Number),
        Kind::Choice(words) => schema = schema.enum_values(Some(words.iter().map(String::as_str))),
        // A span may be a number of days or text such as `12h`.
        Kind::Text | Kind::Days | Kind::Weights => {}
    }
    let default = match (&parameter.kind, json(&parameter.default)) {
        (_, serde_json::Value::Null) => None,
        (Kind::Days, number) => Some(number.to_string().into()),
        (_, value) => Some(value),
    };
    schema.default(default).build().into()
}
