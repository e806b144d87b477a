"""Reports over HTTP are those of the command line, and the API's description is true."""

import json
import re
import urllib.parse

import jsonschema
import pytest
from openapi_spec_validator import validate

import duck
from program import Ingester, output_of

REPORTS = sorted(path.stem for path in duck.QUERIES.glob("*.sql") if path.stem != "duckdb")
# One value of each type that the description names; an enumeration has its own.
EXAMPLES = {"string": "12", "integer": 3, "number": 0.5}


class Api:
    """Asks the ingester, and keeps nothing."""

    def __init__(self, ingester):
        self._ingester = ingester

    def get(self, path, **query):
        """Status, headers and body of an answer."""
        return self._ingester.ask(f"{path}?{urllib.parse.urlencode(query)}")

    def get_packed(self, path):
        """The same, for a client that takes packed bodies."""
        return self._ingester.ask(path, **{"accept-encoding": "gzip"})

    def json(self, path, **query):
        """The body of an answer that must succeed."""
        status, _, body = self.get(path, **query)
        assert status == 200, f"{path}: {status} {body!r}"
        return json.loads(body)


@pytest.fixture(scope="module")
def api(tmp_path_factory, lake):
    with Ingester(tmp_path_factory.mktemp("api"), lake=lake) as ingester:
        yield Api(ingester)


@pytest.fixture(scope="module")
def description(api):
    return api.json("/api/openapi.json")


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_what_the_command_prints(api, lake, name):
    for form in ["json", "csv"]:
        status, headers, body = api.get(f"/api/reports/{name}", format=form)
        assert status == 200, body
        printed = output_of("report", name, "--lake", lake, "--format", form)
        assert rounded(body.decode()) == rounded(printed)
        assert (f"{name}.csv" in headers.get("content-disposition", "")) == (form == "csv")


def rounded(text):
    """Numbers to ten digits: they are added up in another order."""
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.10g}", text)


def test_the_sql_is_what_explain_prints(api):
    status, _, body = api.get("/api/reports/channels/sql", unit="account", tenant="o'hara")
    assert status == 200
    options = ["--unit", "account", "--tenant", "o'hara"]
    assert body.decode() == output_of("report", "channels", "--explain", *options)


def test_the_list_names_every_report_and_its_parameters(api):
    listed = {report["name"]: report for report in api.json("/api/reports")}
    assert sorted(listed) == REPORTS
    channels = {parameter["name"]: parameter for parameter in listed["channels"]["parameters"]}
    assert channels["from"] == {
        "name": "from",
        "description": "first day, UTC",
        "type": "date",
        "default": None,
    }
    assert channels["by"]["default"] == "channel" and "campaign" in channels["by"]["choices"]


def test_the_description_is_one(description):
    validate(description)
    paths = set(description["paths"])
    assert {f"/api/reports/{name}" for name in REPORTS} < paths
    assert {"/api/reports", "/api/reports/{name}/sql", "/api/lake", "/api/ingestion"} < paths


def test_what_is_described_is_answered(api, description):
    components = {"components": description["components"]}
    n_checked = 0
    for path, item in description["paths"].items():
        status, headers, body = api.get(path.replace("{name}", "audit"))
        content = item["get"]["responses"][str(status)]["content"]
        form = headers.get_content_type()
        assert status == 200 and form in content, f"{path}: {status} {form}"
        if form == "application/json":
            jsonschema.validate(json.loads(body), content[form]["schema"] | components)
            n_checked += 1
    assert n_checked == len(description["paths"]) - 1


@pytest.mark.parametrize("name", ["channels", "paths", "conversions", "cohorts"])
def test_described_values_are_taken_and_others_refused(api, description, name):
    for parameter in description["paths"][f"/api/reports/{name}"]["get"]["parameters"]:
        schema = parameter["schema"]
        value = schema.get("enum", [EXAMPLES[schema["type"]]])[0]
        if schema.get("format") == "date":
            value = "2026-01-03"
        if parameter["name"] == "weights":
            value = "40,20,40"
        status, _, body = api.get(f"/api/reports/{name}", **{parameter["name"]: value})
        assert status == 200, f"{parameter['name']}={value}: {body!r}"
        if schema["type"] != "string" or "enum" in schema or "format" in schema:
            status, _, body = api.get(f"/api/reports/{name}", **{parameter["name"]: "no value"})
            assert status == 400 and "no value" in json.loads(body)["error"]


def test_answers_are_compressed_for_those_who_ask(api):
    status, headers, _ = api.get_packed("/api/reports")
    assert (status, headers["content-encoding"]) == (200, "gzip")
