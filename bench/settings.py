"""What a run of the benchmark is given, and what its parts share."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


class CheckFailed(Exception):
    """The two sides did not do the same work, or one of them failed; no time of theirs counts."""


@dataclass(frozen=True)
class Settings:
    """Options of the command line, paths made absolute."""

    binary: Path
    work: Path
    runs: int = 5
    events: int = 200_000
    sessions: int = 1_000_000
    sizes: list[int] = field(default_factory=lambda: [10_000, 100_000, 1_000_000, 4_000_000])
    seconds: int = 30
    sustained_seconds: int = 180
    python: Path = Path(sys.executable)

    @property
    def n_cores(self):
        """Cores that this process may use; every side gets them all."""
        return len(os.sched_getaffinity(0))

    def folder(self, name):
        """A folder of a part, made if it is missing."""
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def command(self, *arguments):
        """A command line of the program under test, with every argument as text."""
        return [str(self.binary), *map(str, arguments)]

    def peer(self, script, *arguments):
        """A command line of a peer's script under `bench/peers`."""
        return [str(self.python), str(ROOT / "bench" / "peers" / script), *map(str, arguments)]
