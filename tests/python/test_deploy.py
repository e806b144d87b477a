"""What operators copy from docs/deploy: it names what the program exports, and holds what it says."""

import json
import re
import shutil
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from program import Ingester, run
from stores import TOOLS
from webhook import post, post_signed, signed_headers

DOCS = Path(__file__).parents[2] / "docs"
DEPLOY = DOCS / "deploy"
OPERATIONS = (DOCS / "operations.md").read_text("utf-8")
PROMTOOL = TOOLS / "bin" / "promtool"
# Grafana puts these in before Prometheus sees an expression.
FILLED_IN = {"$__rate_interval": "5m", "$instance": ".*"}
PREFIX = "tributary_"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """What an ingester exports that has taken, refused and flushed something."""
    with Ingester(tmp_path_factory.mktemp("deploy"), "--flush-interval", "1s") as ingester:
        assert post_signed(ingester.address, "evt_1", b"no event")[0] == 200
        assert post_signed(ingester.address, "evt_1", b"no event")[0] == 200
        assert post(ingester.address, b"{}", signed_headers("evt_2", b"other"))[0] == 401
        sent = run("generate", "5", "--to", ingester.url)
        assert sent.returncode == 0, sent.stderr
        for _ in range(300):
            text = get(f"{ingester.url}/metrics")
            if re.search(r"tributary_flushed_events_total [1-9]", text):
                break
            time.sleep(0.05)
        return {family.name: family for family in text_string_to_metric_families(text)}


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def samples(exported):
    """The labels of each sample, by its name."""
    found = {}
    for family in exported.values():
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def rules():
    (group,) = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"]
    return group["rules"]


def panels():
    dashboard = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def selectors(expression):
    """The metrics that an expression reads, with their matchers, by a parser of PromQL."""
    for name, value in FILLED_IN.items():
        expression = expression.replace(name, value)

    def walk(node):
        if isinstance(node, promql_parser.VectorSelector):
            yield node.name, [(m.name, m.op, m.value) for m in node.matchers.matchers]
        for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
            child = getattr(node, part, None)
            if child is not None:
                yield from walk(child)
        for child in getattr(node, "args", None) or []:
            yield from walk(child)

    return list(walk(promql_parser.parse(expression)))


def expressions():
    yield from ((rule["alert"], rule["expr"]) for rule in rules())
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


@pytest.mark.parametrize(("title", "expression"), list(expressions()))
def test_an_expression_reads_what_is_exported(samples, title, expression):
    read = selectors(expression)
    assert read, title
    for name, matchers in read:
        if name == "up":
            continue
        assert name in samples, f"{title}: {name} is not exported"
        for label, op, value in matchers:
            if label in ("instance", "job"):
                continue
            known = {labels.get(label) for labels in samples[name]}
            values = value.split("|") if op == promql_parser.MatchOp.Re else [value]
            assert set(values) <= known, f"{title}: {label} of {name} is never {value}"


def test_a_selector_that_nothing_matches_is_noticed(samples):
    assert selectors('sum(rate(tributary_nothing_total{answer="x"}[5m]))') == [
        ("tributary_nothing_total", [("answer", promql_parser.MatchOp.Equal, "x")])
    ]
    assert "tributary_nothing_total" not in samples


def test_names_of_metrics_are_the_usual(exported):
    for family in exported.values():
        assert family.name.startswith(PREFIX) and family.documentation, family.name
        names = {sample.name for sample in family.samples}
        if family.type == "counter":
            assert all(name.endswith("_total") for name in names), family.name
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_records")), family.name


def test_every_metric_is_on_the_dashboard_and_in_the_documents(exported):
    shown = {name for _, expression in expressions() for name, _ in selectors(expression)}
    shown = {re.sub("_(bucket|sum|count|total)$", "", name) for name in shown}
    table = OPERATIONS.partition("## Metrics")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {PREFIX + name for cell in cells for name in re.findall(r"`(\w+)", cell)}
    told = {re.sub("_total$", "", name) for name in told}
    assert told == set(exported)
    assert set(exported) <= shown


def test_every_alert_has_a_runbook():
    sections = re.findall(r"^### (Tributary\w+)$", OPERATIONS, re.MULTILINE)
    assert sections == [rule["alert"] for rule in rules()]
    for rule in rules():
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (page, anchor) == ("docs/operations.md", rule["alert"].lower())
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_alerts_fire_when_they_should_and_not_else(tmp_path):
    for file in (DEPLOY / "alerts.yml", Path(__file__).with_name("alerts_test.yml")):
        shutil.copy(file, tmp_path)
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([PROMTOOL, *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    tried = (tmp_path / "alerts_test.yml").read_text("utf-8")
    for rule in rules():
        # Once that it stays quiet, once that it fires.
        assert tried.count(rule["alert"]) == 2, rule["alert"]


def test_the_settings_hold(tmp_path):
    text = (DEPLOY / "tributary.toml").read_text("utf-8")
    # With every setting that is only shown.
    text = re.sub(r"^# (\S+ = .+)$", r"\1", text, flags=re.MULTILINE)
    token = tmp_path / "token"
    token.write_text("3f1c9a7e5d2b4806a1c3e5f708192a3b")
    text = text.replace("/etc/tributary/token", str(token))
    text = text.replace("/var/lib/tributary", str(tmp_path))
    assert len(tomllib.loads(text)) >= 8
    (tmp_path / "tributary.toml").write_text(text)
    with Ingester(
        tmp_path, "--config", tmp_path / "tributary.toml", lake=tmp_path / "lake"
    ) as ingester:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(f"{ingester.url}/metrics")
        assert ingester.stop() == 0
