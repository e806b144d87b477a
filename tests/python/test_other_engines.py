"""Another engine gives tables features, constraints and columns, or takes one away, beside `serve`."""

import json
import shutil
import time
import urllib.request
from pathlib import Path

import pytest
from deltalake import DeltaTable, Field, TableFeatures
from deltalake.schema import PrimitiveType

import lakes
from contract import TABLES
from program import Ingester, output_of, run
from webhook import post_signed

WAIT_SECONDS = 60
OPTIONS = ["--flush-interval", "200ms", "--compact-interval", "0s"]
TEXT = PrimitiveType("string")


class Sender:
    """Sends generated events one after the other, each once."""

    def __init__(self):
        self._lines = iter(output_of("generate", 400, "--days", 2).splitlines())
        self.sent = []

    def send(self, ingester, n):
        """Sends some; each must be taken."""
        for _ in range(n):
            body = next(self._lines).encode()
            event = json.loads(body)
            assert post_signed(ingester.address, event["id"], body) == (
                200,
                {"status": "accepted", "id": event["id"]},
            )
            self.sent.append(event["id"])


@pytest.fixture
def sender():
    return Sender()


def ids(lake, table):
    """The events of a table's current version, each as often as it is there."""
    rows = DeltaTable(lake / table).to_pyarrow_table(columns=["event_id"])
    return sorted(rows["event_id"].to_pylist())


def wait_for(lake, sender, tables=("sessions", "utm", "raw_events")):
    """Waits until tables have all events that were sent; each must be there once."""
    end = time.monotonic() + WAIT_SECONDS
    while any(ids(lake, table) != sorted(sender.sent) for table in tables):
        assert time.monotonic() < end, {table: len(ids(lake, table)) for table in tables}
        time.sleep(0.1)


def get(ingester, path):
    with urllib.request.urlopen(f"{ingester.url}{path}") as answer:
        return answer.status, answer.read().decode()


def metrics(ingester):
    with urllib.request.urlopen(f"{ingester.dashboard}/metrics") as answer:
        return answer.read().decode()


def wait_for_line(ingester, *words):
    """Waits until `/readyz`, which stays 200, tells all the words."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        status, text = get(ingester, "/readyz")
        assert status == 200 and text.startswith("ready\n")
        if all(word in text for word in words):
            return
        assert time.monotonic() < end, text
        time.sleep(0.05)


def check(lake, journal):
    done = run("check", "--lake", lake, "--journal", journal)
    lines = done.stdout.splitlines()
    return done.returncode, [line for line in lines if line.startswith("problem")]


def add_to_log(table, *actions):
    """Commits actions as another engine would."""
    version = DeltaTable(table).version() + 1
    text = "".join(json.dumps(action) + "\n" for action in actions)
    (table / "_delta_log" / f"{version:020}.json").write_text(text, "utf-8")


def set_property(name, value):
    return lambda table: table.alter.set_table_properties({name: value}, raise_if_not_exists=False)


def add_feature(feature):
    return lambda table: table.alter.add_feature(feature, allow_protocol_versions_increase=True)


def test_features_that_ask_nothing_of_an_append_stop_nothing(tmp_path, sender):
    with Ingester(tmp_path, *OPTIONS) as ingester:
        sender.send(ingester, 2)
        wait_for(ingester.lake, sender)
        for change in [
            set_property("delta.enableChangeDataFeed", "true"),
            set_property("delta.enableChangeDataFeed", "false"),
            set_property("delta.appendOnly", "true"),
            set_property("delta.appendOnly", "false"),
            lambda table: table.alter.add_columns([Field("note", TEXT)]),
            add_feature(TableFeatures.GeneratedColumns),
            add_feature(TableFeatures.DeletionVectors),
            add_feature(TableFeatures.ColumnMapping),
            add_feature(TableFeatures.TimestampWithoutTimezone),
            add_feature(TableFeatures.IcebergCompatV1),
        ]:
            change(DeltaTable(ingester.lake / "sessions"))
            sender.send(ingester, 2)
            wait_for(ingester.lake, sender, ("raw_events",))
        assert counts(ingester.lake)["sessions"] == len(sender.sent)
        assert get(ingester, "/readyz") == (200, "ready\n")
        assert ingester.stop() == 0
        assert check(ingester.lake, ingester.journal) == (0, [])
    # The features do not keep it from starting either.
    with Ingester(tmp_path, *OPTIONS) as ingester:
        sender.send(ingester, 2)
        assert ingester.stop() == 0
    assert counts(ingester.lake)["sessions"] == len(sender.sent)
    output_of("compact", "--lake", ingester.lake, "--grace", "0s")
    assert counts(ingester.lake)["sessions"] == len(sender.sent)


def counts(lake):
    """Rows that the program itself finds in each table."""
    sql = " UNION ALL ".join(f"SELECT '{t}' AS t, count(*) AS n FROM files.{t}" for t in TABLES)
    printed = output_of("sql", "--lake", lake, "--format", "csv", sql)
    return {name: int(n) for name, n in (line.split(",") for line in printed.splitlines()[1:])}


def test_a_constraint_holds_its_table_back_and_nothing_else(tmp_path, sender):
    with Ingester(tmp_path, *OPTIONS) as ingester:
        lake = ingester.lake
        sender.send(ingester, 20)
        wait_for(lake, sender)
        DeltaTable(lake / "utm").alter.add_constraint({"seen": "visitor_id <> ''"})
        before, files = ids(lake, "utm"), lakes.n_files(lake, "utm")
        for _ in range(3):
            sender.send(ingester, 10)
            wait_for(lake, sender, ("sessions", "raw_events"))
        wait_for_line(ingester, "table utm", "checkConstraints", "DROP CONSTRAINT seen")
        assert ids(lake, "utm") == before and lakes.n_files(lake, "utm") == files
        assert 'tributary_table_blocked{table="utm"} 1' in metrics(ingester)
        code, (problem,) = check(lake, ingester.journal)
        assert code == 1 and "utm" in problem and "checkConstraints" in problem
        assert "ALTER TABLE utm DROP CONSTRAINT seen" in problem
        # Who flattens again would give these events a second row in the table.
        refused = run("replay", "--lake", lake, "--from", "2026-01-01")
        assert refused.returncode == 1 and "\n" not in refused.stderr.strip()
        # An erasure is not done while events wait: they would come in behind it.
        forget = ["forget", "--lake", lake, "--visitor", "nobody", "--journal", ingester.journal]
        done = run(*forget)
        assert done.returncode == 1 and "wait for a table" in done.stderr
        output_of("report", "overview", "--lake", lake)
        # What waits is in the journal, whatever becomes of the process.
        assert ingester.stop() == 1
        assert "table utm can't be written" in ingester.log()
    done = run(*forget)
    assert done.returncode == 1 and "DROP CONSTRAINT seen" in done.stderr
    with Ingester(tmp_path, *OPTIONS) as ingester:
        sender.send(ingester, 10)
        wait_for(lake, sender, ("sessions", "raw_events"))
        assert ids(lake, "utm") == before
        ingester.kill()
    with Ingester(tmp_path, *OPTIONS) as ingester:
        sender.send(ingester, 10)
        wait_for(lake, sender, ("sessions", "raw_events"))
        DeltaTable(lake / "utm").alter.drop_constraint("seen")
        wait_for(lake, sender)
        sender.send(ingester, 10)
        wait_for(lake, sender)
        assert get(ingester, "/readyz") == (200, "ready\n")
        assert 'tributary_table_blocked{table="utm"} 0' in metrics(ingester)
        assert ingester.stop() == 0
    assert check(lake, ingester.journal) == (0, [])
    assert "problem" not in output_of("replay", "--lake", lake, "--from", "2026-01-01")
    wait_for(lake, sender)


@pytest.mark.parametrize(
    ("feature", "change", "remedy"),
    [
        (
            "rowTracking",
            add_feature([TableFeatures.RowTracking, TableFeatures.DomainMetadata]),
            # deltalake changes nothing of such a table.
            lambda table: change_metadata(
                table, configuration={"delta.rowTrackingSuspended": "true"}
            ),
        ),
        (
            "NOT NULL",
            lambda table: set_schema(table, lambda field: field | {"nullable": False}),
            lambda table: table.alter.drop_column_not_null("event_id"),
        ),
        (
            "generatedColumns",
            lambda table: set_schema(
                table, lambda field: field | {"metadata": {"delta.generationExpression": "1"}}
            ),
            lambda table: set_schema(table, lambda field: field | {"metadata": {}}),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ingestion_goes_on_by_itself_behind_the_remedy(tmp_path, sender, feature, change, remedy):
    with Ingester(tmp_path, *OPTIONS) as ingester:
        lake = ingester.lake
        sender.send(ingester, 5)
        wait_for(lake, sender)
        before = ids(lake, "sessions")
        change(DeltaTable(lake / "sessions"))
        sender.send(ingester, 5)
        wait_for(lake, sender, ("utm", "raw_events"))
        wait_for_line(ingester, "table sessions", feature)
        assert counts(lake)["sessions"] == len(before)
        code, (problem,) = check(lake, ingester.journal)
        assert code == 1 and "sessions" in problem and feature in problem
        remedy(DeltaTable(lake / "sessions"))
        wait_for(lake, sender)
        assert ingester.stop() == 0


def set_schema(table, change):
    """Changes the first column in the table's schema, as an engine would that can."""
    schema = json.loads(table.schema().to_json())
    schema["fields"][0] = change(schema["fields"][0])
    change_metadata(table, schemaString=json.dumps(schema))


def change_metadata(table, **changes):
    metadata = table.metadata()
    action = {
        "id": str(metadata.id),
        "name": metadata.name,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": table.schema().to_json(),
        "partitionColumns": metadata.partition_columns,
        "configuration": metadata.configuration,
        "createdTime": metadata.created_time,
    }
    path = Path(table.table_uri.removeprefix("file://"))
    add_to_log(path, {"metaData": action | changes})


def test_a_deleted_folder_is_noticed_and_not_written_into(tmp_path, sender):
    with Ingester(tmp_path, *OPTIONS) as ingester:
        lake = ingester.lake
        sender.send(ingester, 5)
        wait_for(lake, sender)
        shutil.move(lake / "sessions", tmp_path / "sessions")
        sender.send(ingester, 5)
        wait_for(lake, sender, ("utm", "raw_events"))
        wait_for_line(ingester, "table sessions", "its log is gone")
        assert not (lake / "sessions" / "_delta_log").exists()
        assert list((lake / "sessions").rglob("*.parquet")) == []
        code, (problem,) = check(lake, ingester.journal)
        assert code == 1 and "sessions" in problem
        shutil.rmtree(lake / "sessions", ignore_errors=True)
        shutil.move(tmp_path / "sessions", lake / "sessions")
        wait_for(lake, sender)
        # A start begins it anew; what waits for it comes in.
        shutil.rmtree(lake / "sessions")
        sender.send(ingester, 5)
        wait_for(lake, sender, ("utm", "raw_events"))
        assert ingester.stop() == 1
    with Ingester(tmp_path, *OPTIONS) as ingester:
        assert ingester.stop() == 0
    assert ids(lake, "sessions") == sorted(sender.sent[-5:])
    output_of("replay", "--lake", lake, "--from", "2025-01-01")
    assert ids(lake, "sessions") == sorted(sender.sent)


@pytest.fixture
def lake(tmp_path):
    """A lake of some files a day."""
    for seed in (1, 2):
        file = tmp_path / f"{seed}.ndjson"
        file.write_text(output_of("generate", 100, "--seed", seed, "--days", 2), "utf-8")
        output_of("import", "--lake", tmp_path / "lake", "--journal", tmp_path / "journal", file)
    return tmp_path / "lake"


def test_another_engines_column_goes_with_its_rows(tmp_path, lake):
    table = DeltaTable(lake / "sessions")
    table.alter.add_columns([Field("note", TEXT), Field("score", PrimitiveType("double"))])
    table = DeltaTable(lake / "sessions")
    table.update({"note": "concat('n-', session_id)", "score": "0.5"}, predicate="duration_ms > 0")
    noted = notes(lake)
    assert len(noted) > 20
    address = a_persons_address(lake)
    output_of("compact", "--lake", lake, "--grace", "0s")
    assert notes(lake) == noted
    columns = [field.name for field in DeltaTable(lake / "sessions").schema().fields]
    assert columns[-2:] == ["note", "score"]
    # A name that stands in that column alone is found too.
    name = {"note": "'Grace Hopper <grace@navy.example>'"}
    DeltaTable(lake / "sessions").update(name, predicate=f"session_id = '{min(noted)}'")
    for email in (address, "grace@navy.example"):
        output_of("forget", "--lake", lake, "--email", email, "--journal", tmp_path / "journal")
    left = notes(lake)
    assert min(noted) not in left and left.items() <= noted.items()
    assert 0 < len(left) < len(noted)
    assert not any("navy.example" in text for _, text in lakes.texts(lake / "sessions"))
    assert check(lake, tmp_path / "journal") == (0, [])


def notes(lake):
    rows = DeltaTable(lake / "sessions").to_pyarrow_table(columns=["session_id", "note", "score"])
    return {
        row["session_id"]: (row["note"], row["score"])
        for row in rows.to_pylist()
        if row["note"] is not None
    }


def a_persons_address(lake):
    sql = "SELECT min(email) FROM people WHERE email IS NOT NULL"
    return output_of("sql", "--lake", lake, "--format", "csv", sql).splitlines()[1]


@pytest.mark.parametrize(
    ("feature", "name"),
    [("appendOnly", "delta.appendOnly"), ("changeDataFeed", "delta.enableChangeDataFeed")],
)
def test_an_erasure_that_a_table_does_not_allow_is_not_told_as_done(tmp_path, lake, feature, name):
    set_property(name, "true")(DeltaTable(lake / "people"))
    address = a_persons_address(lake)
    forget = ["forget", "--lake", lake, "--email", address, "--journal", tmp_path / "journal"]
    for options in (["--dry-run"], []):
        done = run(*forget, *options)
        assert done.returncode == 1
        assert "people" in done.stderr and feature in done.stderr and name in done.stderr
    holding = {path.parts[len(lake.parts)] for path, text in lakes.texts(lake) if address in text}
    assert holding == {"people"}
    set_property(name, "false")(DeltaTable(lake / "people"))
    # What is left is found by the note of the first run, whoever is asked for now.
    output_of("forget", "--lake", lake, "--visitor", "nobody", "--journal", tmp_path / "journal")
    assert [path for path, text in lakes.texts(lake) if address in text] == []


def test_rows_marked_as_deleted_are_not_shown_and_other_tables_are(lake):
    # The one that the protocol has for an example.
    text = "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L"
    vector = {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": 40, "cardinality": 6}
    log = sorted((lake / "companies" / "_delta_log").glob("*.json"))[-1].read_text("utf-8")
    add = next(action["add"] for action in map(json.loads, log.splitlines()) if "add" in action)
    features = ["deletionVectors"]
    add_to_log(
        lake / "companies",
        {
            "protocol": {
                "minReaderVersion": 3,
                "minWriterVersion": 7,
                "readerFeatures": features,
                "writerFeatures": [*features, "appendOnly", "invariants"],
            }
        },
        {"remove": {"path": add["path"], "dataChange": True, "deletionTimestamp": 0}},
        {"add": add | {"deletionVector": vector}},
    )
    done = run("sql", "--lake", lake, "SELECT count(*) FROM companies")
    assert done.returncode == 1 and done.stderr.strip().count("\n") == 0, done.stderr
    assert "table companies" in done.stderr and "deletionVectors" in done.stderr
    output_of("sql", "--lake", lake, "SELECT count(*) FROM sessions")
    output_of("report", "overview", "--lake", lake)
    done = run("compact", "--lake", lake, "--grace", "0s")
    assert done.returncode == 1 and "companies" in done.stderr and "REORG" in done.stderr
    assert set(lakes.n_files(lake, "sessions").values()) == {1}
    code, problems = check(lake, lake.parent / "journal")
    assert code == 1 and any("companies" in line and "REORG" in line for line in problems)


def test_a_load_is_refused_before_anything_is_written(tmp_path, lake):
    file = tmp_path / "spend.csv"
    file.write_text("day,source,medium,amount\n2026-01-03,x,y,1\n", "utf-8")
    output_of("load", "spend", "--lake", lake, file)
    DeltaTable(lake / "spend").alter.add_constraint({"positive": "amount > 0"})
    file.write_text("day,source,medium,amount\n2026-01-04,x,y,-1\n", "utf-8")
    before = lakes.n_files(lake, "spend")
    done = run("load", "spend", "--lake", lake, file)
    assert done.returncode == 1 and "DROP CONSTRAINT positive" in done.stderr
    assert lakes.n_files(lake, "spend") == before
    # No event has a row there, so events go on.
    more = tmp_path / "more.ndjson"
    more.write_text(output_of("generate", 5, "--seed", 3), "utf-8")
    output_of("import", "--lake", lake, "--journal", tmp_path / "journal", more)
