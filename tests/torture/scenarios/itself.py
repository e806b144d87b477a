"""F0: the harness itself: what it would report if the program were wrong."""

import shutil

from torture import oracle
from torture.load import send_all
from torture.oracle import Verdict
from torture.registry import scenario
from torture.scenarios.power import FLUSHES, Volume
from torture.shim import Shim


@scenario("F0", "self-test: lies are found out", goal=2, is_quick=True)
def finds_lies(world):
    """A program whose syncs do nothing loses events; a file that is there twice shows them twice."""
    without_syncs(world.child("unsynced"), world)
    with_copies(world.child("copies"), world)


def without_syncs(world, parent):
    """Every sync is answered with success and not made; then the power is cut."""
    parent.at_end(world.close)
    volume = Volume(world)
    shim = Shim(world, calls="fsync,fdatasync", action="skip")
    shim.arm_next()
    serve = world.serve(
        *FLUSHES, lake=volume.root / "lake", journal=volume.root / "journal", env=shim.env
    )
    serve.start()
    send_all(serve.address, world.ledger, world.maker.events(100))
    volume.shut_down()
    serve.kill()
    volume.mount_again()
    world.check_at_rest(world.disk(serve))
    parent.expect(world.ledger.answers[200] == 100, "the liar did not acknowledge")
    parent.expect(world.verdict.lost, "no loss was found though nothing was synced")
    parent.rounds += 1


def with_copies(world, parent):
    """Files of a good lake are copied, changed and removed; each is noticed."""
    parent.at_end(world.close)
    serve = world.serve(*FLUSHES)
    serve.start()
    send_all(serve.address, world.ledger, world.maker.events(100))
    world.stop_and_check(serve)
    parent.expect(world.verdict.is_good(), f"a good lake is found fault with: {world.verdict.lines()}")
    file = next(iter((serve.lake / "raw_events").glob("*/*.parquet")))
    shutil.copy(file, file.with_name("part-copy.parquet"))
    found = judged(world, serve)
    parent.expect(found.duplicated and not found.lost, "a copied file was not noticed")
    file.with_name("part-copy.parquet").unlink()
    file.rename(world.folder / "away")
    parent.expect(at_rest(world, serve).lost, "a missing file was not noticed")
    (world.folder / "away").rename(file)
    for event in world.ledger.events().values():
        event.is_acknowledged = False
    world.ledger.note_sent(stranger := world.maker.event())
    world.ledger.note_answer(stranger, 200)
    parent.expect(len(judged(world, serve).lost) == 1, "a missing event was not noticed")
    parent.rounds += 1


def judged(world, serve):
    """What the oracle says of the stopped lake."""
    verdict = Verdict()
    oracle.check_stopped(serve.lake, world.ledger, verdict)
    return verdict


def at_rest(world, serve):
    """What the oracle says of journal and lake as they lie."""
    verdict = Verdict()
    oracle.check_at_rest(world.disk(serve), world.ledger, verdict)
    return verdict
