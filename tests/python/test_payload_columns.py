"""Each payload, sent signed over HTTP, becomes the documented rows, column by column."""

import json
import time
from datetime import UTC, datetime

import pytest

import duck
from contract import TABLES
from mapping import ROWS
from program import Ingester
from webhook import post, post_signed, signed_headers

# What no payload tells: checked on its own below.
OF_THE_INGESTER = {"received_at", "date"}


@pytest.fixture(scope="module")
def sent(tmp_path_factory, payloads):
    """The lake behind the payloads, each with a webhook id of its own, and the time it took."""
    folder = tmp_path_factory.mktemp("payloads")
    began_ms = time.time_ns() // 1_000_000
    with Ingester(folder) as ingester:
        for name, body in payloads:
            answer = {"status": "accepted", "id": f"msg_{name}"}
            assert post_signed(ingester.address, f"msg_{name}", body) == (200, answer)
        assert ingester.stop() == 0
    return duck.open_files(ingester.lake), range(began_ms, time.time_ns() // 1_000_000 + 1)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_the_payloads_value(sent, payloads, table):
    database, _ = sent
    found = duck.rows(database, f"files.{table}")
    expected = []
    for name, body in payloads:
        expected += ROWS[table](json.loads(body), body, f"msg_{name}")
    assert len(found) == len(expected)
    for row, wanted in zip(sorted(found, key=key), sorted(expected, key=key), strict=True):
        assert set(row) - OF_THE_INGESTER == set(wanted)
        wrong = {name: (row[name], wanted[name]) for name in wanted if row[name] != wanted[name]}
        assert wrong == {}, f"{key(wanted)}: column: (found, expected)"


@pytest.mark.parametrize("table", ["sessions", "raw_events", "dead_letters"])
def test_received_at_is_the_time_of_receipt(sent, table):
    database, took = sent
    times = [row["received_at"] for row in duck.rows(database, f"files.{table}")]
    assert times and all(time_ms in took for time_ms in times)


@pytest.mark.parametrize("table", TABLES)
def test_date_is_the_day_of_the_sessions_start(sent, payloads, table):
    database, _ = sent
    events = [json.loads(body) for _, body in payloads]
    days = {event["id"]: utc_day(event) for event in events}
    sql = f"SELECT event_id, CAST(date AS VARCHAR) FROM files.{table}"
    found = set(database.execute(sql).fetchall())
    assert found <= set(days.items())


def test_the_same_webhook_again_is_a_duplicate(tmp_path, payloads):
    _, body = payloads[0]
    with Ingester(tmp_path) as ingester:
        answers = [post_signed(ingester.address, "msg_1", body) for _ in range(2)]
        other = post_signed(ingester.address, "msg_1", body + b" ")
        assert ingester.stop() == 0
    statuses = [(200, {"status": name, "id": "msg_1"}) for name in ("accepted", "duplicate")]
    assert answers == statuses
    assert other[0] == 200
    database = duck.open_files(ingester.lake)
    assert duck.value(database, "SELECT count(*) FROM files.raw_events") == 1
    letters = database.execute("SELECT reason, body FROM files.dead_letters").fetchall()
    assert letters == [("id_conflict", (body + b" ").decode())]


def test_what_is_refused_leaves_nothing_behind(tmp_path, payloads):
    _, body = payloads[0]
    good = signed_headers("msg_1", body)
    now = int(good["webhook-timestamp"])
    missing = [{n: v for n, v in good.items() if n != name} for name in list(good)[1:]]
    refused = {
        401: [
            *missing,
            good | {"webhook-signature": "v1,"},
            good | {"webhook-signature": "nonsense"},
            good | {"webhook-timestamp": "hello"},
            good | {"webhook-id": "msg_2"},
            signed_headers("msg_1", body, now - 310),
            signed_headers("msg_1", body, now + 310),
            signed_headers("msg_1", body + b" "),
        ],
        415: [good | {"content-type": "text/plain"}],
    }
    too_large = body + b" " * 100
    with Ingester(tmp_path, "--max-body", len(body)) as ingester:
        for status, all_headers in refused.items():
            for headers in all_headers:
                answer = post(ingester.address, body, headers)
                assert (answer[0], list(answer[1])) == (status, ["error"]), headers
        status, _ = post(ingester.address, too_large, signed_headers("msg_1", too_large))
        assert status == 413
        assert ingester.stop() == 0
    database = duck.open_files(ingester.lake)
    counts = [duck.value(database, f"SELECT count(*) FROM files.{table}") for table in TABLES]
    assert sum(counts) == 0


@pytest.mark.parametrize(
    ("body", "reason"), [(b"not json", "not_json"), (b"[1]", "no_envelope"), (b"{}", "no_envelope")]
)
def test_a_signed_body_is_accepted_whatever_it_is(tmp_path, body, reason):
    with Ingester(tmp_path) as ingester:
        answer = post_signed(ingester.address, "msg_1", body)
        assert ingester.stop() == 0
    assert answer == (200, {"status": "accepted", "id": "msg_1"})
    database = duck.open_files(ingester.lake)
    letters = database.execute("SELECT reason, body FROM files.dead_letters").fetchall()
    assert letters == [(reason, body.decode())]


def key(row):
    """Puts rows in one order."""
    return row["event_id"], row.get("webhook_id", ""), row.get("position", 0)


def utc_day(event):
    """The UTC day of `session.createdAt`, without a session of the event's `created`."""
    session = event["data"]["session"]
    start_ms = event["created"] if session is None else session["createdAt"]
    return datetime.fromtimestamp(start_ms / 1000, UTC).date().isoformat()
