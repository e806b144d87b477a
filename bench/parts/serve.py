"""`serve` under load: beside a handler that stores nothing, beside FastAPI, beside the disk."""

from bench.http_tools import tools
from bench.load_runs import Sides
from bench.measure import alternate, median
from bench.table import Row, against

CONNECTIONS = 256
MANY_CONNECTIONS = 1024
BARE, FASTAPI, DISK = "bare axum handler", "FastAPI, uvicorn", "append 256 KiB, sync"
BURST_RATIO_MIN, SUSTAINED_RATIO_MIN, FASTAPI_RATIO_MIN = 0.6, 0.33, 10
# How long an answer may take: so many times the disk's time, and so much more.
SYNC_FACTOR, SYNC_MS = 3, 5
MEMORY_MIB_MAX = 256
DISK_SECONDS_MAX = 10


def run(settings):
    """The rows: bursts, sustained loads, time to acknowledge, memory."""
    sides = Sides(settings, tools(settings))
    bursts = {n: burst(settings, sides, n) for n in (CONNECTIONS, MANY_CONNECTIONS)}
    long = sustained(settings, sides)
    lasting = f"sustained for {settings.sustained_seconds} s, flushing"
    half = {
        "flush held back": (sides.held_back, rates(bursts[CONNECTIONS]["tributary"])),
        "flushing": (sides.steady, rates(long["tributary"])),
    }
    ours = [one for runs in (*bursts.values(), long) for one in runs["tributary"]]
    return [
        *(
            compared(f"burst of {settings.seconds} s, {n} connections", runs, BARE, BURST_RATIO_MIN)
            for n, runs in bursts.items()
        ),
        compared(lasting, long, BARE, SUSTAINED_RATIO_MIN),
        compared(lasting, long, FASTAPI, FASTAPI_RATIO_MIN),
        *(acknowledged(settings, sides, name, *one) for name, one in half.items()),
        memory([one.peak_mib for one in ours]),
    ]


def burst(settings, sides, connections):
    """As many webhooks as are taken, for a short time, with the flush held back."""
    seconds = settings.seconds
    measured = {
        "tributary": lambda: sides.held_back(connections, seconds),
        BARE: lambda: sides.bare(connections, seconds),
    }
    return alternate(measured, settings.runs)


def sustained(settings, sides):
    """As many webhooks as are worked off; FastAPI has nothing to work off and runs for less."""
    seconds = settings.sustained_seconds
    measured = {
        "tributary": lambda: sides.sustained(CONNECTIONS, seconds),
        BARE: lambda: sides.bare(CONNECTIONS, seconds),
        FASTAPI: lambda: sides.fastapi(CONNECTIONS, settings.seconds),
    }
    return alternate(measured, settings.runs)


def acknowledged(settings, sides, name, side, per_second):
    """Time to acknowledge at half the rate that was just reached, beside the disk's own."""
    rate = median(per_second) / 2
    measured = {
        DISK: lambda: sides.append(min(settings.seconds, DISK_SECONDS_MAX)),
        "tributary": lambda: side(CONNECTIONS, settings.seconds, rate),
    }
    samples = alternate(measured, settings.runs)
    ours = [one.p99_ms for one in samples["tributary"]]
    most = SYNC_FACTOR * median(samples[DISK]) + SYNC_MS
    return Row(
        f"99th percentile of acknowledging at half that rate, {name}",
        ours,
        samples[DISK],
        DISK,
        unit="ms",
        target=f"≤ {SYNC_FACTOR} × + {SYNC_MS} ms",
        met=median(ours) <= most,
    )


def compared(name, samples, peer, ratio_min):
    """A row of both sides' webhooks a second."""
    ours, theirs = rates(samples["tributary"]), rates(samples[peer])
    return against(name, ours, theirs, peer, ratio_min=ratio_min, unit="events/s", picture="serve")


def memory(peaks_mib):
    """A row of the peaks of all loads; each must be within the target, not only their median."""
    met = max(peaks_mib) <= MEMORY_MIB_MAX
    target = f"≤ {MEMORY_MIB_MAX} MiB, each"
    return Row("memory of serve under these loads", peaks_mib, unit="MiB", target=target, met=met)


def rates(samples):
    """Webhooks a second of samples."""
    return [one.per_second for one in samples]
