//! Traces for OpenTelemetry: what requests, flushes and queries are made of, and for how long.
//!
//! They are set up by the variables that OpenTelemetry defines; without an endpoint there are none,
//! and a span costs the test of a flag.
//!
//! No attribute says anything of people: no address' query, no body, no key.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::config;

/// The target of spans that only traces have.
pub const PART: &str = "trace";
/// The target of spans that log lines have too.
pub const REQUEST: &str = "tributary::request";

const NAME: &str = "tributary";
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
/// The one protocol that is spoken.
const PROTOCOL: &str = "http/protobuf";
const DISABLED: &str = "OTEL_SDK_DISABLED";
const SERVICE: &str = "OTEL_SERVICE_NAME";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// How long the last spans may take to be sent.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What sends spans.
#[derive(Debug, Clone)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts the exporter, if the environment asks for one.
    ///
    /// # Errors
    /// A line that names the variable that can't be used.
    pub fn start() -> Result<Option<Self>, String> {
        let is_off = config::variable(DISABLED).is_some_and(|off| off.eq_ignore_ascii_case("true"));
        let Some(endpoint) = ENDPOINTS.into_iter().find_map(config::variable) else {
            return Ok(None);
        };
        if is_off {
            return Ok(None);
        }
        for name in PROTOCOLS {
            if let Some(protocol) = config::variable(name).filter(|given| given != PROTOCOL) {
                return Err(format!("{name} is `{protocol}`; only `{PROTOCOL}` is spoken"));
            }
        }
        let exporter = OtlpExporter::builder().with_http().build().map_err(|error| {
            format!("traces can't be sent to `{}`: {error}", without_credentials(&endpoint))
        })?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(LoggingExporter { exporter, is_failing: AtomicBool::new(false) })
            .with_resource(resource())
            .build();
        Ok(Some(Self(provider)))
    }

    /// Returns what spans are made with.
    pub(super) fn tracer(&self) -> SdkTracer {
        self.0.tracer(NAME)
    }

    /// Sends what is left; blocks for some seconds at most.
    pub fn end(&self) {
        // What can't be sent was told already.
        _ = self.0.shutdown_with_timeout(LAST_WAIT);
    }
}

/// Says who sends: the program, unless the environment has another name.
fn resource() -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    let is_named = config::variable(SERVICE).is_some()
        || config::variable(RESOURCE).is_some_and(|all| all.contains("service.name="));
    if is_named { resource.build() } else { resource.with_service_name(NAME).build() }
}

fn without_credentials(endpoint: &str) -> String {
    match url::Url::parse(endpoint) {
        Ok(url) => format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()),
        Err(_) => "an address that is none".to_owned(),
    }
}

/// An exporter that logs when spans begin to be lost, and when they no longer are.
#[derive(Debug)]
struct LoggingExporter {
    exporter: OtlpExporter,
    is_failing: AtomicBool,
}

impl SpanExporter for LoggingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let done = self.exporter.export(batch).await;
        let was_failing = self.is_failing.swap(done.is_err(), Ordering::Relaxed);
        match &done {
            Err(error) if !was_failing => tracing::warn!(%error, "traces can't be sent"),
            Ok(()) if was_failing => tracing::info!("traces are sent again"),
            _ => {}
        }
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Returns a count as traces know it: without a sign there is no number.
pub fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Makes a request's span part of the trace that its headers name, if they do.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    if span.is_disabled() || !headers.contains_key("traceparent") {
        return;
    }
    let parent = TraceContextPropagator::new().extract(&Names(headers));
    // Where only log lines have the span there is no trace to continue.
    _ = span.set_parent(parent);
}

struct Names<'h>(&'h HeaderMap);

impl Extractor for Names<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
