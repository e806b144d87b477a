"""Reports are plain SQL: DuckDB runs each file unchanged and gives the program's own rows."""

import csv
import datetime
import io
import json
import os
import re
import subprocess
from decimal import Decimal

import pytest

import duck
from lakes import rounded
from program import command, environment, output_of

REPORTS = sorted(path.stem for path in duck.QUERIES.glob("*.sql") if path.stem != "duckdb")
# How DuckDB is given a parameter, by the type that the report's header declares.
READ = {
    "date": datetime.date.fromisoformat,
    "text": str,
    "choice": str,
    "int": int,
    "float": float,
    "days": lambda text: float(text.removesuffix("d")),
    "weights": str,
}
# Of each, a report takes the parameters that it has.
SELECTIONS = [
    {},
    {"from": "2026-01-03", "to": "2026-01-06"},
    {"tenant": "acme-cloud"},
    {
        "unit": "account",
        "model": "linear",
        "by": "source",
        "lookback": "30d",
        "transform": "frequency",
        "period": "day",
        "measure": "value",
    },
    {
        "model": "markov",
        "direct": "last_non_direct",
        "stage": "won",
        "unit": "account",
        "transform": "first",
    },
    {
        "model": "time_decay",
        "direct": "exclude",
        "touchpoint": "pageview",
        "half_life": "3d",
        "by": "campaign",
        "basis": "touch",
        "transform": "unique",
    },
    {
        "model": "full_path",
        "direct": "exclude_unless_all",
        "steps": "3",
        "conversion": "deal",
        "weights": "10.0,30.0,60.0",
        "unit": "account",
    },
]


def cases():
    """Each report with each selection, reduced to its own parameters and their values."""
    for name in REPORTS:
        header = (duck.QUERIES / f"{name}.sql").read_text("utf-8").split("\n\n")[0]
        known = dict(re.findall(r"-- parameter: (\w+) (.*);", header))
        taken = []
        for selection in SELECTIONS:
            own = {key: text for key, text in selection.items() if takes(known, key, text)}
            if own not in taken:
                taken.append(own)
                yield pytest.param(name, own, id=f"{name}-{'+'.join(own.values()) or 'all'}")


def takes(known, key, value):
    """Whether a report has a parameter, and this among its values if they are listed."""
    if key not in known:
        return False
    words = re.match(r"choice\((.*)\)", known[key])
    return not words or value in words.group(1).split("|")


@pytest.fixture(scope="module")
def database(lake):
    return duck.open_views(lake)


def test_the_list_names_every_file(lake):
    listed = csv.DictReader(io.StringIO(output_of("report", "--format", "csv")))
    assert sorted(row["report"] for row in listed) == REPORTS


@pytest.mark.parametrize(("name", "selection"), [*cases()])
def test_duckdb_gives_the_same_rows(lake, database, name, selection):
    columns, expected = by_duckdb(database, name, selection)
    printed = report(lake, name, "csv", selection)
    header, *found = csv.reader(io.StringIO(printed))
    assert header == list(columns)
    read = {"BIGINT": int, "HUGEINT": int, "INTEGER": int, "DOUBLE": float, "DECIMAL": float}
    types = [read.get(kind.partition("(")[0], str) for kind in columns.values()]
    rows = [[t(v) if v else None for t, v in zip(types, row, strict=True)] for row in found]
    assert [[plain(value) for value in row] for row in rows] == expected
    assert rows


@pytest.mark.parametrize("name", REPORTS)
def test_every_format_holds_the_same_rows(lake, database, tmp_path, name):
    columns, expected = by_duckdb(database, name, {})
    records = [dict(zip(columns, row, strict=True)) for row in expected]
    assert plain_records(json.loads(report(lake, name, "json"))) == records
    lines = report(lake, name, "ndjson").splitlines()
    assert plain_records(json.loads(line) for line in lines) == records
    file = tmp_path / "report.parquet"
    output_of("--lake", lake, "report", name, "--format", "parquet", "-o", file)
    read = database.execute("FROM read_parquet(?)", [str(file)])
    names = [column[0] for column in read.description]
    assert plain_records(dict(zip(names, row, strict=True)) for row in read.fetchall()) == records
    head, rule, *body = report(lake, name, "markdown").splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(columns)
    assert set(rule) <= set("|-: ")
    assert len(body) == len(records)


def test_what_explain_prints_runs_in_duckdb_as_it_stands(lake, database):
    selection = {"from": "2026-01-03", "by": "source", "model": "linear", "half_life": "3d"}
    sql = output_of("report", "roi", "--explain", *options_of(selection))
    assert "$" not in sql.split("WITH", 1)[1]
    found = [[plain(value) for value in row] for row in database.execute(sql).fetchall()]
    assert found == by_duckdb(database, "roi", selection)[1]
    assert found


def test_a_limit_is_obeyed_and_a_table_names_its_columns(lake):
    head, *body = output_of("--lake", lake, "report", "campaigns", "--limit", 3).splitlines()
    assert head.split()[:3] == ["campaign", "source", "medium"]
    reconciliation = [line.split()[0] for line in body[-4:-1]]
    assert reconciliation == ["(attributed)", "(unattributed)", "(total)"]
    assert body[-1] == "(6 rows)"


@pytest.mark.parametrize("name", REPORTS)
def test_an_empty_lake_has_no_ratios(tmp_path, name):
    printed = report(tmp_path, name, "csv")
    header, *rows = csv.reader(io.StringIO(printed))
    assert header
    assert {"NaN", "inf", "-inf"}.isdisjoint(value for row in rows for value in row)


@pytest.mark.parametrize("name", ["overview", "channels", "accounts", "audit"])
def test_one_core_is_enough_also_where_tables_are_empty(tmp_path, name):
    lake = tmp_path / "lake"
    (tmp_path / "sessions.ndjson").write_text(output_of("generate", 60), "utf-8")
    options = ["--lake", lake, "--journal", tmp_path / "journal"]
    output_of("import", tmp_path / "sessions.ndjson", *options)
    first = str(min(os.sched_getaffinity(0)))
    line = command("--lake", lake, "report", name, "--format", "csv")
    done = subprocess.run(
        ["taskset", "--cpu-list", first, *line],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert cells_of(done.stdout) == cells_of(report(lake, name, "csv"))


def test_nothing_is_read_for_what_has_no_rows(tmp_path):
    lake = tmp_path / "lake"
    (tmp_path / "sessions.ndjson").write_text(output_of("generate", 20), "utf-8")
    where = ["--lake", lake, "--journal", tmp_path / "journal"]
    output_of("import", tmp_path / "sessions.ndjson", *where)

    def plan(sql, *options):
        return output_of("--lake", lake, "sql", "--format", "csv", *options, f"EXPLAIN {sql}")

    viewed = "SELECT p.url FROM files.page_goals AS g CROSS JOIN files.pageviews AS p"
    assert "pageviews/date=" not in plan(viewed)
    assert "pageviews/date=" in plan(viewed, "--goal", "seen=page:/")
    deals = "SELECT s.started_at FROM conversions AS c JOIN sessions AS s USING (session_id)"
    assert "sessions/date=" not in plan(deals)
    (tmp_path / "deals.csv").write_text(
        "conversion,converted_at,email\ndeal,2026-01-02,ada@acme.example\n", "utf-8"
    )
    output_of("load", "conversions", tmp_path / "deals.csv", "--lake", lake)
    assert "sessions/date=" in plan(deals)


def cells_of(text):
    return [[rounded(cell) for cell in row] for row in csv.reader(io.StringIO(text))]


def report(lake, name, format_name, selection=None):
    options = options_of(selection or {})
    return output_of("--lake", lake, "report", name, "--format", format_name, *options)


def options_of(selection):
    given = {key.replace("_", "-"): text for key, text in selection.items()}
    return [word for key, text in given.items() for word in (f"--{key}", text)]


def by_duckdb(database, name, selection):
    """A report's columns with their types, and its rows with days as text."""
    sql = (duck.QUERIES / f"{name}.sql").read_text("utf-8")
    found = database.execute(sql, parameters(sql, selection))
    columns = {column[0]: str(column[1]) for column in found.description}
    return columns, [[plain(value) for value in row] for row in found.fetchall()]


def parameters(sql, selection):
    """The values of a report's parameters: as selected, else the defaults of its header."""
    found = {}
    for name, kind, default in re.findall(r"-- parameter: (\w+) (\w+)[^=;\n]*(?:= (\S+))?;", sql):
        text = selection.get(name, default)
        found[name] = READ[kind](text) if text else None
    return found


def plain(value):
    """A value as JSON has it; doubles to nine digits, since engines add in another order.

    Times are texts without needless zeros, as the program writes them.
    """
    if isinstance(value, datetime.datetime):
        text = value.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
        return text.removesuffix("+00:00").removesuffix(".000") + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return round(float(f"{value:.9g}"), 12) + 0.0
    return value


def plain_records(records):
    return [{name: plain(value) for name, value in record.items()} for record in records]
