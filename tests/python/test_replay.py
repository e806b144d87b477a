"""What is flattened again is what a fresh import of the same bodies gives, whatever came between."""

import json
import random
import shutil
import subprocess
import time

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

import duck
from contract import TABLES
from program import DONE_SECONDS_MAX, Ingester, command, environment, output_of, run

# When an event came in is all that may differ from a fresh import.
OF_THE_WAY_IN = {"received_at", "signature_scheme"}
# Dead letters come last.
REPLAYED = [table for table in TABLES if table not in {"conversions", "spend"}]
# The order in which a replay commits the tables.
COMMITTED = [t for t in REPLAYED if t not in {"raw_events", "dead_letters"}]
COMMITTED += ["raw_events", "dead_letters"]
RULES = """
[[channels]]
channel = "Ours"
field = "source"
operator = "equals"
value = "google"
"""
ALL_DAYS = ["--from", "2000-01-01", "--to", "2100-01-01"]
N_BROKEN = 20


def import_into(folder, bodies, *options):
    output_of(*options, "--lake", folder / "lake", "import", "--journal", folder / "j", bodies)
    return folder / "lake"


def replay(lake, *options):
    done = run("--lake", lake, "replay", *options)
    assert done.returncode == 0, done.stderr
    return done.stderr.strip()


@pytest.fixture(scope="module")
def few(tmp_path_factory, payloads):
    """A folder of events over three days, some of them odd."""
    folder = tmp_path_factory.mktemp("few")
    (folder / "generated.ndjson").write_text(output_of("generate", "300", "--days", "3"), "utf-8")
    for name, body in payloads:
        (folder / f"{name}.json").write_bytes(body)
    odd = json.loads(payloads[-1][1]) | {"id": "evt_odd"}
    odd["data"]["session"] = {"createdAt": 1767312000000, "screen": {"width": "wide"}}
    odd["type"] = "identity.session.finalized"
    (folder / "odd.ndjson").write_bytes(json.dumps(odd).encode() + b"\nno json\n\xff\xfe\n")
    return folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, few):
    return import_into(tmp_path_factory.mktemp("fresh"), few)


def letters_of(lake):
    """The events that are dead letters of themselves: another's id does not count."""
    letters = DeltaTable(lake / "dead_letters").to_pyarrow_table().to_pylist()
    return {row["event_id"] for row in letters if row["reason"] != "id_conflict"}


@pytest.fixture(scope="module")
def broken(tmp_path_factory, fresh):
    """The fresh lake as a program would have left it that could not read some of its events."""
    lake = tmp_path_factory.mktemp("broken") / "lake"
    shutil.copytree(fresh, lake)
    raw = DeltaTable(lake / "raw_events").to_pyarrow_table()
    dead = letters_of(fresh)
    ids = [e for e in raw["event_id"].to_pylist() if e.startswith("evt_") and e not in dead]
    ids = ids[:N_BROKEN]
    names = ", ".join(f"'{event_id}'" for event_id in ids)
    rows = raw.filter(pc.is_in(raw["event_id"], pa.array(ids, raw["event_id"].type)))
    for table in REPLAYED[:-1]:
        if DeltaTable(lake / table).to_pyarrow_table().num_rows > 0:
            DeltaTable(lake / table).delete(f"event_id IN ({names})")
    # Without an envelope the day is that of receipt, and nothing is known of the event.
    unread = {"tenant", "session_id", "visitor_id", "type", "created_at"}
    for name in unread:
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, pa.nulls(rows.num_rows, rows.schema.field(name).type))
    day = pc.cast(pc.cast(rows["received_at"], pa.timestamp("us", "UTC")), pa.date32())
    rows = rows.set_column(rows.column_names.index("date"), "date", day)
    # Without the comments of the columns, which the package won't merge.
    rows = pa.table({name: rows[name] for name in rows.column_names})
    write_deltalake(lake / "raw_events", rows, mode="append")
    letters = rows.select([n for n in rows.column_names if n not in {"created_at", "signature_scheme"}])
    for name, value in {"reason": "not_json", "path": "line 1"}.items():
        letters = letters.append_column(name, pa.array([value] * rows.num_rows, pa.string()))
    write_deltalake(lake / "dead_letters", letters, mode="append")
    return lake


@pytest.fixture(scope="module")
def mended(tmp_path_factory, broken, fresh):
    """The broken lake after its dead letters were flattened again."""
    lake = tmp_path_factory.mktemp("mended") / "lake"
    shutil.copytree(broken, lake)
    n_dead = len(letters_of(fresh))
    whole = f"{N_BROKEN + n_dead} events flattened again: {N_BROKEN} whole"
    assert replay(lake) == f"{whole}, {n_dead} still dead letters"
    return lake


def check_same(lake, other, leaving=()):
    """Compares the files of two lakes, as they lie, row for row."""
    database = duck.connect()
    for name, folder in {"one": lake, "other": other}.items():
        database.execute(f"CREATE SCHEMA {name}")
        for table in REPLAYED:
            duck.add_files(database, folder, table, schema=name)
    for table in REPLAYED:
        names = [f'"{n}"' for n in duck.columns(database, f"one.{table}") if n not in leaving]
        select = f"SELECT {', '.join(names)} FROM"
        for left, right in [("one", "other"), ("other", "one")]:
            difference = f"{select} {left}.{table} EXCEPT ALL {select} {right}.{table}"
            ids = database.execute(f"SELECT event_id FROM ({difference}) LIMIT 3").fetchall()
            assert ids == [], f"{table}: only in {left}"
    check_delta(lake, database)


def check_delta(lake, database):
    """The log names the files that are there, and their rows."""
    for table in REPLAYED:
        delta = DeltaTable(lake / table)
        named = {uri.rsplit(f"/{table}/", 1)[1] for uri in delta.file_uris()}
        lying = {str(p.relative_to(lake / table)) for p in (lake / table).glob("**/*.parquet")}
        assert named == lying, table
        ids = sorted(delta.to_pyarrow_table()["event_id"].to_pylist())
        found = database.execute(f"SELECT event_id FROM one.{table}").fetchall()
        assert ids == sorted(event_id for (event_id,) in found), table


def versions(lake):
    return {table: DeltaTable(lake / table).version() for table in REPLAYED}


def test_dead_letters_that_can_be_read_now_become_rows(mended, fresh):
    check_same(mended, fresh)


def test_a_second_time_nothing_is_written(mended):
    before = versions(mended)
    n = len(letters_of(mended))
    text = f"{n} events flattened again: 0 whole, {n} still dead letters; no row changes"
    assert replay(mended) == text
    assert "no row changes" in replay(mended, *ALL_DAYS)
    assert versions(mended) == before


def test_a_rehearsal_writes_nothing(broken):
    before = versions(broken)
    files = sorted(broken.glob("**/*"))
    text = replay(broken, "--dry-run")
    assert f" events would be flattened again: {N_BROKEN} whole, " in text
    assert (versions(broken), sorted(broken.glob("**/*"))) == (before, files)


def test_a_reason_picks_its_letters(tmp_path, broken):
    lake = tmp_path / "lake"
    shutil.copytree(broken, lake)
    assert replay(lake, "--reason", "not_utf8").startswith("1 events flattened again: 0 whole, 1 ")
    assert f" flattened again: {N_BROKEN} whole, " in replay(lake, "--reason", "not_json")


def test_new_rules_for_channels_reach_old_days(tmp_path, few, fresh):
    settings = tmp_path / "tributary.toml"
    settings.write_text(RULES, "utf-8")
    lake = tmp_path / "lake"
    shutil.copytree(fresh, lake)
    done = run("--config", settings, "--lake", lake, "replay", *ALL_DAYS)
    assert done.returncode == 0, done.stderr
    again = tmp_path / "again"
    again.mkdir()
    other = import_into(again, few, "--config", settings)
    check_same(lake, other, leaving=OF_THE_WAY_IN | {"date"})
    channels = duck.open_files(lake).execute("SELECT DISTINCT channel FROM files.utm").fetchall()
    assert ("Ours",) in channels


@pytest.mark.parametrize("n_committed", range(1, len(COMMITTED)))
def test_a_run_that_ended_between_commits_is_done_by_the_next(
    tmp_path, broken, mended, n_committed
):
    lake = tmp_path / "lake"
    shutil.copytree(broken, lake)
    for table in COMMITTED[:n_committed]:
        shutil.rmtree(lake / table)
        shutil.copytree(mended / table, lake / table)
    replay(lake)
    check_same(lake, mended)


def test_files_of_a_run_that_ended_before_it_could_commit_or_delete_go(tmp_path, broken, mended):
    for base, more in [(broken, mended), (mended, broken)]:
        lake = tmp_path / base.parent.name
        shutil.copytree(base, lake)
        for path in more.glob("*/date=*/*.parquet"):
            target = lake / path.relative_to(more)
            target.parent.mkdir(exist_ok=True)
            if not target.exists():
                shutil.copy(path, target)
        notes = run("--lake", lake, "check").stdout
        assert "note     dead letters: 1 of reason not_utf8" in notes
        replay(lake)
        check_same(lake, mended)


def test_a_run_that_is_killed_at_any_moment_is_done_by_the_next(tmp_path, broken, mended):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    moments = random.Random(seed)
    for number in range(8):
        lake = tmp_path / f"lake-{number}"
        shutil.copytree(broken, lake)
        process = subprocess.Popen(command("--lake", lake, "replay", "-q"), env=environment())
        time.sleep(moments.uniform(0.1, 4))
        process.kill()
        process.wait(DONE_SECONDS_MAX)
        replay(lake)
        check_same(lake, mended)


def test_days_are_flattened_again_beside_a_running_ingester(tmp_path):
    send = ["generate", "1500", "--days", "2"]
    with Ingester(tmp_path, "--flush-interval", "1s", "--flush-rows", "100") as ingester:
        line = command(*send, "--to", ingester.url, "--connections", "2", "-q")
        sender = subprocess.Popen(line, env=environment())
        n_runs = 0
        while sender.poll() is None or n_runs == 0:
            replay(ingester.lake, *ALL_DAYS)
            settings = tmp_path / "tributary.toml"
            settings.write_text(RULES, "utf-8")
            done = run("--config", settings, "--lake", ingester.lake, "replay", *ALL_DAYS)
            assert done.returncode == 0, done.stderr
            n_runs += 1
        assert ingester.stop() == 0
    replay(ingester.lake, *ALL_DAYS)
    (tmp_path / "bodies.ndjson").write_text(output_of(*send), "utf-8")
    again = tmp_path / "again"
    again.mkdir()
    check_same(ingester.lake, import_into(again, tmp_path / "bodies.ndjson"), OF_THE_WAY_IN)
