"""What was answered 2xx is in the lake exactly once, however often the ingester is killed."""

import random
import subprocess
import time
import urllib.request

import duck
from program import DONE_SECONDS_MAX, Ingester, command, environment

N_EVENTS = 2000
N_KILLS = 10
# Small, frequent flushes, so that kills also hit the writing of files and commits.
OPTIONS = ["--flush-rows", 300, "--flush-interval", "1s"]


def test_what_was_acknowledged_is_in_the_lake_once(tmp_path):
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    ledger = tmp_path / "ledger"
    ingester = Ingester(tmp_path, *OPTIONS)
    send = ["generate", N_EVENTS, "--days", 4, "--connections", 16]
    line = command(*send, "--to", ingester.url, "--ledger", ledger, "-q")
    sender = subprocess.Popen(line, env=environment(), stderr=subprocess.DEVNULL)
    try:
        n_killed = 0
        while n_killed < N_KILLS:
            n_wanted = moments.randint(1, N_EVENTS // (N_KILLS + 2))
            assert wait_until_accepted(ingester, sender, n_wanted), f"seed {seed}: load ended early"
            ingester.kill()
            n_killed += 1
            ingester = Ingester(tmp_path, *OPTIONS, listen=ingester.address)
        sender.wait(DONE_SECONDS_MAX)
        assert ingester.stop() == 0
    finally:
        sender.kill()
        ingester.kill()
    acknowledged = ledger.read_text("utf-8").split()
    assert len(acknowledged) > N_EVENTS // 2
    assert len(acknowledged) == len(set(acknowledged))
    database = duck.open_files(ingester.lake)
    for table in ("raw_events", "sessions"):
        counts = dict(
            database.execute(
                f"SELECT event_id, count(*) FROM files.{table} GROUP BY event_id"
            ).fetchall()
        )
        assert [id for id in acknowledged if counts.get(id) != 1] == [], f"seed {seed}: {table}"
        assert [id for id, n in counts.items() if n != 1] == [], f"seed {seed}: {table}"


def wait_until_accepted(ingester, sender, n_wanted):
    """Waits until this process of the ingester has accepted so many; false if the load is over."""
    end = time.monotonic() + DONE_SECONDS_MAX
    while time.monotonic() < end and sender.poll() is None:
        if n_accepted(ingester) >= n_wanted:
            return True
        time.sleep(0.005)
    return False


def n_accepted(ingester):
    """How many webhooks the ingester's metrics count as accepted."""
    with urllib.request.urlopen(f"{ingester.dashboard}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    counted = [line for line in lines if line.startswith("tributary_webhooks_total")]
    return sum(float(line.split()[-1]) for line in counted if '"accepted"' in line)
