"""Runs scenarios over and over in two lanes until the time is over."""

import contextlib
import hashlib
import multiprocessing
import random
import shutil
import tempfile
import time
import traceback
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from torture.registry import all_scenarios
from torture.world import Skip, World

FULL_SECONDS = 1800


@dataclass
class Run:
    """What one run of a scenario brought."""

    fault: str
    seed: int
    seconds: float = 0
    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    findings: list = field(default_factory=list)
    skipped: str | None = None
    folder: str | None = None

    @property
    def is_good(self):
        """Whether nothing was found."""
        return not self.findings


def seed_of(base, fault, number):
    """The seed of a scenario's run; the first one's is the given seed itself."""
    if number == 0:
        return base
    digest = hashlib.sha256(f"{base} {fault} {number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def run_one(fault, seed, is_short):
    """Runs a scenario once, in a folder of its own that is kept only if something was found."""
    scenario = next(one for one in all_scenarios() if one.fault == fault)
    folder = Path(tempfile.mkdtemp(prefix=f"torture-{fault}-"))
    run = Run(fault, seed)
    world = World(folder, random.Random(seed), is_short)
    started = time.monotonic()
    try:
        # Whatever ends the scenario, Ctrl-C too, nothing stays mounted and no process stays alive.
        with contextlib.closing(world):
            scenario.run(world)
    except Skip as reason:
        run.skipped = str(reason)
    except Exception:
        world.verdict.add(traceback.format_exc(limit=-4))
    run.seconds = time.monotonic() - started
    run.rounds = world.rounds
    run.acknowledged = world.acknowledged()
    run.lost, run.duplicated = len(world.verdict.lost), len(world.verdict.duplicated)
    run.findings = world.verdict.lines()
    if run.is_good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        run.folder = str(folder)
    return run


class Schedule:
    """Chooses what is run next: what is furthest behind the number of rounds that is wanted."""

    def __init__(self, scenarios, seconds, base_seed, is_short, n_lanes=2):
        self.scenarios = scenarios
        self.seconds = seconds
        self.base_seed = base_seed
        self.is_short = is_short
        self.n_lanes = n_lanes
        self.runs = []
        self._n_begun = {one.fault: 0 for one in scenarios}
        self._rounds = {one.fault: 0.0 for one in scenarios}
        self._is_over = set()

    def run(self, tell):
        """Runs until the time is over; `tell` is called with each run."""
        end = time.monotonic() + self.seconds
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.n_lanes, mp_context=context) as pool:
            running = {}
            while True:
                while len(running) < self.n_lanes and (one := self._next(end, running.values())):
                    seed = seed_of(self.base_seed, one.fault, self._n_begun[one.fault])
                    self._n_begun[one.fault] += 1
                    future = pool.submit(run_one, one.fault, seed, self.is_short)
                    running[future] = one
                if not running:
                    return self.runs
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._note(running.pop(future), future.result())
                    tell(self.runs[-1])

    def _next(self, end, running):
        waiting = [one for one in self.scenarios if one.fault not in self._is_over]
        new = [one for one in waiting if self._n_begun[one.fault] == 0]
        if new:
            return new[0]
        if time.monotonic() >= end or not waiting:
            return None
        running = [one.fault for one in running]

        def behind(one):
            # A run that is under way counts as one round, so that lanes do not all do the same.
            return (self._rounds[one.fault] + running.count(one.fault)) / one.goal

        return min(waiting, key=behind)

    def _note(self, scenario, run):
        self.runs.append(run)
        self._rounds[run.fault] += run.rounds
        if run.skipped or run.findings:
            self._is_over.add(run.fault)
