"""F17, F18, F28: a foreign object in the way, a careless store, and a backlog."""

import io
import time

import pyarrow
import pyarrow.parquet as parquet

from torture.load import Sender, send_all
from torture.registry import scenario
from torture.scenarios.stores import FLUSHES, ROWS, Mirror, on_store
from torture.serve import NotReady
from torture.store import Fault, Store

REFUSES_CARELESS = "does not refuse to create a key twice"
NEEDS_SOMEONE = "flush failed and needs someone to look at it"


@scenario("F17", "another journal's object under the file's name", goal=6)
def foreign_object(world):
    """It is not overwritten, an error is logged, and the events wait until it is gone."""
    store, serve, mirror = store_and_serve(world)
    segment = sorted(path.stem for path in serve.journal.glob("segments/*.seg"))
    number = int(segment[-1]) if segment else int((serve.journal / "checkpoint").read_text()) + 1
    ingester = (serve.journal / "ingester").read_text()
    events = [event for event in world.maker.events(60) if event.is_session][:ROWS]
    dates = {key.split("date=")[1][:10] for key in store.objects("lake") if "date=" in key}
    keys = [
        f"lake/raw_events/date={date}/part-{ingester}-{number:08}-0.parquet" for date in dates
    ]
    for key in keys:
        store.put(key, foreign_parquet())
    statuses = send_all(serve.address, world.ledger, events)
    world.expect(set(statuses) == {200}, f"answers: {set(statuses)}")
    told = lambda: any(f.get("message") == NEEDS_SOMEONE for f in serve.messages("ERROR"))  # noqa: E731
    world.wait(told, 30, "no error was logged")
    untouched = all(store.get(key) == foreign_parquet() for key in keys)
    world.expect(untouched, "the foreign object was overwritten")
    world.expect(serve.segments(), "the segment did not wait")
    world.expect(serve.is_running(), "the process ended")
    for key in keys:
        store.delete(key)
    world.wait(serve.is_drained, 90, "not drained after the foreign object was gone")
    world.rounds += 1
    mirror.stop_and_check()


@scenario("F18", "store that lets a key be created twice", goal=6)
def careless_store(world):
    """Starting is refused with exit code 1 and a line that says why."""
    store = Store()
    world.at_end(store.close)
    store.plan("lake", [Fault("careless", n=1 << 30)])
    serve = on_store(world, store, "lake")
    try:
        serve.start()
        world.expect(False, "it started on a store that is not exclusive")
    except NotReady:
        code = serve.wait()
        world.expect(code == 1, f"exit code {code}")
        words = serve.last_words() + serve.log_path.read_text("utf-8")
        world.expect(REFUSES_CARELESS in words, f"it said: {words}")
    world.rounds += 1


@scenario("F28", "backlog: the store is down until the journal is full", goal=6)
def backlog(world):
    """503 with Retry-After at the journal's limit; everything drains once the store is back."""
    options = [*FLUSHES, "--journal-bytes", "150KiB"]
    store, serve, mirror = store_and_serve(world, *options)
    store.plan("lake", [Fault("refuse", n=1 << 30)])
    sender = Sender(serve.address, world.ledger)
    end = time.monotonic() + 30
    while time.monotonic() < end and sender.send(world.maker.event()) == 200:
        pass
    world.expect(world.ledger.answers[503] > 0, "no 503 with a full journal")
    world.expect(sender.retry_after is not None, "503 without Retry-After")
    world.expect(serve.get("/readyz")[0] == 503, "ready with a full journal")
    world.expect(serve.get("/healthz")[0] == 200, "not alive with a full journal")
    store.plan("lake", [])
    drained = lambda: sender.send(world.maker.event()) == 200  # noqa: E731
    world.wait(drained, 120, "no 200 after the store was back")
    world.rounds += 1
    world.expect_answers(503)
    mirror.stop_and_check()


def store_and_serve(world, *options):
    """A store, an ingester that has flushed to it once, and the copy to check."""
    store = Store()
    world.at_end(store.close)
    serve = on_store(world, store, "lake", *(options or FLUSHES))
    serve.start()
    send_all(serve.address, world.ledger, world.maker.events(ROWS))
    world.wait(serve.is_drained, 60, "the first flush was not done")
    return store, serve, Mirror(world, store, "lake", serve)


def foreign_parquet():
    """A file that says another segment made it."""
    table = pyarrow.table({"webhook_id": pyarrow.array([], "string")})
    table = table.replace_schema_metadata({"tributary.segment": "f" * 32})
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()
