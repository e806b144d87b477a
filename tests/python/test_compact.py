"""Compaction: fewer files, each session once, and no reader and no report that notices."""

import shutil
import subprocess
import time

import pytest
from deltalake import DeltaTable, QueryBuilder

import duck
import lakes
from contract import TABLES
from program import Ingester, command, environment, output_of, run

REPORTS = [path.stem for path in duck.QUERIES.glob("*.sql") if path.stem != "duckdb"]
# What two ingesters got is there once after compaction; of these tables, each event's rows.
ONCE = {"sessions": "session_id", "raw_events": "webhook_id", "utm": "session_id"}


@pytest.fixture
def doubled(tmp_path, original):
    """A copy of the lake."""
    return shutil.copytree(original, tmp_path / "lake")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A lake into which two ingesters wrote the same 300 events, flushing all the time."""
    tmp_path = tmp_path_factory.mktemp("doubled")
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
    before = lakes.reports(doubled, REPORTS)
    n_before = sum(map(len, (lakes.n_files(doubled, table) for table in TABLES)))
    said = run("compact", "--lake", doubled, "--grace", "0s")
    assert said.returncode == 0, said.stderr
    assert "partitions" in said.stderr and n_before > 0
    assert lakes.reports(doubled, REPORTS) == before
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
    started = [DeltaTable(doubled / table).to_pyarrow_dataset() for table in ONCE]
    line = command("compact", "--lake", doubled, "--grace", "8s")
    compaction = subprocess.Popen(line, env=environment())
    end = time.monotonic() + 60
    while any(DeltaTable(doubled / table).to_pyarrow_dataset().count_rows() > 300 for table in ONCE):
        assert time.monotonic() < end and compaction.poll() is None
    # Every table has its new version. The files of the old one are opened now.
    assert [dataset.to_table().num_rows for dataset in started] == [600, 600, 600]
    assert compaction.wait(60) == 0
    assert {table: lakes.counts_of_files(doubled)[table] for table in ONCE} == dict.fromkeys(ONCE, 300)


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


def test_own_checkpoints_do_not_show_in_the_log(doubled):
    counts = lakes.counts_by_log(doubled)
    output_of("compact", "--lake", doubled, "--to", "2000-01-01", "--log-entries", "3")
    log = doubled / "sessions" / "_delta_log"
    assert not list(log.glob("*checkpoint*"))
    assert len(list((doubled / "_tributary" / "log" / "sessions").iterdir())) == 1
    assert lakes.counts_by_log(doubled) == lakes.counts_by_polars(doubled) == counts
    # The program goes by it, and looks into no entry but the last.
    for entry in sorted(log.glob("0*.json"))[:-1]:
        entry.write_text("", "utf-8")
    assert own_count(doubled) == counts["sessions"]


def test_a_checkpoint_of_a_table_that_was_made_anew_is_not_believed(doubled):
    output_of("compact", "--lake", doubled, "--to", "2000-01-01", "--log-entries", "3")
    shutil.rmtree(doubled / "sessions")
    assert own_count(doubled) == 0
    file = doubled.parent / "more.ndjson"
    file.write_text(output_of("generate", 5), "utf-8")
    output_of("import", "--lake", doubled, "--journal", doubled.parent / "new", file)
    assert own_count(doubled) == lakes.counts_by_log(doubled)["sessions"] == 5


def test_a_checkpoint_takes_the_place_of_entries_for_those_who_know_it(doubled):
    n_sessions = lakes.counts_by_log(doubled)["sessions"]
    options = ["--to", "2000-01-01", "--publish-checkpoints", "--log-entries", "3"]
    output_of("compact", "--lake", doubled, *options)
    log = doubled / "sessions" / "_delta_log"
    assert list(log.glob("*.checkpoint.*.json")) and (log / "_last_checkpoint").exists()
    assert not list(log.glob("*.parquet"))
    for entry in sorted(log.glob(f"{'[0-9]' * 20}.json"))[:-1]:
        entry.unlink()
    assert own_count(doubled) == n_sessions
    # The reader of deltalake's own engine knows the feature; its bridge to pyarrow does not.
    table = DeltaTable(doubled / "sessions")
    sql = "SELECT count(*) AS n FROM sessions"
    answer = QueryBuilder().register("sessions", table).execute(sql).read_all()
    assert answer["n"][0].as_py() == n_sessions


def test_killed_anywhere_it_loses_and_doubles_nothing(doubled):
    expected = lakes.counts_by_log(doubled) | {"sessions": 300, "raw_events": 300}
    line = command("compact", "--lake", doubled, "--grace", "0s", "--log-entries", "2")
    for tenths in range(1, 20, 2):
        compaction = subprocess.Popen(line, env=environment(), stderr=subprocess.DEVNULL)
        time.sleep(tenths / 10)
        compaction.kill()
        compaction.wait()
        sql = "SELECT count(*), count(DISTINCT session_id) FROM sessions"
        assert output_of("sql", "--lake", doubled, "--format", "csv", sql).splitlines()[1] == "300,300"
    output_of("compact", "--lake", doubled, "--grace", "0s")
    counts = lakes.counts_of_files(doubled)
    assert counts == lakes.counts_by_log(doubled)
    assert {t: counts[t] for t in ONCE} == dict.fromkeys(ONCE, 300)
    assert counts["pageviews"] * 2 == expected["pageviews"]
    assert all(set(lakes.n_files(doubled, table).values()) <= {1} for table in TABLES)


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


def own_count(lake):
    sql = "SELECT count(*) FROM files.sessions"
    return int(output_of("sql", "--lake", lake, "--format", "csv", sql).splitlines()[1])


def wait_for(ingester, message):
    end = time.monotonic() + 60
    while message not in ingester.log():
        assert time.monotonic() < end, ingester.log()
        time.sleep(0.1)
