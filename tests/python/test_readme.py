"""Every block of code in README and documents is run and prints what is shown, or is named here
with the reason why it is not."""

import gzip
import re
import tomllib
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml

import blocks
from blocks import DOCUMENTS, ROOT, Shell, compared
from program import SECRET, output_of, run
from stores import free_port

# Blocks that are not run, by document and first line, and why.
NOT_RUN = {
    ("README.md", "make demo   # builds the program, sends it 3,000 signed sample events over HTTP, prints five answers"):
        "targets of make; .ci/run runs them",
    ("README.md", "sender ──POST──▶ tributary serve ──▶ journal (on disk) ──▶ lake (Parquet + Delta) ◀── report, sql, DuckDB, …"):
        "a drawing",
    ("README.md", 'TRIBUTARY_WEBHOOK_SECRETS="whsec_…" tributary serve --lake /var/lib/tributary/lake --journal /var/lib/tributary/journal'):
        "paths of an installation; `make test-deb` starts one",
    ("CONTRIBUTING.md", "cargo test -p tributary-ingest channel"): "runs tests, as `make test` does",
    ("CONTRIBUTING.md", 'column("tls_version", "network.tlsVersion", Text, "TLS version of the visit"),'):
        "a line of the program",
    ("CONTRIBUTING.md", "social+	mastodon.example	mastodon"): "a line of the program's list",
    ("docs/architecture.md", "sender ──POST──▶ receive ─▶ verify ─▶ journal ─▶ flatten ─▶ flush ─▶ lake ◀─ query ◀─ report ◀─ cli, web"):
        "a drawing",
    ("docs/architecture.md", "flowchart TD"): "a drawing, which `make check` compares with the crates",
    ("docs/architecture.md", "JOURNAL/lock                 held while a process uses the journal"):
        "a list of files",
    ("docs/architecture.md", "LAKE/<table>/_delta_log/00000000000000000000.json …"): "a list of files",
    ("docs/operations.md", "dpkg --install tributary_*.deb"): "`make test-deb` runs it",
    ("docs/reliability.md", "$ make torture"): "half an hour; `make test` tortures for a minute",
    ("docs/reliability.md", "$ TORTURE_SEED=3405691582 TORTURE_ONLY=F1 make torture TORTURE_SECONDS=1"):
        "builds programs of its own; `make test` tortures for a minute",
    ("docs/scale.md", "ballista-scheduler --bind-port 50050"): "`make test-cluster` runs the same",
    ("docs/security.md", "tributary serve --listen 127.0.0.1:8080 --secrets-file /etc/tributary/secrets --tokens-file /etc/tributary/tokens.toml"):
        "paths of an installation; `make test-deb` starts one",
}
# Its blocks are run by test_docs.
ELSEWHERE = ["docs/attribution.md"]


@pytest.fixture(scope="module")
def found():
    all_blocks = [block for document in DOCUMENTS for block in blocks.blocks(document)]
    return [block for block in all_blocks if block.document not in ELSEWHERE]


class Walk:
    """Takes blocks of documents by how they begin."""

    def __init__(self, found):
        self._found = found

    def take(self, document, start):
        """The one block of a document that starts so."""
        (block,) = [b for b in self._found if b.document == document and b.text.startswith(start)]
        return block


@pytest.fixture(scope="module")
def walk(found):
    return Walk(found)


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A shell whose folder has the lake of the session that the README shows."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "fixtures").symlink_to(ROOT / "fixtures")
    return Shell(folder, TRIBUTARY_LISTEN=f"127.0.0.1:{free_port()}")


def agree(shell, block):
    """Runs the steps of a block; each must print what is shown."""
    address = shell.variable("TRIBUTARY_LISTEN")
    steps = list(block.steps)
    commands = [command.replace("127.0.0.1:8080", address) for command, _ in steps]
    for (command, shown), printed in zip(steps, shell.run(commands), strict=True):
        assert compared(printed) == compared(shown), command


@pytest.fixture(scope="module")
def session(shell, walk):
    """The session; later blocks look at its lake."""
    agree(shell, walk.take("README.md", "$ export TRIBUTARY_WEBHOOK_SECRETS"))
    return shell.folder


def test_duckdb_reads_the_lake_as_shown(session, walk, monkeypatch):
    monkeypatch.chdir(session)
    rows = duckdb.sql(walk.take("README.md", "SELECT channel, count(*) AS sessions").text)
    shown = walk.take("README.md", "┌─").text
    cells = re.findall(r"^│ ([^│]+?) +│ +(\d+) │$", shown, re.MULTILINE)
    assert [(name, int(n)) for name, n in cells] == rows.fetchall()


def test_polars_reads_the_lake(session, walk, monkeypatch):
    monkeypatch.chdir(session)
    block = walk.take("docs/readers.md", "from pathlib import Path")
    first, second = [line for line in block.text.splitlines() if line.startswith("pl.")]
    names = {"pl": pl, "Path": Path}
    devices = eval(first, names)
    assert devices.columns == ["device", "len"] and len(devices) > 1
    assert eval(second, names).item() == 5000


def test_goals_and_reports_of_ones_own_hold(session, shell, walk):
    goals = walk.take("docs/configuration.md", "[[goals]]")
    (session / "goals.toml").write_text(goals.text)
    assert len(tomllib.loads(goals.text)["goals"]) == 3
    own = walk.take("docs/configuration.md", "-- title: Countries")
    (session / "my-queries").mkdir()
    (session / "my-queries" / "countries.sql").write_text(own.text)
    by_flags = walk.take("docs/configuration.md", "tributary report models --goal")
    countries = walk.take("docs/configuration.md", "tributary report countries --queries")
    asked = [f"{by_flags.first} --format csv", "tributary report models --config goals.toml"]
    asked += [f"{countries.first} --format csv"]
    first, second, third = shell.run(asked)
    assert first.startswith("dimension,first_touch,") and "linear" in second
    rows = [line.split(",") for line in third.splitlines()]
    assert rows[0] == ["country", "sessions"] and len(rows) > 5
    assert all(int(n) >= 5 for _, n in rows[1:])


def test_a_report_is_added_as_shown(session, shell, walk):
    own = walk.take("CONTRIBUTING.md", "-- title: Weekdays")
    (session / "more-queries").mkdir()
    (session / "more-queries" / "weekdays.sql").write_text(own.text)
    asked = "tributary report weekdays --queries more-queries --from 2026-02-01 --format csv"
    rows = [line.split(",") for line in shell.run([asked])[0].splitlines()]
    assert rows[0] == ["weekday", "sessions"] and len(rows) == 8


def test_import_and_load_say_what_is_shown(tmp_path, walk):
    shell = Shell(tmp_path, TRIBUTARY_LISTEN="127.0.0.1:0")
    events = output_of("generate", 500)
    (tmp_path / "e.ndjson").write_text(events)
    (tmp_path / "e.ndjson.gz").write_bytes(gzip.compress(events.encode()))
    agree(shell, walk.take("README.md", "$ tributary import e.ndjson"))
    (tmp_path / "deals.csv").write_text(
        "conversion,converted_at,email,value\n"
        "deal,2026-03-01T10:00:00Z,ada@example.com,100\n"
        "deal,2026-03-02T10:00:00Z,bob@example.com,200\n"
    )
    agree(shell, walk.take("README.md", "$ tributary load conversions"))


def test_a_lake_is_compacted_and_forgets_as_shown(tmp_path, walk):
    shell = Shell(tmp_path, TRIBUTARY_LISTEN="127.0.0.1:0")
    for seed in (1, 2, 3):
        events = tmp_path / f"{seed}.ndjson"
        events.write_text(output_of("generate", 2000, "--seed", seed))
        output_of("import", events, cwd=tmp_path)
    ((compact, compacted),) = walk.take("docs/operations.md", "$ tributary compact").steps
    ((forget, receipt),) = walk.take("docs/operations.md", "$ tributary forget").steps
    assert compared(shell.run([compact])[0]) == compared(compacted)
    printed = shell.run([forget])[0]
    # The files' bytes depend on when their events came in.
    without_bytes = [re.sub(r"(,\d+){2}$", "", line) for line in printed.splitlines()]
    shown = [re.sub(r"(,\d+){2}$", "", line) for line in receipt.splitlines()]
    assert compared("\n".join(without_bytes)) == compared("\n".join(shown))
    to_file = ["--email", "ada@example.com", "--format", "json", "-o", "receipt.json"]
    output_of("forget", *to_file, cwd=tmp_path)
    assert (tmp_path / "receipt.json").exists()


def test_settings_are_taken(tmp_path, walk):
    shown = walk.take("docs/configuration.md", "# tributary.toml")
    assert tomllib.loads(shown.text)["flush-interval"] == "5m"
    (tmp_path / "secrets").write_text(SECRET)
    own = shown.text.replace("/etc/tributary", str(tmp_path))
    own = own.replace("s3://my-bucket/web", "lake").replace("/var/lib/tributary", str(tmp_path))
    (tmp_path / "tributary.toml").write_text(own)
    assert "1 webhook secret can be used" in output_of("check", cwd=tmp_path)
    tokens = walk.take("docs/configuration.md", "[[tokens]]").text.replace("7c1e…", "7c1e" * 8)
    (tmp_path / "tokens.toml").write_text(tokens)
    (tmp_path / "tokens.toml").chmod(0o600)
    assert "1 token can be read" in output_of("check", "--tokens-file", "tokens.toml", cwd=tmp_path)
    channels = walk.take("docs/channels.md", "[[channels]]")
    (tmp_path / "tributary.toml").write_text(channels.text)
    (tmp_path / "e.ndjson").write_text(output_of("generate", 20))
    output_of("import", "e.ndjson", cwd=tmp_path)
    scrape = walk.take("docs/operations.md", "scrape_configs:")
    (job,) = yaml.safe_load(scrape.text)["scrape_configs"]
    assert job["job_name"] == "tributary"


def test_check_says_what_is_shown(tmp_path, walk):
    shell = Shell(tmp_path, TRIBUTARY_LISTEN="127.0.0.1:0", TRIBUTARY_WEBHOOK_SECRETS=SECRET)
    (tmp_path / "e.ndjson").write_text(output_of("generate", 5000))
    output_of("import", "e.ndjson", cwd=tmp_path)
    agree(shell, walk.take("docs/operations.md", "$ tributary check"))


def test_replay_goes_as_shown(tmp_path, walk):
    events = output_of("generate", 500, "--days", 10)
    broken = 'hello\n{"id":"evt_x","data":{}}\n'
    (tmp_path / "e.ndjson").write_text(events + broken)
    output_of("import", "e.ndjson", cwd=tmp_path)
    shell = Shell(tmp_path, TRIBUTARY_LISTEN="127.0.0.1:0")
    agree(shell, walk.take("docs/operations.md", "$ tributary replay --dry-run"))


def test_every_block_is_run_or_named(found):
    """Which blocks the tests above take stands in their text."""
    text = Path(__file__).read_text("utf-8")
    taken = re.findall(r'walk\.take\("([^"]+)", "([^"]+)"\)', text)
    assert len(taken) > 10
    named = {(block.document, block.first) for block in found}
    assert set(NOT_RUN) <= named, "named here and gone from the documents"
    left = {
        (document, first)
        for document, first in named - set(NOT_RUN)
        if not any(document == of and first.startswith(start) for of, start in taken)
    }
    assert left == set()


def options_of(command):
    """The options that `--help` lists, with their defaults."""
    text = re.sub(r"\s+", " ", run(*command, "--help").stdout)
    found = re.findall(r"(--[a-z][a-z-]+)(?: <|\[=<| |\.)", text)
    return set(found) - {"--help", "--version"}


def test_documents_name_only_options_that_are_there():
    """Options of other programs stand behind their names, not alone in backticks."""
    listed = re.findall(r"^  ([a-z]+) ", run("help").stdout, re.MULTILINE)
    commands = [name for name in listed if name != "help"]
    known = set().union(*(options_of([name]) for name in commands))
    # That page has options of Ballista's own programs.
    for document in (document for document in DOCUMENTS if document.name != "scale.md"):
        told = set(re.findall(r"`(--[a-z][a-z-]+)", document.read_text("utf-8")))
        assert told <= known, f"{document.name}: {told - known}"

