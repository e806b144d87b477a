"""F13 to F16, F33: a store that is down, refuses, resets, loses answers, or is no more there."""

import threading
import time

from torture.load import send_all
from torture.registry import scenario
from torture.store import BUCKET, Fault, Store

ROWS = 12
FLUSHES = ["--flush-rows", ROWS, "--flush-interval", "1h"]
SEEDS = 12
SEEDS_SHORT = 3
LAKES = 3
DRAIN_SECONDS_MAX = 120
PLACES = ["", ".parquet", "_delta_log", "raw_events/"]


@scenario("F13-F16", "object store down, refusing, resetting, losing answers", 600, is_quick=True)
def store_fails(world):
    """A fault plan over each flush, on several lakes at once; the oracle after each."""
    store = Store()
    world.at_end(store.close)
    children = [world.child(f"lake-{n}") for n in range(1 if world.is_short else LAKES)]
    threads = [threading.Thread(target=child.guard, args=[one_lake, store]) for child in children]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for child in children:
        world.absorb(child)


def one_lake(world, store):
    """Flushes through faults, a plan a flush, with one ingester."""
    prefix = world.folder.name
    serve = on_store(world, store, prefix)
    serve.start()
    mirror = Mirror(world, store, prefix, serve)
    for _ in range(SEEDS_SHORT if world.is_short else SEEDS):
        faults = plan(world.random)
        events = world.maker.events(ROWS)
        store.plan(prefix, faults)
        send_all(serve.address, world.ledger, events)
        if world.random.random() < 0.15:
            world.pause(0.0, 0.5)
            serve.kill()
            mirror.check()
            serve.start()
            send_all(serve.address, world.ledger, events)
        what = [(fault.kind, fault.status, fault.where) for fault in faults]
        if not world.wait(serve.is_drained, DRAIN_SECONDS_MAX, f"not drained after {what}"):
            return
        mirror.check()
        world.rounds += 1
    store.plan(prefix, [])
    world.expect_answers()
    errors = [fields.get("error") for fields in serve.messages("ERROR")]
    world.expect(not errors, f"errors that need someone: {errors[:3]}")
    mirror.stop_and_check()


@scenario("F33", "restarts while the lake is away: 403, 503, no answer, not mounted", 60, True)
def restarts_in_an_outage(world):
    """Webhooks are taken all the same, and are in the lake once when it is back."""
    store = Store()
    world.at_end(store.close)
    for kind in ["store", "folder"]:
        child = world.child(kind)
        child.guard(OUTAGES[kind], store)
        world.absorb(child)


def store_outages(world, store):
    """A store that refuses everything, or does not answer."""
    serve = on_store(world, store, "away")
    mirror = Mirror(world, store, "away", serve)

    def leave():
        until = time.monotonic() + 3600
        status = world.random.choice([403, 403, 503])
        # What hangs is not answered for as long as a process could wait in vain.
        kind = world.random.choice(["hang", "refuse"])
        store.plan("away", [Fault(kind, status=status, until=until)])

    outages(world, serve, leave, lambda: store.plan("away", []), mirror.check)
    mirror.stop_and_check()


def folder_outages(world, _):
    """A folder that is away with the disk below it, or leaves an empty mount point."""
    lake = world.folder / "disk" / "lake"
    lake.parent.mkdir()
    serve = world.serve(*FLUSHES, lake=lake)
    disk = world.disk(serve, lake=lake)
    away = world.folder / "unmounted"
    place = world.random.choice([lake, lake.parent])

    def leave():
        place.rename(away)
        if world.random.random() < 0.5:
            place.mkdir()

    def come_back():
        if place.exists():
            left = list(place.rglob("*"))
            world.expect(not left, f"written where nothing is mounted: {left}")
            place.rmdir()
        away.rename(place)

    outages(world, serve, leave, come_back, lambda: world.check_at_rest(disk))
    world.stop_and_check(serve)


OUTAGES = {"store": store_outages, "folder": folder_outages}


def outages(world, serve, leave, come_back, check):
    """Outages with one or several starts in each; the process also ends before or after them."""
    serve.start()
    events = world.maker.events(ROWS)
    send_all(serve.address, world.ledger, events)
    world.wait(serve.is_drained, DRAIN_SECONDS_MAX, "the first flush was not done")
    for _ in range(1 if world.is_short else 4):
        world.random.choice([serve.kill, serve.stop])()
        leave()
        for _ in range(world.random.randint(1, 3)):
            serve.start()
            again = world.random.sample(events, 3)
            fresh = world.maker.events(world.random.choice([3, ROWS]))
            events += fresh
            answers = send_all(serve.address, world.ledger, fresh + again)
            world.expect(set(answers) == {200}, f"answers in an outage: {answers}")
            status, text = serve.get("/readyz")
            world.expect(status == 200 and "; " in text, f"/readyz: {status} {text}")
            if world.random.random() < 0.5:
                serve.kill()
            else:
                code = serve.stop()
                world.expect(code == 1, f"exit code {code} with events that wait")
        if world.random.random() < 0.5:
            serve.start()
        come_back()
        if not serve.is_running():
            serve.start()
        # What is few waits for a clean stop.
        send_all(serve.address, world.ledger, world.maker.events(ROWS))
        world.wait(serve.is_drained, DRAIN_SECONDS_MAX, "not drained after an outage")
        check()
        world.rounds += 1
    world.expect_answers()


def plan(random):
    """One or two faults."""
    return [fault(random) for _ in range(random.choice([1, 1, 2]))]


def fault(random):
    """A fault of random kind, length and place."""
    kind = random.choice(["refuse", "reset", "lost", "botched", "conflict", "slow", "cut", "down"])
    where = random.choice(PLACES)
    if kind == "refuse":
        status = random.choice([503, 429, 500])
        return Fault(kind, random.randint(1, 6), status, where=where)
    if kind == "conflict":
        status = random.choice([409, 412])
        return Fault("refuse", random.randint(1, 3), status, methods=("PUT",), where=where)
    if kind == "botched":
        return Fault(kind, random.randint(1, 3), 500, methods=("PUT",), where=where)
    if kind == "lost":
        return Fault(kind, random.randint(1, 4), methods=("PUT",), where=where)
    if kind == "cut":
        return Fault(kind, random.randint(1, 4), methods=("GET",), where=where)
    if kind == "slow":
        return Fault(kind, random.randint(1, 10), seconds=random.uniform(0.05, 0.3), where=where)
    if kind == "down":
        return Fault("reset", until=time.monotonic() + random.uniform(0.3, 2), where=where)
    return Fault(kind, random.randint(1, 5), where=where)


def on_store(world, store, prefix, *options):
    """An ingester whose lake is in the store."""
    options = options or FLUSHES
    return world.serve(*options, lake=f"s3://{BUCKET}/{prefix}", env=store.env)


class Mirror:
    """A copy of a lake in the store, so that the oracle finds files."""

    def __init__(self, world, store, prefix, serve):
        self._world = world
        self._store = store
        self._prefix = prefix
        self._serve = serve
        self._known = {}
        self._folder = world.folder / "mirror"
        self._disk = world.disk(serve, lake=self._folder)

    def check(self):
        """Applies the oracle to a lake to which nothing is written just now."""
        self._copy()
        self._world.check_at_rest(self._disk)

    def stop_and_check(self):
        """Stops the ingester cleanly and applies the oracle to its lake."""
        code = self._serve.stop()
        self._world.expect(code == 0, f"exit code {code} when stopped: {self._serve.last_words()}")
        self._copy()
        self._world.check_lake(self._folder)

    def _copy(self):
        self._known = self._store.download(self._prefix, self._folder, self._known)
