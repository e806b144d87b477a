"""What operators copy from docs/deploy: it names what the program exports, and holds what it says."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import kubernetes_validate
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from program import SECRET, Ingester, run
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
            text = get(f"{ingester.dashboard}/metrics")
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


def documents():
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))


def test_the_image_is_put_together_from_what_is_there():
    file = DEPLOY / "Dockerfile"
    lint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([lint, file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    lines = file.read_text("utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    for source in (source for sources in copied for source in sources):
        assert (DOCS.parent / source).exists(), source
    last = lines[max(at for at, line in enumerate(lines) if line.startswith("FROM ")) :]
    (user,) = [line.split()[1] for line in last if line.startswith("USER ")]
    assert user.split(":")[0].isdigit() and user != "0"
    assert not any(line.startswith(("ENV ", "ARG ")) for line in lines), "secrets stay outside"
    # The program needs libc and libgcc, which the image has, and nothing else.
    needed = subprocess.run(["ldd", os.environ["TRIBUTARY_BIN"]], capture_output=True, text=True)
    libraries = set(re.findall(r"^\s*(lib\w+)", needed.stdout, re.MULTILINE))
    assert libraries <= {"libc", "libm", "libgcc_s"}
    rust = tomllib.loads((DOCS.parent / "Cargo.toml").read_text("utf-8"))
    rust = rust["workspace"]["package"]["rust-version"]
    assert f"FROM rust:{rust}-bookworm AS program" in lines


def test_the_allocators_settings_are_compiled_in():
    told = os.environ | {"MALLOC_CONF": "stats_print:true"}
    program = [os.environ["TRIBUTARY_BIN"], "--version"]
    done = subprocess.run(program, env=told, capture_output=True, text=True)
    config = tomllib.loads((DOCS.parent / ".cargo" / "config.toml").read_text("utf-8"))
    settings = config["env"]["JEMALLOC_SYS_WITH_MALLOC_CONF"].split(",")
    for name, value in (setting.split(":") for setting in settings):
        assert re.search(rf"^ *opt\.{name}: {value} ", done.stderr, re.MULTILINE), name
    # The image is built with them too.
    assert "COPY .cargo ./.cargo" in (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()


def test_the_manifests_are_valid_and_the_container_has_no_rights(tmp_path):
    for document in documents():
        kubernetes_validate.validate(document, "1.37", strict=True)
    (workload,) = [d for d in documents() if d["kind"] == "StatefulSet"]
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    (settings,) = [d["data"]["tributary.toml"] for d in documents() if d["kind"] == "ConfigMap"]
    settings = settings.replace("s3://my-bucket/web", str(tmp_path / "lake"))
    settings = settings.replace("/etc/tributary/secrets/webhook", str(tmp_path / "secrets"))
    tokens = tmp_path / "tokens.toml"
    settings = settings.replace("/etc/tributary/secrets/tokens.toml", str(tokens))
    settings = settings.replace("/var/lib/tributary", str(tmp_path)).replace("0.0.0.0", "127.0.0.1")
    (tmp_path / "secrets").write_text(SECRET)
    tokens.write_text('[[tokens]]\nname = "ada"\ntoken = "3f1c9a7e5d2b4806a1c3e5f708192a3b"\n')
    (tmp_path / "tributary.toml").write_text(settings)
    checked = run("check", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "1 webhook secret can be used" in checked.stdout and "1 token can be read" in checked.stdout


def test_the_settings_hold(tmp_path):
    text = (DEPLOY / "tributary.toml").read_text("utf-8")
    # With every setting that is only shown.
    text = re.sub(r"^# (\S+ = .+)$", r"\1", text, flags=re.MULTILINE)
    tokens = tmp_path / "tokens.toml"
    tokens.write_text('[[tokens]]\nname = "ada"\ntoken = "3f1c9a7e5d2b4806a1c3e5f708192a3b"\n')
    text = text.replace("/etc/tributary/tokens.toml", str(tokens))
    text = text.replace("/var/lib/tributary", str(tmp_path))
    assert len(tomllib.loads(text)) >= 8
    (tmp_path / "tributary.toml").write_text(text)
    with Ingester(
        tmp_path, "--config", tmp_path / "tributary.toml", lake=tmp_path / "lake"
    ) as ingester:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(f"{ingester.dashboard}/api/reports")
        assert ingester.stop() == 0
