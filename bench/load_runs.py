"""One run of a server under load, for each side: start, load, stop, check, clean up.

Load and server share the machine. Of each side a webhook that is signed wrongly must be refused
and every other one taken, and what it stores must be all there behind it; else the run does not
count and the benchmark ends. What a run leaves on disk is removed before the next one begins.
"""

import json
import resource
import shutil
import statistics
from contextlib import nullcontext
from dataclasses import asdict, dataclass

from bench.inputs import emptied
from bench.measure import run
from bench.servers import Server
from bench.settings import ROOT, CheckFailed

# The flush held back, and room for what then waits.
HELD_BACK = """--flush-interval 1h --flush-rows 1000000000 --flush-bytes 1TiB
    --journal-bytes 1TiB""".split()
# The program's default, and what is needed beside a load of so many: the reader of the metrics.
CONNECTIONS_MIN = 1024
SPARE_CONNECTIONS = 8
# What may wait for the lake while a load is sustained: four segments.
BACKLOG_BYTES_MAX = 128 << 20
# How much more may wait at the end of a sustained load than at its middle, by a straight line.
GROWTH_MIB_MAX = 32
DISK_SECONDS = 1
# Webhooks signed before the clock starts, for each second of a run: more than the side takes.
AHEAD = {"tributary": 60_000, "bare": 100_000, "fastapi": 10_000}
FASTAPI = """-m uvicorn fastapi_app:app --workers 2 --loop uvloop --http httptools --no-access-log
    --log-level warning""".split()


@dataclass(frozen=True)
class Loaded:
    """One run of one side."""

    per_second: float
    p99_ms: float
    # Of the server, at the end of the load.
    peak_mib: float
    processor_us: float
    # By which more waited for the lake at its end than at its middle.
    backlog_growth_mib: float
    # Median of appending and syncing just before: how quick, and how quiet, the machine was.
    disk_ms: float


class Sides:
    """Runs the sides, one at a time, in a folder of their own; keeps a line about each run."""

    def __init__(self, settings, tools):
        self._settings = settings
        self._tools = tools
        self._folder = settings.folder("serve") / "run"
        self._runs = settings.folder("serve") / "runs.ndjson"
        self._runs.unlink(missing_ok=True)
        # A connection is an open file on both ends.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def held_back(self, connections, seconds, rate=None):
        """Ours with the flush held back."""
        return self._ours(HELD_BACK, connections, seconds, rate=rate)

    def sustained(self, connections, seconds):
        """Ours with its default settings, under as much load as it works off."""
        loaded = self._ours([], connections, seconds, backlog_max=BACKLOG_BYTES_MAX)
        growth = loaded.backlog_growth_mib
        if growth > GROWTH_MIB_MAX:
            raise CheckFailed(f"the backlog grew by {growth:.0f} MiB in the second half of a run")
        return loaded

    def steady(self, connections, seconds, rate, lake=None, beside=None):
        """Ours with its default settings, under a load of a fixed rate.

        `lake` is one to go on with; `beside` gets the server and gives a context, in which the
        load runs.
        """
        return self._ours([], connections, seconds, lake, beside, rate=rate)

    def bare(self, connections, seconds):
        """The handler that verifies and stores nothing."""
        with Server(self._tools.bare, emptied(self._folder)) as server:
            return self._loaded("bare", server, None, connections, seconds)

    def fastapi(self, connections, seconds):
        """FastAPI, which appends each webhook to a file and syncs it."""
        folder = emptied(self._folder)
        file, ledger = folder / "events", folder / "ledger"

        def command(address):
            host, _, port = address.partition(":")
            where = ["--app-dir", ROOT / "bench" / "peers", "--host", host, "--port", port]
            return [self._settings.python, "-B", *FASTAPI, *where]

        with Server(command, folder, EVENTS_FILE=str(file)) as server:
            loaded = self._loaded("fastapi", server, ledger, connections, seconds)
            server.stop()
        n_stored, n_acknowledged = n_lines(file), n_lines(ledger)
        if n_stored != n_acknowledged:
            raise CheckFailed(f"FastAPI stored {n_stored} of {n_acknowledged} webhooks")
        shutil.rmtree(folder)
        return loaded

    def append(self, seconds):
        """Appends and syncs on the disk of the journals; returns the 99th percentile in ms."""
        return self._tools.append(emptied(self._folder), seconds)["latency_ms"]["p99"]

    def _ours(self, options, connections, seconds, lake_before=None, beside=None, **how):
        folder = emptied(self._folder)
        lake, ledger = folder / "lake", folder / "ledger"
        if lake_before:
            shutil.copytree(lake_before, lake)
        n_max = max(CONNECTIONS_MIN, connections + SPARE_CONNECTIONS)
        where = ["--lake", lake, "--journal", folder / "journal"]
        options = [*where, "--max-connections", n_max, "-q", *options]

        def command(address):
            return self._settings.command("serve", "--listen", address, *options)

        with Server(command, folder) as server:
            with beside(server) if beside else nullcontext():
                loaded = self._loaded("tributary", server, ledger, connections, seconds, **how)
            server.stop()
        oracle = [self._settings.python, "-B", "-m", "bench.oracle", lake, ledger]
        run([str(part) for part in oracle], cwd=ROOT)
        shutil.rmtree(folder)
        return loaded

    def _loaded(self, side, server, ledger, connections, seconds, rate=None, backlog_max=None):
        self._tools.check_refusal(server)
        disk = self._tools.append(self._folder, DISK_SECONDS)
        ahead = int(min(rate or AHEAD[side], AHEAD[side]) * seconds)
        busy_before = server.busy_seconds()
        told = self._tools.load(
            server, connections, seconds, ahead, ledger, rate=rate, backlog_max=backlog_max
        )
        busy = server.busy_seconds() - busy_before
        loaded = Loaded(
            per_second=told["per_second"],
            p99_ms=told["latency_ms"]["p99"],
            peak_mib=server.peak_bytes() / 2**20,
            processor_us=1e6 * busy / told["ok"],
            backlog_growth_mib=growth_in_second_half(told.pop("watched")) / 2**20,
            disk_ms=disk["latency_ms"]["p50"],
        )
        asked = {"side": side, "connections": connections, "rate": rate}
        with self._runs.open("a", encoding="utf-8") as runs:
            print(json.dumps(asked | asdict(loaded) | told), file=runs)
        return loaded


def growth_in_second_half(samples):
    """How much a gauge rises from the middle of a run to its end, by a straight line."""
    half = samples[len(samples) // 2 :]
    if len(half) < 2:
        return 0
    slope, _ = statistics.linear_regression(*zip(*half, strict=True))
    return slope * (half[-1][0] - half[0][0])


def n_lines(path):
    """The number of a file's lines."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
