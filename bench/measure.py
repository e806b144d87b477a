"""Runs commands as processes of their own and takes their wall time and peak memory.

Peak memory is the kernel's `ru_maxrss` of the waited child: the largest resident set that it, or
a child that it waited for itself, had at one time. A child begins as a copy of this process, and
the kernel counts that copy too, so this process must stay small: whatever loads much data, such as
the comparison of two lakes, runs in a process of its own.
"""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass

from bench.settings import CheckFailed

ERROR_LINES_MAX = 3
ERROR_CHARACTERS_MAX = 600


@dataclass(frozen=True)
class Sample:
    """One run of one side."""

    seconds: float
    peak_bytes: int


def environment():
    """The environment without settings of the program."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")}
    return own | {"NO_COLOR": "1"}


def run(command, stdin=None, stdout=None, cwd=None):
    """Runs a command that must succeed, start to end, and returns its sample.

    `stdin` and `stdout` are open files; without them there is no input and no output.
    """
    with open(os.devnull, "r+b") as nothing:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=stdin or nothing,
            stdout=stdout or nothing,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment(),
        )
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise failed(command, process.returncode, said.decode(errors="replace"))
    return Sample(seconds, usage.ru_maxrss * 1024)


def output_of(command):
    """Runs a command that must succeed and returns the text that it printed."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment())
    if done.returncode != 0:
        raise failed(command, done.returncode, done.stderr)
    return done.stdout


def failed(command, exit_code, said):
    """The failure of a command, on one line: its last words say why."""
    lines = [line.strip() for line in said.splitlines() if line.strip(" ^~")]
    reason = " ".join(lines[-ERROR_LINES_MAX:])[:ERROR_CHARACTERS_MAX]
    return CheckFailed(f"{' '.join(command[:3])} …: exit code {exit_code}: {reason}")


def alternate(sides, runs):
    """Runs the sides in turns, each `runs` times, and returns the samples of each by its name.

    What an earlier run left to be written to disk is written before the next one begins, so that
    none pays for another.
    """
    samples = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            os.sync()
            samples[name].append(side())
    return samples


def seconds(samples):
    """The wall times of samples."""
    return [sample.seconds for sample in samples]


def peak_mib(samples):
    """The peaks of memory of samples, in MiB."""
    return [sample.peak_bytes / 2**20 for sample in samples]


def median(numbers):
    """The middle number."""
    return statistics.median(numbers)
