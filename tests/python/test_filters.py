"""A filter finds what it should, in every column of every table, through every reader.

Readers leave out files by what the log says of them, so what it says has to be right and whole.
"""

import json
import shutil
import tarfile
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable, QueryBuilder

from conftest import FIXTURES
from contract import TABLES
from program import output_of

# Of a text that is longer than the log shows, or that ends with the last letter of all.
CAMPAIGNS = ["z" * 300, "spring-sale-2026" + "é" * 40, "\U0010ffff" * 40, "ada@example.com", "", " "]
KINDS = ["==", "!=", "not ==", ">=", "<", "null", "not null"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, payloads):
    """A lake of few rows in several files a table, with long and odd texts."""
    folder = tmp_path_factory.mktemp("filters")
    events = output_of("generate", 24, "--days", 2).splitlines()
    for number, campaign in enumerate(CAMPAIGNS):
        event = json.loads(events[number])
        event["data"]["session"]["utm"] = {"source": campaign, "campaign": campaign}
        events[number] = json.dumps(event)
    halves = {"a": events[:8], "b": events[8:]}
    for name, lines in halves.items():
        (folder / f"{name}.ndjson").write_text("\n".join(lines), "utf-8")
    for name, body in payloads:
        (folder / f"{name}.json").write_bytes(body)
    own = ["--lake", folder / "lake"]
    for number, paths in enumerate([["a.ndjson"], ["b.ndjson"], [f"{n}.json" for n, _ in payloads]]):
        output_of("import", *own, "--journal", folder / f"journal-{number}", *(folder / p for p in paths))
    load(folder, own)
    return folder / "lake"


def load(folder, own):
    deals = ["conversion,converted_at,email,value,currency,external_id,tenant,stage"]
    deals += [f"deal,2026-01-0{n + 1},p{n}@a.example,{n * 10}.5,EUR,d{n},acme,won" for n in range(5)]
    spend = ["day,source,medium,amount,currency,campaign,tenant"]
    spend += [f"2026-01-0{n + 1},google,cpc,{n}.5,EUR,{'' if n % 2 else 'spring'},acme" for n in range(5)]
    for name, lines in {"conversions": deals, "spend": spend}.items():
        (folder / f"{name}.csv").write_text("\n".join(lines), "utf-8")
        output_of("load", name, *own, folder / f"{name}.csv")


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    """A lake of version 0.1.0 that this one has written to since: old files beside new ones."""
    folder = tmp_path_factory.mktemp("golden")
    with tarfile.open(FIXTURES / "lake-0.1.0.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    (folder / "a.ndjson").write_text(output_of("generate", 6, "--seed", 5, "--days", 2), "utf-8")
    own = ["--lake", folder / "lake"]
    output_of("import", *own, "--journal", folder / "journal", folder / "a.ndjson")
    load(folder, own)
    return folder / "lake"


class Filter:
    """A condition on a column, in the words of each reader."""

    def __init__(self, column, kind, value=None):
        self.column, self.kind, self.value = column, kind, value

    def __repr__(self):
        return f"{self.column} {self.kind} {self.value!r}"

    def wanted(self, values):
        """How many of a column's values meet it."""
        compare = {"==": pc.equal, "!=": pc.not_equal, "not ==": pc.not_equal}
        compare |= {">=": pc.greater_equal, "<": pc.less}
        if self.kind in compare:
            met = compare[self.kind](values, pa.scalar(self.value, values.type))
        else:
            met = pc.is_null(values) if self.kind == "null" else pc.is_valid(values)
        return pc.sum(met.cast(pa.int64())).as_py() or 0

    def expression(self, field, literal):
        """The same for pyarrow and Polars, whose expressions are alike."""
        value = literal(self.value)
        return {
            "==": lambda: field == value,
            "!=": lambda: field != value,
            "not ==": lambda: ~(field == value),
            ">=": lambda: field >= value,
            "<": lambda: field < value,
            "null": field.is_null,
            "not null": getattr(field, "is_valid", None) or getattr(field, "is_not_null", None),
        }[self.kind]()

    def sql(self, time):
        """The same in SQL; `time` writes a time."""
        column, value = f'"{self.column}"', self.value
        if isinstance(value, datetime):
            value = time(value)
        elif isinstance(value, date):
            value = f"DATE '{value}'"
        elif isinstance(value, str):
            value = "'" + value.replace("'", "''") + "'"
        elif isinstance(value, float):
            value = f"CAST('{value!r}' AS DOUBLE)"
        signs = {"==": f"= {value}", "!=": f"<> {value}", ">=": f">= {value}", "<": f"< {value}"}
        signs |= {"null": "IS NULL", "not null": "IS NOT NULL"}
        if self.kind == "not ==":
            return f"NOT ({column} = {value})"
        return f"{column} {signs[self.kind]}"


def filters_of(rows):
    """Filters on each column, with a value that it has."""
    for name in rows.column_names:
        values = rows[name]
        is_plain = not (pa.types.is_nested(values.type))
        known = sorted(set(values.drop_null().to_pylist())) if is_plain else []
        for kind in KINDS:
            if "null" in kind:
                yield Filter(name, kind)
            elif known and not (kind in ">=<" and pa.types.is_boolean(values.type)):
                picked = {"==": known[-1], ">=": known[len(known) // 2], "<": known[len(known) // 2]}
                yield Filter(name, kind, picked.get(kind, known[0]))


def by_dataset(path, filters):
    rows = DeltaTable(path).to_pyarrow_dataset()
    return [rows.count_rows(filter=f.expression(ds.field(f.column), as_is)) for f in filters]


def by_pandas(path, filters):
    table = DeltaTable(path)
    wanted = [f.expression(ds.field(f.column), as_is) for f in filters]
    return [len(table.to_pandas(columns=["event_id"], filters=each)) for each in wanted]


def by_query_builder(path, filters):
    builder = QueryBuilder().register("rows", DeltaTable(path))
    zone = "'Timestamp(Microsecond, Some(\"UTC\"))'"
    found = builder.execute(counts(filters, lambda at: f"arrow_cast('{at.isoformat()}', {zone})"))
    return pa.table(found.read_all()).sort_by("at")["n"].to_pylist()


def by_duckdb_over_deltalake(path, filters):
    database = duckdb.connect()
    database.register("rows", DeltaTable(path).to_pyarrow_dataset())
    return by_duckdb(database, filters)


def by_duckdb_over_files(path, filters):
    files = f"read_parquet('{path}/date=*/*.parquet', hive_partitioning = true, union_by_name = true)"
    database = duckdb.connect()
    database.execute(f"CREATE VIEW rows AS FROM {files}")
    return by_duckdb(database, filters)


def by_duckdb(database, filters):
    sql = counts(filters, lambda at: f"TIMESTAMPTZ '{at.isoformat()}'")
    return [n for _, n in sorted(database.execute(sql).fetchall())]


def by_polars_delta(path, filters):
    return by_polars(pl.scan_delta(str(path)), filters)


def by_polars_pyarrow(path, filters):
    return by_polars(pl.scan_delta(str(path), use_pyarrow=True), filters)


def by_polars_over_files(path, filters):
    files = sorted(path.glob("date=*/*.parquet"))
    frames = [pl.scan_parquet(file, hive_partitioning=True) for file in files]
    return by_polars(pl.concat(frames, how="diagonal"), filters)


def by_polars(frame, filters):
    wanted = [f.expression(pl.col(f.column), pl.lit) for f in filters]
    found = pl.collect_all([frame.filter(each).select(pl.len()) for each in wanted])
    return [each.item() for each in found]


def by_pyarrow_over_files(path, filters):
    days = ds.partitioning(pa.schema([("date", pa.date32())]), flavor="hive")
    rows = ds.dataset(path, partitioning=days, exclude_invalid_files=True)
    return [rows.count_rows(filter=f.expression(ds.field(f.column), as_is)) for f in filters]


def as_is(value):
    return value


def counts(filters, time):
    """A query that counts what each filter finds."""
    each = [f"SELECT {at} AS at, count(*) AS n FROM rows WHERE {f.sql(time)}" for at, f in enumerate(filters)]
    return " UNION ALL ".join(each)


# Each with how many of the filters it is asked: the slow ones not all of them.
READERS = {
    by_dataset: 1,
    by_pandas: 5,
    by_query_builder: 3,
    by_duckdb_over_deltalake: 3,
    by_polars_delta: 3,
    by_polars_pyarrow: 5,
    by_duckdb_over_files: 5,
    by_polars_over_files: 5,
    by_pyarrow_over_files: 5,
}


def wrong(lake, reader, step=None):
    """What filters through a reader get wrong, by table and filter; each `step`th is asked."""
    found = {}
    for table in TABLES:
        rows = DeltaTable(lake / table).to_pyarrow_table()
        assert rows.num_rows > 0, table
        filters = list(filters_of(rows))[:: step or READERS[reader]]
        wanted = [each.wanted(rows[each.column]) for each in filters]
        differ = zip(filters, reader(lake / table, filters), wanted, strict=True)
        found |= {f"{table}: {f}": (n, of) for f, n, of in differ if n != of}
    return found


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_filters_find_what_a_scan_finds(fresh, reader):
    assert wrong(fresh, reader) == {}


@pytest.mark.parametrize("reader", [by_dataset, by_polars_over_files], ids=lambda reader: reader.__name__)
def test_filters_find_old_rows_beside_new_ones(golden, reader):
    assert wrong(golden, reader) == {}


def test_compacted_rows_are_found(tmp_path, fresh):
    lake = copied(fresh, tmp_path)
    output_of("compact", "--lake", lake, "--grace", "0s")
    assert wrong(lake, by_dataset, step=4) == {}


def test_upkeep_describes_old_files_and_names_what_all_have(tmp_path, golden):
    lake = copied(golden, tmp_path)
    assert {table: named(lake, table) for table in TABLES} == {
        table: {TABLE_TIMES.get(table, "created_at")} for table in TABLES
    }
    # No day is compacted: the old files stay.
    output_of("compact", "--lake", lake, "--from", "2100-01-01")
    assert {"tenant", "started_at", "channel", "campaign"} <= named(lake, "sessions")
    for table in TABLES:
        path = lake / table
        assert files_of(path) == files_of(golden / table)
        for stats in described(path):
            assert stats["nullCount"].keys() == named(lake, table)
            some = {c for c, n in stats["nullCount"].items() if n < stats["numRecords"]}
            assert some == stats["minValues"].keys() == stats["maxValues"].keys()
    assert wrong(lake, by_dataset, step=4) == {}
    before = {table: DeltaTable(lake / table).version() for table in TABLES}
    output_of("compact", "--lake", lake, "--from", "2100-01-01")
    assert {table: DeltaTable(lake / table).version() for table in TABLES} == before


def test_a_column_that_has_no_statistics_is_not_named(tmp_path, fresh):
    lake = copied(fresh, tmp_path)
    table = DeltaTable(lake / "sessions")
    table.alter.set_table_properties({STATS: "device,channel"})
    output_of("load", "spend", "--lake", lake, fresh.parent / "spend.csv")
    output_of("compact", "--lake", lake, "--from", "2100-01-01")
    assert "device" not in named(lake, "sessions") and "channel" in named(lake, "sessions")
    assert wrong(lake, by_dataset, step=4) == {}


STATS = "delta.dataSkippingStatsColumns"
TABLE_TIMES = {
    "sessions": "started_at",
    "pageviews": "viewed_at",
    "utm": "touched_at",
    "raw_events": "received_at",
    "dead_letters": "received_at",
    "conversions": "converted_at",
    "spend": "day",
}


def copied(lake, folder):
    return Path(shutil.copytree(lake, folder / "lake"))


def named(lake, table):
    """The columns that a table says have statistics."""
    return set(DeltaTable(lake / table).metadata().configuration[STATS].split(","))


def files_of(path):
    return set(DeltaTable(path).to_pyarrow_dataset().files)


def described(path):
    """What the log says last of each file."""
    found = {}
    for entry in sorted((path / "_delta_log").glob("*.json")):
        for action in map(json.loads, entry.read_text("utf-8").splitlines()):
            if add := action.get("add"):
                found[add["path"]] = json.loads(add["stats"])
            elif remove := action.get("remove"):
                found.pop(remove["path"])
    return found.values()
