"""F1: the process is killed at random moments under load."""

from torture import oracle
from torture.registry import scenario

# Small, frequent flushes, so that kills also hit the writing of files and commits.
FLUSHES = ["--flush-rows", 60, "--flush-interval", "1s"]
KILLS = 15
KILLS_SHORT = 5


@scenario("F1", "kill -9 at random moments under load", goal=600, is_quick=True)
def kill_at_random(world):
    """Kills while it starts, while it takes webhooks, while it flushes; checks after each."""
    serve = world.serve(*FLUSHES)
    disk = world.disk(serve)
    serve.start()
    with world.load(serve):
        for _ in range(KILLS_SHORT if world.is_short else KILLS):
            if world.random.random() < 0.15:
                world.pause(0.0, 0.3)
                serve.kill()
                serve.start(wait=False)
            else:
                serve.is_running() and world.random.random() < 0.9 and serve.wait_ready()
                world.pause(0.02, 0.9)
            serve.kill()
            world.check_at_rest(disk)
            world.rounds += 1
            serve.start()
    check_readers(world, serve)
    world.expect_answers()
    world.stop_and_check(serve)


def check_readers(world, serve):
    """What readers see while the ingester runs shows no id twice either."""
    rows = oracle.duplicates(serve.lake)
    world.expect(not rows, f"a reader of the running lake sees twice: {rows[:5]}")
