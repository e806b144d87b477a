"""F26: the process is asked to stop while it is busy."""

import time

from torture.registry import scenario

FLUSHES = ["--flush-rows", 200, "--flush-interval", "1s"]
STOP_SECONDS_MAX = 30


@scenario("F26", "SIGTERM under load", goal=30, is_quick=True)
def stop_under_load(world):
    """Exit code 0 within 30 s, everything in the lake; who has no answer is not told 200."""
    serve = world.serve(*FLUSHES)
    with world.load(serve, n_connections=8, pause=0.001):
        for _ in range(2 if world.is_short else 5):
            serve.start()
            world.pause(0.1, 1.2)
            begun = time.monotonic()
            code = serve.stop()
            seconds = time.monotonic() - begun
            world.expect(code == 0, f"exit code {code}: {serve.last_words()}")
            world.expect(seconds < STOP_SECONDS_MAX, f"stopping took {seconds:.1f} s")
            waiting = list(serve.journal.glob("segments/*"))
            world.expect(not waiting, "segments left by a clean stop")
            world.check_at_rest(world.disk(serve))
            world.rounds += 1
    world.expect_answers(503)
    world.check_lake(serve.lake)
