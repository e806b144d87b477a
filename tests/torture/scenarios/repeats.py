"""F21, F22: the same webhook again, and the same id with another body."""

import duckdb

from torture.events import Event
from torture.load import Sender, send_all
from torture.oracle import glob, read
from torture.registry import scenario

FLUSHES = ["--flush-rows", 40, "--flush-interval", "1s"]


@scenario("F21", "the same webhook at once, after the answer, after a restart", 12, is_quick=True)
def same_again(world):
    """Every repetition is answered 200, and there is one row."""
    serve = world.serve(*FLUSHES)
    serve.start()
    events = world.maker.events(60)
    # Eight connections send the same event at the same moment.
    at_once = [event for event in events for _ in range(4)]
    for how in ("at once", "after the answer", "after the flush", "after a kill", "after a stop"):
        statuses = send_all(serve.address, world.ledger, at_once, n_connections=8)
        world.expect(set(statuses) == {200}, f"{how}: answers {set(statuses)}")
        if how == "after the answer":
            world.expect(serve.wait_drained(), "not drained")
        if how == "after the flush":
            serve.kill()
            world.check_at_rest(world.disk(serve))
            serve.start()
        if how == "after a kill":
            world.expect(serve.stop() == 0, "no clean stop")
            serve.start()
        world.rounds += 1
    world.stop_and_check(serve)


@scenario("F22", "the same id with another body", goal=12, is_quick=True)
def other_body(world):
    """The first body stands in `raw_events`, the second one in `dead_letters`, each once."""
    serve = world.serve(*FLUSHES)
    serve.start()
    firsts = world.maker.events(30)
    seconds = [Event(event.id, event.body + b" ", False, is_conflict=True) for event in firsts]
    sender = Sender(lambda: serve.address, world.ledger)
    for events in (firsts, seconds, seconds, firsts):
        statuses = {sender.send(event) for event in events}
        world.expect(statuses == {200}, f"answers {statuses}")
        if world.random.random() < 0.5:
            serve.kill()
            world.check_at_rest(world.disk(serve))
            serve.start()
        world.rounds += 1
    world.stop_and_check(serve)
    database = duckdb.connect()
    found = read(database, "webhook_id, reason", glob(serve.lake, "dead_letters"))
    conflicts = sorted(id for id, reason in found if reason == "id_conflict")
    wanted = sorted(event.id for event in seconds)
    world.expect(conflicts == wanted, f"{len(conflicts)} dead letters for {len(wanted)} conflicts")
