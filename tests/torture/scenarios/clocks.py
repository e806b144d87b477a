"""F23: the wall clock jumps."""

import time

from torture.load import Sender
from torture.registry import scenario
from torture.shim import Shim

FLUSHES = ["--flush-rows", 500, "--flush-interval", "1s"]
HOUR = 3600
JUMPS = [HOUR, -HOUR, 0, 10 * 24 * HOUR, -400 * 24 * HOUR, 0, 40 * 365 * 24 * HOUR, 0]


@scenario("F23", "the wall clock jumps", goal=10)
def clock_jumps(world):
    """Stamps by another clock are 401; what is taken is flushed and stands in the lake once."""
    shim = Shim(world, calls="none")
    serve = world.serve(*FLUSHES, env=shim.env)
    serve.start()
    sender = Sender(lambda: serve.address, world.ledger)
    for offset in JUMPS[:3] if world.is_short else JUMPS:
        shim.set_clock(offset)
        if abs(offset) > 300:
            status = sender.send(world.maker.event())
            world.expect(status == 401, f"{status} for a stamp that is {offset} s off")
        for event in world.maker.events(20):
            status = sender.send(event, at=time.time() + offset)
            world.expect(status == 200, f"{status} for a right stamp at {offset} s")
        # A flush must come by itself, however the clock went.
        world.expect(serve.wait_drained(30), f"no flush after the clock jumped to {offset} s")
        if world.random.random() < 0.4:
            serve.kill()
            world.check_at_rest(world.disk(serve))
            serve.start()
        world.rounds += 1
    world.expect_answers(401)
    world.stop_and_check(serve)
