"""Engines that know nothing of the program read its tables, and agree on all that is in them.

DuckDB reads the Parquet files as they lie, the deltalake package follows each table's log.
"""

import hashlib
import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

import duck
from contract import BOOL, DAY, FLOAT, INT, OBJECT, TABLES, TEXT, TIME
from program import output_of

LEADING = ["event_id", "tenant", "session_id", "visitor_id"]


@pytest.fixture(scope="module")
def database(lake):
    return duck.open_files(lake)


@pytest.fixture(scope="module")
def documented():
    """What the program says of its tables: type by column, nested fields with a dot."""
    found = {}
    for line in output_of("schema", "--format", "csv").splitlines()[1:]:
        table, column, kind, _ = line.split(",", 3)
        found.setdefault(table, {})[column] = kind
    return found


@pytest.fixture(scope="module")
def events(bodies):
    """The events as JSON; of those that share an id the first alone counts."""
    texts = [path.read_text("utf-8") for path in sorted(bodies.glob("*.json"))]
    texts += (bodies / "generated.ndjson").read_text("utf-8").splitlines()
    found = {}
    for event in map(json.loads, texts):
        found.setdefault(event["id"], event)
    return list(found.values())


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_those_of_the_contract(lake, database, documented, table):
    own = documented[table]
    assert {name: own.get(name) for name in TABLES[table]} == TABLES[table]
    assert list(own)[:4] == LEADING
    assert arrow_columns(read_delta(lake, table).schema) == own
    assert duckdb_columns(database, table) == own


def test_no_table_is_undocumented(lake, documented):
    folders = {path.name for path in lake.iterdir() if path.is_dir() and path.name[0] not in "_."}
    assert folders == set(documented) == set(TABLES)


def test_times_are_stored_in_milliseconds(lake, database):
    pattern = str(lake / "sessions" / "**" / "*.parquet")
    sql = "SELECT DISTINCT logical_type FROM parquet_schema(?) WHERE name = 'started_at'"
    logical_type = duck.value(database, sql, [pattern])
    assert "MILLIS" in logical_type and "isAdjustedToUTC=1" in logical_type


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_and_deltalake_see_the_same_values(lake, database, table):
    delta = read_delta(lake, table)
    found = {name: summary(delta[name]) for name in delta.column_names}
    files = database.sql(f"FROM files.{table}").to_arrow_table()
    assert {name: summary(files[name]) for name in files.column_names} == found
    by_sql = {name: duckdb_sums(database, table, name) for name in found}
    assert by_sql == {name: arrow_sums(delta[name]) for name in found}


def test_rows_are_as_many_as_the_bodies_hold(database, events):
    data = [event["data"] for event in events]
    finalized = [e["data"] for e in events if e["type"] == "identity.session.finalized"]
    known = [e["data"] for e in events if e["type"].startswith("identity.")]
    enrichments = [d["enrichment"] for d in known if d.get("enrichment")]
    expected = {
        "sessions": len(finalized),
        "utm": len(finalized),
        "pageviews": sum(len(d["session"]["events"]) for d in finalized),
        "companies": sum(len(e["companies"]) for e in enrichments),
        "people": sum(e["person"] is not None for e in enrichments),
        "identities": sum("identity" in d for d in known),
        "email_validations": sum(len(e.get("emailValidations", [])) for e in enrichments)
        + sum(len(d.get("validations", [])) for d in known),
        "raw_events": len(data),
    }
    counts = {t: duck.value(database, f"SELECT count(*) FROM files.{t}") for t in expected}
    assert counts == expected


def test_two_bodies_with_the_id_of_another_are_set_aside(database, payloads):
    ids = [json.loads(body)["id"] for _, body in payloads]
    n_conflicts = len(ids) - len(set(ids))
    sql = "SELECT count(*) FROM files.dead_letters WHERE reason = 'id_conflict'"
    assert duck.value(database, sql) == n_conflicts == 2


def read_delta(lake, table):
    return DeltaTable(lake / table).to_pyarrow_table()


def summary(column):
    """How many values a column has, and a digest of them that their order does not change."""
    column = pc.cast(column, pa.timestamp("ms", "UTC")) if is_time(column.type) else column
    values = sorted(json.dumps(value, default=str) for value in column.to_pylist())
    return len(column), column.null_count, hashlib.sha256("\n".join(values).encode()).hexdigest()


def arrow_sums(column):
    """Sum, least and greatest value of a column of numbers, times or days."""
    if pa.types.is_date(column.type):
        numbers = pc.cast(column, pa.int32())
    elif is_time(column.type):
        numbers = pc.cast(pc.cast(column, pa.timestamp("ms", "UTC")), pa.int64())
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers = column
    else:
        return None
    return rounded(pc.sum(numbers), pc.min(numbers), pc.max(numbers))


def duckdb_sums(database, table, name):
    """The same, worked out by DuckDB."""
    kind = duck.columns(database, f"files.{table}")[name]
    numbers = {
        TIME: f'epoch_ms("{name}")',
        DAY: f"\"{name}\" - DATE '1970-01-01'",
        INT: f'"{name}"',
        FLOAT: f'"{name}"',
    }
    if kind not in numbers:
        return None
    sql = f"SELECT sum(n), min(n), max(n) FROM (SELECT {numbers[kind]} AS n FROM files.{table})"
    return rounded(*database.execute(sql).fetchall()[0])


def rounded(*numbers):
    """Numbers to twelve digits, since doubles add up differently in another order."""
    numbers = [number.as_py() if isinstance(number, pa.Scalar) else number for number in numbers]
    return [None if number is None else f"{float(number):.12g}" for number in numbers]


def is_time(kind):
    return pa.types.is_timestamp(kind)


def arrow_columns(schema):
    """Type by column of an Arrow schema, nested fields with a dot."""
    return flat((field.name, field.type) for field in schema)


def flat(named_types, prefix=""):
    found = {}
    for name, kind in named_types:
        is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        inner = kind.value_type if is_list else kind
        found[prefix + name] = arrow_name(inner) + ("[]" if is_list else "")
        if pa.types.is_struct(inner):
            found |= flat(((f.name, f.type) for f in inner), f"{prefix}{name}.")
    return found


def arrow_name(kind):
    """The name that SQL has for a type."""
    if is_time(kind):
        return TIME if kind.tz == "UTC" else "TIMESTAMP"
    if pa.types.is_struct(kind):
        return OBJECT
    names = {"string": TEXT, "large_string": TEXT, "string_view": TEXT, "int64": INT}
    names |= {"double": FLOAT, "bool": BOOL, "date32[day]": DAY}
    return names.get(str(kind), str(kind))


def duckdb_columns(database, table):
    """Type by column as DuckDB sees them, nested fields with a dot."""
    relation = database.sql(f"FROM files.{table}")
    return flat_duckdb(zip(relation.columns, relation.types, strict=True))


def flat_duckdb(named_types, prefix=""):
    found = {}
    for name, kind in named_types:
        is_list = kind.id == "list"
        inner = kind.children[0][1] if is_list else kind
        is_struct = inner.id == "struct"
        found[prefix + name] = (OBJECT if is_struct else str(inner)) + ("[]" if is_list else "")
        if is_struct:
            found |= flat_duckdb(inner.children, f"{prefix}{name}.")
    return found
