"""Compaction: fewer files, each session once, and no reader and no report that notices."""

import csv
import io

import pytest
from deltalake import DeltaTable

import lakes
from contract import TABLES
from program import Ingester, output_of, run

# What two ingesters got is there once after compaction; of these tables, each event's rows.
ONCE = {"sessions": "session_id", "raw_events": "webhook_id", "utm": "session_id"}


@pytest.fixture
def doubled(tmp_path):
    """A lake into which two ingesters wrote the same 300 events, flushing all the time."""
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "lake").symlink_to(tmp_path / "lake")
    (tmp_path / "lake").mkdir()
    often = ["--flush-rows", "40", "--compact-interval", "0s"]
    with Ingester(tmp_path, *often) as one, Ingester(tmp_path / "second", *often) as other:
        for ingester in (one, other):
            output_of("generate", 300, "--days", 4, "--to", ingester.url)
        assert (one.stop(), other.stop()) == (0, 0)
    return tmp_path / "lake"


def test_reports_are_the_same_and_files_are_few(doubled):
    before = reports(doubled)
    n_before = sum(map(len, (lakes.n_files(doubled, table) for table in TABLES)))
    said = run("compact", "--lake", doubled, "--grace", "0s")
    assert said.returncode == 0, said.stderr
    assert "partitions" in said.stderr and n_before > 0
    assert reports(doubled) == before
    for table in TABLES:
        assert set(lakes.n_files(doubled, table).values()) <= {1, 0}, table
    counts = lakes.counts_of_files(doubled)
    assert counts == lakes.counts_by_log(doubled) == lakes.counts_by_polars(doubled)
    assert (counts["sessions"], counts["raw_events"], counts["utm"]) == (300, 300, 300)
    again = run("compact", "--lake", doubled, "--grace", "0s")
    assert "nothing to compact" in again.stderr
    checked = output_of("check", "--lake", doubled, "--journal", doubled / "none")
    assert "problem" not in checked


def test_a_reader_that_began_before_finishes(doubled):
    old = {table: DeltaTable(doubled / table) for table in ONCE}
    n_before = {table: delta.to_pyarrow_dataset().count_rows() for table, delta in old.items()}
    # The old files wait for readers longer than this reader takes.
    output_of("compact", "--lake", doubled, "--grace", "2s", "--from", "2026-01-01")
    stale = [DeltaTable(doubled / table) for table in ONCE]
    assert [delta.to_pyarrow_dataset().count_rows() for delta in stale] == [300, 300, 300]
    assert set(n_before.values()) == {600}


def test_what_is_replaced_lies_there_until_its_grace_is_over(doubled):
    started = [DeltaTable(doubled / table).to_pyarrow_dataset() for table in ONCE]
    with Ingester(doubled.parent, "--compact-interval", "1s", "--compact-grace", "1h") as keeper:
        wait_for(keeper, "lake is compacted")
        # Their files were listed before, and are opened now.
        assert [dataset.count_rows() for dataset in started] == [600, 600, 600]
        assert [dataset.to_table().num_rows for dataset in started] == [600, 600, 600]
        assert keeper.stop() == 0
    assert "replaced files are removed" not in keeper.log()
    assert lakes.counts_by_log(doubled)["sessions"] == 300
    output_of("compact", "--lake", doubled, "--grace", "0s")
    assert lakes.counts_of_files(doubled)["sessions"] == 300


def test_other_engines_read_a_table_with_a_checkpoint(doubled):
    counts = lakes.counts_by_log(doubled)
    output_of("compact", "--lake", doubled, "--to", "2000-01-01", "--checkpoint-entries", "3")
    log = doubled / "sessions" / "_delta_log"
    assert list(log.glob("*.checkpoint.*.json")) and (log / "_last_checkpoint").exists()
    assert not list(log.glob("*.parquet"))
    for entry in log.glob("0*[0-9].json"):
        entry.unlink()
    assert not list(log.glob("0000000000000000000?.json"))
    assert lakes.counts_by_log(doubled) == lakes.counts_by_polars(doubled) == counts
    sessions = output_of("sql", "--lake", doubled, "--format", "csv", "SELECT count(*) FROM files.sessions")
    assert sessions.splitlines()[1] == str(counts["sessions"])


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--target-size", "3", "1MiB to 1GiB"),
        ("--retain", "5s", "1d or more"),
        ("--grace", "soon", "duration"),
        ("--from", "yesterday", "2026-02-28"),
    ],
)
def test_a_wrong_option_says_what_is_right(tmp_path, option, value, hint):
    done = run("compact", "--lake", tmp_path, option, value)
    assert done.returncode == 2 and hint in done.stderr and done.stderr.count("\n") == 1


def wait_for(ingester, message):
    import time

    end = time.monotonic() + 60
    while message not in ingester.log():
        assert time.monotonic() < end, ingester.log()
        time.sleep(0.1)


def reports(lake):
    """What every bundled report prints, but for the one line that counts copies."""
    listed = output_of("report", "--lake", lake, "--format", "csv").splitlines()
    names = [row[0] for row in csv.reader(listed[1:])]
    assert len(names) > 20
    needs = {"account": ["--account", "none"], "person": ["--person", "none"]}
    printed = {}
    for name in names:
        options = needs.get(name, [])
        text = output_of("report", name, "--lake", lake, "--format", "csv", *options)
        rows = list(csv.reader(io.StringIO(text)))
        printed[name] = [row for row in rows if "more than once" not in " ".join(row)]
    return printed
