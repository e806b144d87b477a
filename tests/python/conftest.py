"""What several files share: the payloads, generated events, and a lake made of both."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from program import output_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
# Fewer days than the default make fewer files, since a day is a partition.
GENERATED = ["2000", "--days", "8"]


@pytest.fixture(scope="session")
def payloads():
    """The payloads in the order of their files' names, as (name, body)."""
    return [(path.stem, path.read_bytes()) for path in sorted(FIXTURES.glob("payloads/*.json"))]


@pytest.fixture(scope="session")
def bodies(tmp_path_factory, payloads):
    """A folder of all events: a file of generated ones, and the payloads, one a file."""
    folder = tmp_path_factory.mktemp("bodies")
    (folder / "generated.ndjson").write_text(output_of("generate", *GENERATED), "utf-8")
    for name, body in payloads:
        (folder / f"{name}.json").write_bytes(body)
    return folder


@pytest.fixture(scope="session")
def lake(tmp_path_factory, bodies):
    """A lake that all events were imported into."""
    folder = tmp_path_factory.mktemp("imported")
    output_of("--lake", folder / "lake", "import", "--journal", folder / "journal", bodies)
    deals = conversions((bodies / "generated.ndjson").read_text("utf-8").splitlines())
    spend = [
        {"day": "2026-01-02", "source": "google", "medium": "cpc", "amount": 12.5},
        {"day": "2026-01-04", "source": "linkedin", "medium": "cpc", "amount": 40},
        {"day": "2026-01-04", "source": "nobody", "medium": "cpc", "amount": 7, "campaign": "lost"},
    ]
    for name, records in {"conversions": deals, "spend": spend}.items():
        output_of("--lake", folder / "lake", "load", name, as_csv(folder / f"{name}.csv", records))
    return folder / "lake"


def conversions(lines):
    """Deals of each eighth session, by e-mail, company or visitor, some of them in stages."""
    for number, event in enumerate(json.loads(line) for line in lines[::8]):
        session = event["data"]["session"]
        deal = {
            "conversion": "deal",
            "converted_at": days_after(session, 1),
            "tenant": session["tenant"],
            "value": 100 + number,
            "currency": "EUR",
            "external_id": f"deal-{number}",
        }
        enrichment = event["data"].get("enrichment") or {}
        email = (enrichment.get("person") or {}).get("email")
        domain = next((c.get("domain") for c in enrichment.get("companies") or []), None)
        who = [("visitor_id", session["vid"]), ("email", email), ("company_domain", domain)]
        column, value = who[number % 3]
        deal |= {column: value} if value else {"visitor_id": session["vid"]}
        for days, stage in [(1, "lead"), (2, "opportunity"), (4, "won")][: number % 4]:
            yield deal | {"converted_at": days_after(session, days), "stage": stage}
        if number % 4 == 0:
            yield deal


def days_after(session, days):
    """A time so many days after a session began."""
    at = datetime.fromtimestamp(session["createdAt"] / 1000 + days * 86_400, UTC)
    return at.isoformat(timespec="milliseconds")


def as_csv(path, records):
    """Writes records as a file and returns its path."""
    records = list(records)
    with path.open("w", encoding="utf-8", newline="") as file:
        columns = {name: None for record in records for name in record}
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(records)
    return path
