"""F13 to F16: an object store that is down, refuses, resets, loses answers, or lies."""

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
            store.plan(prefix, [])
            serve.start()
            store.plan(prefix, faults)
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
