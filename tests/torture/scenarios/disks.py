"""F9 to F12: the disk fails to sync, is full, or is slow."""

import errno
import os
import time

from torture.load import Sender, send_all
from torture.registry import scenario
from torture.scenarios.power import command
from torture.shim import Shim

FLUSHES = ["--flush-rows", 60, "--flush-interval", "1s"]
MIB = 1 << 20


@scenario("F9", "fdatasync of the journal fails", goal=30, is_quick=True)
def sync_fails(world):
    """A failed sync is answered 503, never tried again on that segment, and nothing is lost."""
    shim = Shim(world, calls="fdatasync", action=f"error={errno.EIO}", below=world.folder / "journal")
    serve = world.serve(*FLUSHES, env=shim.env)
    serve.start()
    with world.load(serve):
        for _ in range(3 if world.is_short else 8):
            world.pause(0.1, 0.6)
            shim.arm_next(world.random.choice([1, 1, 2, 5]))
            world.rounds += 1
        world.pause(0.3, 0.6)
    world.expect(world.ledger.answers[503] > 0, "no batch was refused")
    world.expect_answers(503)
    world.expect(serve.is_running(), "the process ended")
    if world.random.random() < 0.5:
        serve.kill()
        world.check_at_rest(world.disk(serve))
        serve.start()
    shim.disarm()
    world.stop_and_check(serve)


@scenario("F10", "disk of the journal is full", goal=15, is_quick=True)
def journal_is_full(world):
    """503 with Retry-After while there is no room, 200 again when there is.

    With a reserve nothing ever fails; without one, writes do.
    """
    is_bare = world.is_short or world.random.random() < 0.5
    volume = tmpfs(world, (16 if is_bare else 64) * MIB)
    reserve = ["--min-free-disk", "0B"] if is_bare else []
    serve = world.serve(*FLUSHES, *reserve, journal=volume / "journal")
    serve.start()
    for _ in range(1 if world.is_short else 4):
        statuses = send_all(serve.address, world.ledger, world.maker.events(50))
        world.expect(set(statuses) == {200}, f"answers with room: {set(statuses)}")
        filler = fill(volume)
        sender = Sender(serve.address, world.ledger)
        refused = until(world, sender, 503, "no 503 on a full disk", filler)
        world.expect(not refused or sender.retry_after is not None, "503 without Retry-After")
        world.expect(serve.get("/healthz")[0] == 200, "not alive on a full disk")
        filler.unlink()
        until(world, sender, 200, "no 200 after there was room again")
        world.rounds += 1
    world.expect_answers(503)
    world.stop_and_check(serve)


@scenario("F11", "disk of the lake is full", goal=15)
def lake_is_full(world):
    """Webhooks are still taken; the flush is done when there is room."""
    volume = tmpfs(world, 16 * MIB)
    serve = world.serve(*FLUSHES, lake=volume / "lake")
    serve.start()
    for _ in range(1 if world.is_short else 3):
        filler = fill(volume)
        statuses = send_all(serve.address, world.ledger, world.maker.events(80))
        world.expect(set(statuses) == {200}, f"answers while the lake is full: {set(statuses)}")
        failed = lambda: serve.metric("tributary_flush_errors_total") > 0  # noqa: E731
        world.wait(failed, 20, "no flush failed on a full disk")
        filler.unlink()
        world.expect(serve.wait_drained(60), "not drained after there was room again")
        world.rounds += 1
    world.expect_answers()
    world.stop_and_check(serve)


@scenario("F12", "slow disk", goal=10)
def disk_is_slow(world):
    """Every sync takes 300 ms: answers are late and right, memory stays bounded."""
    shim = Shim(world, calls="fdatasync,fsync", action="delay=300")
    serve = world.serve("--flush-rows", 200, "--flush-interval", "2s", env=shim.env)
    serve.start()
    # A day's first webhook makes the index of its ids, which takes some twenty syncs of its own.
    n_before = len(send_all(serve.address, world.ledger, world.maker.events(5)))
    shim.arm_next()
    with world.load(serve, n_connections=24, pause=0):
        time.sleep(4 if world.is_short else 10)
    shim.disarm()
    world.expect_answers(503)
    n_taken = len(world.ledger.acknowledged()) - n_before
    world.expect(n_taken >= 48, f"only {n_taken} webhooks were taken")
    world.rounds += 1
    world.stop_and_check(serve)
    world.expect(serve.peak_kib < 256 * 1024, f"memory rose to {serve.peak_kib} KiB")


def tmpfs(world, size):
    """A small file system."""
    folder = world.folder / "small"
    folder.mkdir()
    command("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    world.at_end(command, "umount", "-l", folder)
    return folder


def fill(volume):
    """Takes all the room that is left; returns the file that holds it."""
    filler = volume / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return filler


def until(world, sender, wanted, otherwise, filler=None):
    """Sends until an answer is given; room that a flush sets free is taken at once."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if sender.send(world.maker.event()) == wanted:
            return True
        if filler is not None and os.path.exists(filler):
            fill(filler.parent)
        time.sleep(0.02)
    return world.expect(False, otherwise)
