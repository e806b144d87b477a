"""F6 to F8, F19, F31: what lies on disk is cut, flipped, stale, half committed, or old."""

from pathlib import Path

from torture.disk import FRAME, HEADER_BYTES, segment_records
from torture.events import Event
from torture.load import send_all
from torture.registry import scenario
from torture.scenarios.boundaries import OFTEN, abort_at_each

# Nothing is flushed while events are sent, so that all of them lie in the journal.
HELD = ["--flush-rows", 100_000, "--flush-interval", "1h"]
N_EVENTS = 20
OLD_SEGMENT = Path(__file__).parents[3] / "fixtures/journal/version-1.seg"


@scenario("F6", "the journal's last bytes are torn", goal=20, is_quick=True)
def torn_tail(world):
    """A frame that was being written is there in part; it was not acknowledged."""
    for serve, segment in killed(world):
        data = segment.read_bytes()
        # A frame's batch begins where all before it was on disk: the end of what was answered.
        frame = FRAME.pack(4000, world.random.getrandbits(32), len(data))
        frame += world.random.randbytes(4000)
        segment.write_bytes(data + frame[: world.random.randrange(1, len(frame))])
        serve.start()
        world.expect(not damaged(serve), "a torn tail was taken for damage")
        world.stop_and_check(serve)


@scenario("F7", "bits of the journal flip", goal=20, is_quick=True)
def flipped_bits(world):
    """The record that they hit is set aside and reported; every other one reaches the lake."""
    for serve, segment in killed(world):
        data = bytearray(segment.read_bytes())
        frames = frames_of(data)
        # A bit in the last batch can't be told from a write that was cut off.
        at, length = world.random.choice(frames[: len(frames) // 2])
        hit = segment_records(data[:HEADER_BYTES] + data[at : at + length])
        data[world.random.randrange(at, at + length)] ^= 1 << world.random.randrange(8)
        segment.write_bytes(data)
        world.expect(len(hit) == 1, "the frame was not readable before")
        world.ledger.give_up(hit)
        serve.start()
        world.expect(damaged(serve), "nothing was set aside")
        world.expect(serve.metric("tributary_journal_damaged_files") >= 1, "no metric tells")
        world.expect(serve.messages("ERROR"), "no line tells")
        world.stop_and_check(serve)


@scenario("F8", "bytes of an earlier segment follow the last one", goal=20, is_quick=True)
def stale_bytes(world):
    """Whole frames with good checksums of their own, behind the end; they must not come back."""
    stale = OLD_SEGMENT.read_bytes()[HEADER_BYTES:]
    for serve, segment in killed(world):
        data = segment.read_bytes()
        segment.write_bytes(data + stale)
        stale = data[HEADER_BYTES:]
        serve.start()
        world.stop_and_check(serve)


@scenario("F19", "crash between putting files and committing them", goal=20, is_quick=True)
def half_committed(world):
    """Some tables name the files and others do not; what is done again ends as if done once."""
    points = ["flush_after_put", "flush_before_commit", "flush_after_commit"]
    n = 2 if world.is_short else 5
    # A flush passes each of these once for each table that has rows.
    passes = [(world.random.choice(points), world.random.randrange(8)) for _ in range(n)]
    abort_at_each(world, passes)


@scenario("F31", "a journal of the first version", goal=4, is_quick=True)
def old_journal(world):
    """Its segment, kept in `fixtures/`, reaches the lake."""
    serve = world.serve(*OFTEN)
    serve.start()
    serve.stop()
    segments = serve.journal / "segments"
    (segments / f"{7:020}.seg").write_bytes(OLD_SEGMENT.read_bytes())
    body = '{"id":"evt_1","ü":"日本"}'.encode()
    for event in [
        Event("evt_1", body, is_session=False),
        Event("evt_1", b"{}", is_session=False, is_conflict=True),
        Event("evt_2", b"not json", is_session=False),
    ]:
        world.ledger.note_sent(event)
        world.ledger.note_answer(event, 200)
    serve.start()
    world.rounds += 1
    world.stop_and_check(serve)


def killed(world):
    """Sends events, kills, and yields the ingester with its one segment, several times."""
    serve = world.serve(*HELD)
    for _ in range(2 if world.is_short else 5):
        serve.start()
        send_all(serve.address, world.ledger, world.maker.events(N_EVENTS))
        world.expect_answers()
        serve.kill()
        [segment] = serve.segments()
        yield serve, segment
        world.rounds += 1


def frames_of(data):
    """Where the frames of a segment are, as (offset, length)."""
    found, at = [], HEADER_BYTES
    while at < len(data):
        length = FRAME.size + FRAME.unpack_from(data, at)[0]
        found.append((at, length))
        at += length
    return found


def damaged(serve):
    """The files that the ingester set aside."""
    return list(serve.journal.glob("damaged/*"))
