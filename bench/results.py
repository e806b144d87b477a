"""Keeps each part's rows with the run that they come from, and writes `bench/results.md`."""

import importlib.metadata
import json
import os
import platform
import re
import time
from dataclasses import dataclass
from pathlib import Path

from bench import table
from bench.measure import output_of

PEERS = ["duckdb", "chdb", "polars", "fastapi", "uvicorn", "channelattribution"]
HEADER = """# Results of `make bench`

Medians, with the smallest and the largest in brackets. The ratio is the program's median over its
peer's; below 1 the program takes less. How each row is measured, and what each side does, is in
[docs/performance.md](../docs/performance.md).
"""


@dataclass(frozen=True)
class Part:
    """A part's rows and where they come from."""

    name: str
    run: str
    machine: str
    rows: list[table.Row]


def keep(settings, name, rows):
    """Stores a part's rows in the work folder."""
    kept = {"run": described(settings), "machine": machine(settings)}
    kept["rows"] = [row.as_json() for row in rows]
    path = settings.folder("rows") / f"{name}.json"
    path.write_text(json.dumps(kept, indent=1), "utf-8")


def load(settings, names):
    """Returns the parts of these names that have been run."""
    found = []
    for name in names:
        path = settings.folder("rows") / f"{name}.json"
        if path.exists():
            kept = json.loads(path.read_text("utf-8"))
            rows = [table.Row(**row) for row in kept["rows"]]
            found.append(Part(name, kept["run"], kept["machine"], rows))
    return found


def markdown(parts, names, page=""):
    """The whole page: each part's table under what it was measured on.

    Of a part that has not been run in this work folder stays what `page` says of it.
    """
    _, *known = re.split(r"^## (\w+)\n\n", page, flags=re.MULTILINE)
    texts = dict(zip(known[::2], (text.strip() for text in known[1::2]), strict=True))
    for part in parts:
        texts[part.name] = f"{part.run}. {part.machine}.\n\n{table.markdown(part.rows).strip()}"
    return HEADER + "".join(f"\n## {name}\n\n{texts[name]}\n" for name in names if name in texts)


def described(settings):
    """The run: program, peers, and how much was done."""
    versions = [f"{name} {version}" for name in PEERS if (version := version_of(name))]
    program = output_of(settings.command("--version")).strip()
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return f"{day}, {program}, {', '.join(versions)}; {settings.runs} runs a side"


def version_of(package):
    """The version of a peer, if it is installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def machine(settings):
    """Cores, memory and kernel."""
    info = Path("/proc/cpuinfo").read_text("utf-8")
    models = [line.split(":")[1].strip() for line in info.splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = f"{settings.n_cores} cores of {models[0] if models else platform.machine()}"
    return f"{cores}, {memory:.0f} GiB, Linux {platform.release()}"
