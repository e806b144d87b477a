"""A session counts once in reports, whatever came in twice: its end, or the same event."""

import csv
import io
import json

import pytest

from program import output_of


@pytest.fixture
def event():
    """A session of a person's with at least two page views."""
    events = map(json.loads, output_of("generate", 200, "--days", 2).splitlines())
    return next(
        event
        for event in events
        if len(event["data"]["session"]["events"]) > 1 and not is_bot(event["data"]["session"])
    )


@pytest.mark.parametrize("batches", [[[0, 1]], [[0], [1]], [[1], [0]]], ids=str)
def test_a_session_finalized_twice_is_its_latest(tmp_path, event, batches):
    events = [event, finalized_again(event)]
    for positions in batches:
        load(tmp_path, [events[position] for position in positions], "journal")
    check_counts(tmp_path, event=events[1])


def test_an_event_through_two_ingesters_is_one(tmp_path, event):
    for journal in ("one", "another"):
        load(tmp_path, [event], journal)
    stored = "SELECT count(*) AS n FROM files.sessions"
    assert rows(tmp_path, "sql", stored) == [{"n": "2"}]
    check_counts(tmp_path, event=event)


def check_counts(folder, event):
    """One session, of one visitor, with the event's page views, to every report."""
    entries = event["data"]["session"]["events"]
    n_entries = str(len(entries))
    n_views = str(sum(entry["signal"] == "pageview" for entry in entries))
    (overview,) = rows(folder, "report", "overview")
    counts = {name: overview[name] for name in ("sessions", "visitors", "pageviews")}
    assert counts == {"sessions": "1", "visitors": "1", "pageviews": n_views}
    channel, *reconciliation = rows(folder, "report", "channels")
    assert len(reconciliation) == 3
    assert (channel["sessions"], channel["pageviews"]) == ("1", n_views)
    seen = """
        SELECT
            (SELECT count(*) FROM sessions) AS sessions,
            (SELECT count(*) FROM utm) AS touchpoints,
            (SELECT count(*) FROM pageviews) AS entries,
            (SELECT count(DISTINCT position) FROM pageviews) AS positions
    """
    (counts,) = rows(folder, "sql", seen)
    assert list(counts.values()) == ["1", "1", n_entries, n_entries]


def finalized_again(event):
    """The same session, ended again by a late page view."""
    again = json.loads(json.dumps(event))
    again["id"] = event["id"][:-4] + "LATE"
    data, views = again["data"], again["data"]["session"]["events"]
    late_ms = data["finalizedAt"] + 60_000
    views.append(views[0] | {"ts": late_ms - 5_000})
    data |= {"eventCount": len(views), "sessionEndedAt": late_ms - 1_000, "finalizedAt": late_ms}
    again["created"] = late_ms
    return again


def is_bot(session):
    scores = session["network"]["botManagement"]
    return scores["verifiedBot"] or (scores["score"] or 99) < 30 or "bot" in session["userAgent"]


def load(folder, events, journal):
    file = folder / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    output_of("--lake", folder / "lake", "import", "--journal", folder / journal, file)


def rows(folder, *arguments):
    printed = output_of("--lake", folder / "lake", *arguments, "--format", "csv")
    return list(csv.DictReader(io.StringIO(printed)))
