"""Whatever visitors type: DuckDB and the program read the same out of it."""

import json

import pytest

import duck
from program import output_of
from test_reports import by_duckdb, plain_records, report

NOW_MS = 1_771_286_400_000
DAY_MS = 86_400_000
TEXTS = [
    ">", " > ", "a > b", "a>b", "\\", "\\\\ > x", "a\\", "'q'", '"d"', "a,b;c", "=1+1", "-1", "@x",
    "\tx", "(not set)", "(total)", "(attributed)", "(unattributed)", "(null)", "(start)",
    "(conversion)", "null", "NaN", "a\x1fb", "\x1f\x1fx", "\x1e0", "a\x1e1b", "\x00", "a\x00b",
    "a\r\nb", "\u2028", "\u202egnp", "\ufeffbom", "é", "😀", "%3E", "%", "_", "$1", "$from", "1e400",
    '"value": 7', "Paid evil", "Direct", "İ", "a / b", "'; DROP TABLE sessions; --", "9" * 400,
]  # fmt: skip
# What parts, joins or marks text anywhere in a report.
REPORTS = [
    ("models", {"by": "campaign"}),
    ("models", {"by": "landing_page", "unit": "account"}),
    ("channels", {"by": "content", "model": "markov"}),
    ("campaigns", {}),
    ("sources", {"model": "linear"}),
    ("landing-pages", {}),
    ("transitions", {"by": "campaign"}),
    ("paths", {"by": "campaign", "transform": "unique"}),
    ("paths-null", {"by": "term", "transform": "frequency"}),
    ("trends", {"by": "campaign"}),
    ("roi", {"by": "campaign"}),
    ("conversions", {}),
    ("audit", {}),
]


def session(number):
    """The session of this number: three make a visitor, of whom every second one signs up."""
    visitor, visit = divmod(number, 3)
    started = NOW_MS - (3 - visit) * DAY_MS

    def text(field):
        return TEXTS[(number + field * 17) % len(TEXTS)]

    events = [{"ts": started, "signal": "pageview", "url": text(1), "title": text(2)}]
    if visit == 2 and visitor % 2 == 0:
        props = {"value": text(3) if visitor % 4 else 25, "note": text(4)}
        events.append({"ts": started + 1, "signal": "signup", "url": text(5), "props": props})
    utm = {"source": text(6), "medium": text(7), "campaign": text(0), "term": text(8)}
    session = {
        "sid": f"s{number}",
        "vid": f"v{visitor}",
        "createdAt": started,
        "landingPage": f"https://a.example/{text(9)}",
        "referrer": text(10),
        "utm": utm | {"content": text(11)},
        "events": events,
    }
    companies = [{"domain": f"c{visitor % 5}.example", "industry": text(12)}]
    data = {"session": session, "finalizedAt": started, "enrichment": {"companies": companies}}
    kind = "identity.session.finalized"
    return {"id": f"e{number}", "type": kind, "created": started, "data": data}


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    """A lake of such sessions."""
    folder = tmp_path_factory.mktemp("nasty")
    lines = [json.dumps(session(number)) for number in range(3 * len(TEXTS))]
    (folder / "events.ndjson").write_text("\n".join(lines), "utf-8")
    lake = folder / "lake"
    output_of("--lake", lake, "import", "--journal", folder / "journal", folder / "events.ndjson")
    return lake


@pytest.fixture(scope="module")
def database(nasty):
    return duck.open_views(nasty)


@pytest.mark.parametrize(("name", "selection"), REPORTS)
def test_duckdb_gives_the_same_rows_of_any_text(nasty, database, name, selection):
    columns, expected = by_duckdb(database, name, selection)
    found = plain_records(json.loads(report(nasty, name, "json", selection)))
    assert found == [dict(zip(columns, row, strict=True)) for row in expected]
    assert found


def test_paths_are_attributed_as_the_lake_is(nasty, tmp_path):
    paths = tmp_path / "paths.csv"
    selection = {"by": "campaign", "transform": "unique", "limit": "100000"}
    paths.write_text(report(nasty, "paths", "csv", selection), "utf-8", newline="")
    printed = output_of("attribute", paths, "--model", "linear", "--format", "json")
    found = {row["channel"]: row["conversions"] for row in json.loads(printed)}
    models = json.loads(report(nasty, "models", "json", {"by": "campaign"}))
    footers = ("(attributed)", "(unattributed)", "(total)")
    credits = {row["dimension"]: row["linear"] for row in models if row["dimension"] not in footers}
    assert {name: n for name, n in found.items() if n} == pytest.approx(
        {name: n for name, n in credits.items() if n}
    )
    assert {">", "a > b", "@x", "'q'", "a\\"} <= found.keys()
