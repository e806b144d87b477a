"""Breaks system calls of the program: builds `shim.c`, and tells it what to break when."""

import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

from torture.world import Skip

SOURCE = Path(__file__).with_name("shim.c")
# What the write path is made of: files written, synced, named, cut and removed.
WRITE_PATH = (
    "fsync,fdatasync,write,writev,pwrite64,ftruncate64,rename,link,linkat,unlink,mkdir,open64"
)
NEVER = (1 << 63) - 1
COUNT, FIRST, LAST, CLOCK = range(4)


class Shim:
    """A shim for one process, and the file that steers it."""

    def __init__(self, world, calls=WRITE_PATH, action="kill", below=None):
        self._control = world.folder / f"shim-{os.urandom(4).hex()}"
        self._control.write_bytes(struct.pack("<QQQq", 0, NEVER, NEVER, 0))
        with self._control.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 32)
        self.env = {
            "LD_PRELOAD": str(library(world)),
            "SHIM_CONTROL": str(self._control),
            "SHIM_CALLS": f",{calls},",
            "SHIM_ACTION": action,
        }
        if below is not None:
            self.env["SHIM_PATH"] = str(below)

    def arm(self, first, last=None):
        """Breaks the calls from the first to the last one, counted from 1."""
        self._put(FIRST, NEVER)
        self._put(LAST, first if last is None else last)
        self._put(FIRST, first)

    def arm_next(self, n=NEVER):
        """Breaks the next calls."""
        first = self.count() + 1
        self.arm(first, min(first + n - 1, NEVER))

    def disarm(self):
        """Breaks no more calls."""
        self._put(FIRST, NEVER)

    def count(self):
        """How many calls there were."""
        return struct.unpack_from("<Q", self._map, 8 * COUNT)[0]

    def reset(self):
        """Counts from 1 again."""
        self._put(COUNT, 0)

    def set_clock(self, seconds):
        """Moves the wall clock by so much."""
        struct.pack_into("<q", self._map, 8 * CLOCK, seconds * 1000)

    def _put(self, at, value):
        struct.pack_into("<Q", self._map, 8 * at, value)


def library(world):
    """The shared library, built once a scenario."""
    path = world.folder / "shim.so"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Skip("no C compiler")
    if not path.exists():
        line = [compiler, "-shared", "-fPIC", "-O1", "-o", str(path), str(SOURCE), "-ldl"]
        subprocess.run(line, check=True, capture_output=True)
    return path
