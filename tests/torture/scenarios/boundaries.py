"""F2, F3: the process dies at every system call of the write path, and at named points."""

import contextlib
import os
import shutil
import time

from torture.load import send_all
from torture.registry import scenario
from torture.serve import NotReady
from torture.shim import Shim
from torture.world import Skip

N_EVENTS = 3
# Three events make a segment, so that the third starts a flush.
FLUSHES = ["--flush-rows", N_EVENTS, "--flush-interval", "1h"]
SAMPLE_SHORT = 6
# Segments are sealed by their age, since a full one is sealed in another place.
OFTEN = ["--flush-interval", "100ms"]
DEAD_SECONDS_MAX = 30
# The points of a build with debug assertions.
POINTS = [
    "journal_before_reuse",
    "journal_before_write",
    "journal_after_write",
    "journal_after_sync",
    "journal_after_index",
    "journal_after_seal",
    "flush_before_encode",
    "flush_before_put",
    "flush_after_put",
    "flush_before_commit",
    "flush_after_commit",
    "flush_before_release",
    "release_after_persist",
    "release_after_checkpoint",
    "release_after_remove",
]


@scenario("F2", "kill -9 at every system call of the write path", goal=100, is_quick=True)
def kill_at_each_call(world):
    """Walks all calls of a start, one flush and a stop, half of the time on an empty folder."""
    template = world.folder / "template"
    template.mkdir()
    first = world.serve(*FLUSHES, folder=template)
    first.start()
    first.stop()
    is_new = world.random.random() < 0.5
    n_calls = one_life(world, None if is_new else template, at=None)
    walk = range(1, n_calls + 1)
    if world.is_short:
        walk = sorted(world.random.sample(walk, min(SAMPLE_SHORT, n_calls)))
    for at in walk:
        one_life(world, None if is_new else template, at)
        if not world.verdict.is_good():
            world.verdict.add(f"at call {at} of {n_calls}, on a new folder: {is_new}")
            return


def one_life(world, template, at):
    """Starts, flushes once and stops, killed at a call if one is named; returns the calls made."""
    world.new_ledger()
    folder = world.folder / "life"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ["lake", "journal"] if template else []:
        shutil.copytree(template / name, folder / name)
    action = world.random.choice(["kill", "kill-after"])
    shim = Shim(world, action=action, below=folder)
    # A template's journal is bound to the lake's path; nothing waits, so another one is taken.
    serve = world.serve(*FLUSHES, folder=folder)
    if at is not None:
        shim.arm(at)
    events = world.maker.events(N_EVENTS)
    try:
        serve.start(**shim.env)
        send_all(serve.address, world.ledger, events, n_connections=1)
        wait_released(serve)
        code = serve.stop() if serve.is_running() else serve.wait()
    except NotReady:
        code = serve.wait()
    n_calls = shim.count()
    if at is None:
        world.expect(code == 0 and n_calls > 50, f"exit code {code} after {n_calls} calls")
    else:
        world.expect(code == -9 or n_calls < at, f"exit code {code}: {serve.last_words()}")
    world.check_at_rest(world.disk(serve))
    serve.start()
    again = [event for event in events if not event.is_acknowledged]
    send_all(serve.address, world.ledger, again, n_connections=1)
    world.expect_answers()
    world.stop_and_check(serve)
    world.rounds += 1
    return n_calls


def wait_released(serve):
    """Waits until the only segment is in the lake, or the process is dead."""
    end = time.monotonic() + DEAD_SECONDS_MAX
    checkpoint = serve.journal / "checkpoint"
    while time.monotonic() < end and serve.is_running():
        if checkpoint.exists() and serve.is_drained():
            return
        time.sleep(0.01)


@scenario("F3", "abort at each named point", goal=60, is_quick=True)
def abort_at_points(world):
    """Aborts at the first or a later pass of each point; then everything goes on."""
    points = list(POINTS)
    world.random.shuffle(points)
    passes = [(point, world.random.randint(0, 2)) for point in points]
    abort_at_each(world, passes[:4] if world.is_short else passes)


def abort_at_each(world, passes):
    """Aborts when a point was passed so many times before, checks, and lets all go on."""
    if not os.environ.get("TRIBUTARY_HAS_FAILPOINTS"):
        raise Skip("a release build has no points: leave TRIBUTARY_BIN unset")
    serve = world.serve(*OFTEN)
    disk = world.disk(serve)
    for point, n_before in passes:
        # What an earlier process left is flushed at once, so the point may be met before it listens.
        with contextlib.suppress(NotReady):
            serve.start(FAILPOINTS=f"{point}={n_before}*off->panic")
            feed_until_dead(world, serve)
        world.expect(not serve.is_running(), f"{point} was not passed {n_before + 1} times")
        serve.kill()
        world.check_at_rest(disk)
        world.rounds += 1
    serve.start()
    again = [event for event in world.ledger.events().values() if not event.is_acknowledged]
    send_all(serve.address, world.ledger, again)
    world.expect_answers()
    world.stop_and_check(serve)


def feed_until_dead(world, serve):
    """Sends a few events at a time, until the process is gone."""
    end = time.monotonic() + DEAD_SECONDS_MAX
    while serve.is_running() and time.monotonic() < end:
        send_all(serve.address, world.ledger, world.maker.events(N_EVENTS), n_connections=1)
        time.sleep(0.1)
