"""A lake of the first release is read and written by this one; one of a later release is left."""

import json
import tarfile

import pytest

import lakes
from conftest import FIXTURES
from contract import TABLES
from program import Ingester, output_of, run
from webhook import post_signed


@pytest.fixture
def golden(tmp_path):
    """A lake that version 0.1.0 wrote: 10 generated events, the payloads, a deal, a day's spend."""
    with tarfile.open(FIXTURES / "lake-0.1.0.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "lake"


def test_the_first_releases_lake_is_read_and_goes_on(tmp_path, golden):
    counts = lakes.counts_by_log(golden)
    assert (counts["raw_events"], counts["conversions"], counts["spend"]) == (17, 1, 1)
    assert lakes.counts_of_files(golden) == counts == own_counts(golden)
    assert len(output_of("report", "overview", "--lake", golden, "--format", "csv").splitlines()) > 2
    file = tmp_path / "more.ndjson"
    file.write_text(output_of("generate", 30, "--seed", 5, "--days", 2), "utf-8")
    output_of("import", "--lake", golden, "--journal", tmp_path / "journal", file)
    output_of("replay", "--lake", golden, "--from", "2026-01-01")
    output_of("compact", "--lake", golden, "--grace", "0s")
    assert own_counts(golden)["raw_events"] == lakes.counts_of_files(golden)["raw_events"] == 47
    address = a_persons_address(golden)
    output_of("forget", "--lake", golden, "--email", address, "--journal", tmp_path / "journal")
    assert own_counts(golden)["raw_events"] < 47
    assert "problem" not in output_of("check", "--lake", golden, "--journal", tmp_path / "journal")


def break_format(lake):
    (lake / "_tributary").mkdir(exist_ok=True)
    (lake / "_tributary" / "format.json").write_text('{"format": 2}', "utf-8")


def break_protocol(lake):
    """Gives the tables a feature that nobody knows yet, in a lake that has its identity."""
    mark = lake / "_tributary" / "format.json"
    mark.parent.mkdir(exist_ok=True)
    mark.write_text('{"format": 1, "id": "6f0c8a52-57c1-4f5e-9d0e-0b7a4f1c2d3e"}', "utf-8")
    features = {"readerFeatures": ["tomorrow"], "writerFeatures": ["tomorrow"]}
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7} | features}
    for log in lake.glob("*/_delta_log"):
        version = len(list(log.glob("*.json")))
        (log / f"{version:020}.json").write_text(json.dumps(protocol) + "\n", "utf-8")


@pytest.mark.parametrize("breaks", [break_format, break_protocol])
@pytest.mark.parametrize(
    "command",
    [
        ["report", "overview"],
        ["sql", "SELECT count(*) FROM sessions"],
        ["import", "--journal", "journal", "events.ndjson"],
        ["serve", "--journal", "journal", "--allow-unsigned", "--listen", "127.0.0.1:0"],
        ["compact"],
        ["forget", "--email", "ada@example.com"],
        ["replay", "--from", "2026-01-01"],
        ["load", "spend", "spend.csv"],
    ],
    ids=lambda words: words[0],
)
def test_a_later_releases_lake_is_refused_and_not_touched(tmp_path, golden, breaks, command):
    (tmp_path / "events.ndjson").write_text(output_of("generate", 3), "utf-8")
    (tmp_path / "spend.csv").write_text("day,source,medium,amount\n2026-01-03,x,y,1\n", "utf-8")
    if command[0] == "serve" and breaks is break_protocol:
        return takes_webhooks(tmp_path, golden)
    breaks(golden)
    before = {path: path.read_bytes() for path in golden.rglob("*") if path.is_file()}
    done = run(*command, "--lake", golden, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr.strip().count("\n") == 0, done.stderr
    assert {path: path.read_bytes() for path in golden.rglob("*") if path.is_file()} == before


def takes_webhooks(folder, golden):
    """What a table's log says keeps no webhook out; nothing is written to the tables."""
    break_protocol(golden)
    before = {path: path.read_bytes() for path in golden.rglob("*") if path.is_file()}
    with Ingester(folder) as ingester:
        body = output_of("generate", 1).encode()
        assert post_signed(ingester.address, json.loads(body)["id"], body)[0] == 200
        assert ingester.stop() == 1
        assert "tomorrow" in ingester.log()
    assert {path: path.read_bytes() for path in golden.rglob("*") if path.is_file()} == before


def own_counts(lake):
    counts = " UNION ALL ".join(f"SELECT '{t}' AS t, count(*) AS n FROM files.{t}" for t in TABLES)
    printed = output_of("sql", "--lake", lake, "--format", "csv", counts)
    lines = [line.split(",") for line in printed.splitlines()[1:]]
    return {table: int(n) for table, n in lines}


def a_persons_address(lake):
    sql = "SELECT min(email) FROM people WHERE email IS NOT NULL"
    return output_of("sql", "--lake", lake, "--format", "csv", sql).splitlines()[1]
