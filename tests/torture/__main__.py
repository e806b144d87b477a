"""`python -m torture`: runs the scenarios and says what was lost and what was stored twice."""

import argparse
import os
import random
import sys
import time
from pathlib import Path

from torture import table
from torture.registry import all_scenarios
from torture.schedule import FULL_SECONDS, Schedule

SHORT_SECONDS_MAX = 300


def arguments():
    """The command line; what it leaves open comes from the environment."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    variable = os.environ.get
    parser.add_argument("--seconds", type=int, default=variable("TORTURE_SECONDS") or FULL_SECONDS)
    parser.add_argument("--seed", type=int, default=variable("TORTURE_SEED") or None)
    parser.add_argument("--only", default=variable("TORTURE_ONLY") or "", help="faults, as F1,F4")
    parser.add_argument("--lanes", type=int, default=variable("TORTURE_LANES") or 2)
    parser.add_argument("--markdown", type=Path, default=variable("TORTURE_MARKDOWN") or None)
    return parser.parse_args()


def chosen(only, is_short):
    """The scenarios to run: those named, else all, or the quick ones if there is little time."""
    scenarios = all_scenarios()
    names = only.replace(",", " ").split()
    unknown = set(names) - {one.fault for one in scenarios}
    if unknown:
        known = " ".join(one.fault for one in scenarios)
        sys.exit(f"torture: unknown faults {' '.join(sorted(unknown))}; known are {known}")
    if names:
        return [one for one in scenarios if one.fault in names]
    return [one for one in scenarios if one.is_quick or not is_short]


def tell(run):
    """Prints a line about a run, and everything about one that found something."""
    state = "skipped" if run.skipped else "ok" if run.is_good else "FAILED"
    numbers = f"{run.rounds} rounds, {run.acknowledged} acknowledged, {run.seconds:.1f} s"
    clock = time.strftime("%H:%M:%S")
    print(f"{clock} {run.fault:8} seed {run.seed:<10} {state}: {run.skipped or numbers}", flush=True)
    for finding in run.findings:
        print("    " + finding.replace("\n", "\n    "))
    if not run.is_good:
        print(f"    kept: {run.folder}")
        again = f"TORTURE_SEED={run.seed} TORTURE_ONLY={run.fault} make torture TORTURE_SECONDS=1"
        print(f"    again: {again}", flush=True)


def main():
    """Runs everything; the exit code is 1 if anything was found."""
    options = arguments()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    is_short = options.seconds <= SHORT_SECONDS_MAX
    scenarios = chosen(options.only, is_short)
    print(f"torture: seed {seed}, {options.seconds} s, {options.lanes} lanes", flush=True)
    schedule = Schedule(scenarios, options.seconds, seed, is_short, options.lanes)
    runs = schedule.run(tell)
    print(table.as_text(scenarios, runs))
    if options.markdown:
        text = table.as_markdown(scenarios, runs, options.seconds, seed)
        options.markdown.write_text(text, "utf-8")
    print(table.closing_line(runs))
    return 0 if all(run.is_good for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
