"""CSV holds no formula that a stranger wrote, and everything else as it is."""

import csv
import io
import json
import subprocess

import pytest

from program import command, environment, output_of

FORMULAS = ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", '=HYPERLINK("https://x.example","a")', "\r=1"]
PLAIN = ["plain", "'=1", " =1", "a,b", 'say "=1"', "(none)", "two\nlines"]
NOW_MS = 1_771_286_400_000


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake whose page titles are formulas and plain text, an event each."""
    folder = tmp_path_factory.mktemp("formulas")
    lines = [json.dumps(event(number, title)) for number, title in enumerate(FORMULAS + PLAIN)]
    (folder / "events.ndjson").write_text("\n".join(lines), "utf-8")
    output_of("--lake", folder, "import", "--journal", folder / "journal", folder / "events.ndjson")
    return folder


def event(number, title):
    """A session with one page view of this title."""
    page = {"ts": NOW_MS, "signal": "pageview", "url": "https://a.example/", "title": title}
    session = {"sid": f"s{number}", "vid": "v", "createdAt": NOW_MS, "events": [page]}
    data = {"session": session | {"landingTitle": title}, "finalizedAt": NOW_MS}
    return {"id": f"e{number}", "type": "identity.session.finalized", "created": NOW_MS, "data": data}


def rows(*arguments, cwd=None, **settings):
    """The rows of CSV that a command prints, as Python's reader gives them, header first."""
    line = command(*arguments, "--format", "csv")
    own = environment() | settings
    done = subprocess.run(line, stdout=subprocess.PIPE, cwd=cwd, env=own, check=True)
    return list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))


SQL = """SELECT landing_title AS "=title", -5 AS n, -0.5 AS half, started_at
         FROM sessions ORDER BY CAST(substr(session_id, 2) AS INT)"""


def test_formulas_get_an_apostrophe_and_nothing_else_changes(lake):
    header, *found = rows("--lake", lake, "sql", SQL)
    assert header == ["'=title", "n", "half", "started_at"]
    assert [row[0] for row in found] == ["'" + text for text in FORMULAS] + PLAIN
    assert {tuple(row[1:]) for row in found} == {("-5", "-0.5", "2026-02-17T00:00:00Z")}


def test_raw_csv_is_what_was_sent(lake):
    header, *found = rows("--lake", lake, "sql", SQL, "--csv-raw")
    assert header[0] == "=title"
    assert [row[0] for row in found] == FORMULAS + PLAIN


@pytest.mark.parametrize("way", ["environment", "file"])
def test_raw_csv_can_be_a_setting(lake, tmp_path, way):
    settings = {"TRIBUTARY_CSV_RAW": "true"} if way == "environment" else {}
    if way == "file":
        (tmp_path / "tributary.toml").write_text("csv-raw = true\n", "utf-8")
    found = rows("--lake", lake, "sql", SQL, cwd=tmp_path, **settings)
    assert found[1][0] == FORMULAS[0]


def test_reports_and_attribution_are_csv_of_the_same_kind(lake, tmp_path):
    found = rows("--lake", lake, "report", "content")
    assert not [cell for row in found for cell in row if cell.startswith(("=", "@", "\t", "\r"))]
    journeys = "path,total_conversions,total_conversion_value,total_null\n=1+1 > b,2,4,0\n"
    (tmp_path / "journeys.csv").write_text(journeys, "utf-8")
    found = rows("attribute", tmp_path / "journeys.csv", "--model", "linear")
    assert [row[1:] for row in found[1:]] == [
        ["'=1+1", "1.0", "2.0"],
        ["b", "1.0", "2.0"],
    ]
