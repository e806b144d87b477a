"""Request ids in answers and log lines, and traces as an OpenTelemetry collector receives them."""

import json
import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from conftest import FIXTURES
from program import Ingester, run
from webhook import signed_headers

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Collector:
    """Takes spans as a collector does, by OTLP over HTTP."""

    def __init__(self):
        self.requests = requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                requests.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def spans(self):
        return [
            span
            for _, request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.stop()


def attributes(span):
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes
    }


def answer_to(request):
    """The status and the headers of an answer, whatever it is."""
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def send(ingester, body, **headers):
    """Sends a signed webhook with more headers."""
    all_headers = signed_headers("evt_traced", body) | headers
    url = f"{ingester.url}/webhooks/midbound"
    return answer_to(urllib.request.Request(url, body, all_headers))


@pytest.fixture(scope="module")
def body():
    return (FIXTURES / "payloads" / "identity.session.finalized.json").read_bytes()


def lines(ingester):
    return [json.loads(line) for line in ingester.log().splitlines()]


def test_a_request_that_is_refused_is_found_in_the_log(tmp_path, body):
    with Ingester(tmp_path) as ingester:
        status, headers = send(ingester, body, **{"webhook-signature": "v1,AAAA"})
        assert status == 401
        own = headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", own)
        refused = [line["fields"] for line in lines(ingester) if "reason" in line["fields"]]
        assert [(line["reason"], line["request_id"]) for line in refused] == [
            ("bad_signature", own)
        ]
        # The next ones of the kind are counted, not told.
        send(ingester, body, **{"webhook-signature": "v1,AAAA"})
        assert ingester.log().count("a webhook is refused") == 1


def test_a_given_id_comes_back_and_no_other_text_does(tmp_path, body):
    with Ingester(tmp_path, "-v") as ingester:
        assert send(ingester, body, **{"x-request-id": "edge-7"})[1]["x-request-id"] == "edge-7"
        assert send(ingester, body)[1]["x-request-id"] is None
        path = "/api/reports/person?person=ada%40example.com"
        status, headers, _ = ingester.ask(path, **{"x-request-id": 'a"b secret'})
        assert status == 200
        own = headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", own)
        told = [line for line in lines(ingester) if line.get("span", {}).get("request_id") == own]
        assert told[-1]["span"]["url.path"] == "/api/reports/person"
        # An id of digits and letters may happen to hold the name alone.
        assert "ada%40" not in ingester.log() and "ada@" not in ingester.log()
        assert "secret" not in ingester.log()


def test_a_collector_sees_requests_flushes_and_queries(tmp_path, collector, body):
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with Ingester(tmp_path, variables=variables) as ingester:
        traceparent = f"00-{TRACE}-{PARENT}-01"
        assert send(ingester, body, traceparent=traceparent)[0] == 200
        assert send(ingester, body, **{"webhook-signature": "v1,AAAA"})[0] == 401
        assert ingester.ask("/api/reports/channels")[0] == 200
        assert ingester.stop() == 0
    assert {path for path, _ in collector.requests} == {"/v1/traces"}
    resource = collector.requests[0][1].resource_spans[0].resource
    assert attributes(resource)["service.name"] == "tributary"
    spans = collector.spans()
    by_name = {}
    for span in spans:
        by_name.setdefault(span.name, []).append(span)
    taken, refused = by_name["webhook"]
    assert (taken.trace_id.hex(), taken.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(taken)["answer"] == "accepted"
    assert attributes(refused)["http.response.status_code"] == 401
    (flush,) = by_name["flush"]
    assert attributes(flush)["n_records"] == 1
    for part in ("put", "commit"):
        tables = {attributes(span)["table"] for span in by_name[part]}
        assert {"sessions", "raw_events"} <= tables
        assert {span.parent_span_id for span in by_name[part]} == {flush.span_id}
    (request,) = by_name["request"]
    (query,) = by_name["query"]
    assert query.parent_span_id == request.span_id
    assert attributes(request)["url.path"] == "/api/reports/channels"


def test_a_collector_that_is_away_harms_nobody(tmp_path, collector, body):
    collector.stop()
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with Ingester(tmp_path, variables=variables) as ingester:
        assert send(ingester, body)[0] == 200
        assert ingester.stop() == 0
        assert ingester.log().count("traces can't be sent") == 1


def test_a_protocol_that_is_not_spoken_is_named(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    done = run("schema")
    assert (done.returncode, done.stdout) == (2, "")
    assert "OTEL_EXPORTER_OTLP_PROTOCOL" in done.stderr and "http/protobuf" in done.stderr
    assert done.stderr.count("\n") == 1
