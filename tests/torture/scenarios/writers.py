"""F20: two processes on one journal, two ingesters on one lake, and one that was asleep."""

import signal
import time

from torture.registry import scenario
from torture.serve import NotReady

FLUSHES = ["--flush-rows", 20, "--flush-interval", "1s"]


@scenario("F20", "two writers: one journal, one lake, a sleeper", goal=12)
def two_writers(world):
    """The second process on a journal is refused; two ingesters share a lake."""
    first = world.serve(*FLUSHES)
    first.start()
    refused_on_journal(world, first)
    other_folder = world.folder / "other"
    other_folder.mkdir()
    other = world.serve(*FLUSHES, folder=other_folder, lake=first.lake)
    other.start()
    with world.load(first, n_connections=3), world.load(other, n_connections=3):
        # Senders of different ingesters send different events; see docs/operations.md.
        world.pause(1.5, 3)
        first.process.send_signal(signal.SIGSTOP)
        refused_on_journal(world, first)
        world.pause(0.5, 1.5)
        first.process.send_signal(signal.SIGCONT)
        world.pause(0.5, 1)
    world.rounds += 1
    world.expect_answers()
    code = other.stop()
    world.expect(code == 0, f"exit code {code} of the other ingester: {other.last_words()}")
    world.stop_and_check(first)


def refused_on_journal(world, first):
    """A second process must not get the journal, not even while its owner sleeps."""
    folder = world.folder / f"second-{time.monotonic_ns()}"
    folder.mkdir()
    second = world.serve(*FLUSHES, folder=folder, lake=first.lake, journal=first.journal)
    try:
        second.start()
        world.expect(False, "a second process got the journal")
    except NotReady:
        code = second.wait()
        world.expect(code in (1, 2), f"exit code {code} of the second process")
        words = second.log_path.read_text("utf-8")
        world.expect("in use by another tributary process" in words, f"it said: {words}")
    world.rounds += 1
