"""`serve` under half the load that it can sustain, with and without people at its dashboard."""

import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

from bench.http_tools import tools
from bench.inputs import lake_of
from bench.load_runs import Sides
from bench.measure import alternate, median
from bench.parts.serve import CONNECTIONS, rates
from bench.settings import CheckFailed
from bench.table import Row

# What the lake holds at the beginning.
SESSIONS_MAX = 100_000
# Queries that are asked for at the same time, again as soon as there is an answer: as many as run
# at once by default.
READERS = 2
# The reports of the pages, in the order in which someone opens these.
REPORTS = """overview channels trends models campaigns roi paths path-length time-lag transitions
    accounts firmographics audit""".split()
RATIO_MAX = 1.2
TIMEOUT_SECONDS = 60
PAUSE_SECONDS = 0.2


def run(settings):
    """The rows: time to acknowledge, and what the queries got meanwhile."""
    sides = Sides(settings, tools(settings))
    sustained = [sides.sustained(CONNECTIONS, settings.seconds) for _ in range(settings.runs)]
    rate = median(rates(sustained)) / 2
    lake = lake_of(settings, min(settings.sessions, SESSIONS_MAX))
    answers = []

    @contextmanager
    def readers(server):
        with asking(server) as seen:
            yield
        answers.append(seen)

    measured = {
        "nobody at the dashboard": lambda: sides.steady(CONNECTIONS, settings.seconds, rate, lake),
        "with queries": lambda: sides.steady(CONNECTIONS, settings.seconds, rate, lake, readers),
    }
    samples = alternate(measured, settings.runs)
    quiet, busy = ([one.p99_ms for one in samples[name]] for name in measured)
    queries = [len(seen) / settings.seconds for seen in answers]
    if not all(queries):
        raise CheckFailed("the dashboard answered nothing while it was measured")
    return [
        Row(
            f"99th percentile of acknowledging {rate:,.0f} events/s, {READERS} queries at a time",
            busy,
            quiet,
            "nobody at the dashboard",
            unit="ms",
            target=f"≤ {RATIO_MAX} ×",
            met=median(busy) <= RATIO_MAX * median(quiet),
        ),
        Row("queries of the dashboard answered meanwhile", queries, unit="queries/s"),
        Row(
            "median time of such a query",
            [median(seen) for seen in answers],
            unit="s",
        ),
        Row(
            "memory of serve under load and queries",
            [one.peak_mib for one in samples["with queries"]],
            unit="MiB",
        ),
    ]


@contextmanager
def asking(server):
    """Asks for report after report; gives the seconds that each answer took."""
    seen, failures = [], []
    shown = {"authorization": f"Bearer {server.token}"}
    is_over = threading.Event()

    def read(at):
        while not is_over.is_set():
            name = REPORTS[at % len(REPORTS)]
            at += 1
            try:
                begin = time.perf_counter()
                # A limit of its own for each, so that no answer is one that was kept.
                url = f"http://{server.dashboard}/api/reports/{name}?lookback={30 + at % 300}d"
                request = urllib.request.Request(plain(url, name), headers=shown)
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                    answer.read()
                seen.append(time.perf_counter() - begin)
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    failures.append(f"report {name}: {error.code}: {error.read()[:200]}")
                    return
                time.sleep(PAUSE_SECONDS)

    threads = [threading.Thread(target=read, args=(at * 6,)) for at in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    if failures:
        raise CheckFailed(failures[0])


def plain(url, name):
    """The address, without a parameter that its report does not know."""
    without = {"overview", "accounts", "audit"}
    return url.partition("?")[0] if name in without else url
