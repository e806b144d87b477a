"""`python -m bench`: runs the parts, prints their rows as one table, writes it and its pictures.

Each part's rows are kept in the work folder, so that the parts can be run one at a time and
`bench/results.md` still holds all of them, each with the run that it comes from.
"""

import argparse
import importlib
import sys
from pathlib import Path

from bench import results, table
from bench.settings import ROOT, CheckFailed, Settings

# The parts in the order in which they run and stand in the table, with their modules.
PARTS = {
    "import": "imports",
    "serve": "serve",
    "dashboard": "dashboard",
    "report": "reports",
    "growth": "growth",
    "markov": "markov",
}


def main():
    """Runs what the command line asks for and returns the exit code."""
    arguments = parsed()
    options = {name: value for name, value in vars(arguments).items() if name != "only"}
    settings = Settings(**options)
    if not settings.binary.exists():
        print(f"bench: {settings.binary} is missing: run `make build` first", file=sys.stderr)
        return 2
    for part in arguments.only:
        try:
            rows = importlib.import_module(f"bench.parts.{PARTS[part]}").run(settings)
        except CheckFailed as failure:
            print(f"bench: {part}: {failure}", file=sys.stderr)
            return 1
        print(table.terminal(rows), flush=True)
        results.keep(settings, part, rows)
        # At once: a later part takes hours, and may fail.
        kept = results.load(settings, PARTS)
        page = ROOT / "bench" / "results.md"
        before = page.read_text("utf-8") if page.exists() else ""
        page.write_text(results.markdown(kept, PARTS, before), "utf-8")
    # Not before: what is measured begins as a copy of this process, which has to stay small.
    pictures = importlib.import_module("bench.pictures")
    pictures.draw([row for part in kept for row in part.rows], ROOT / "docs")
    return 0


def parsed():
    """The options, with paths made absolute."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    default = Settings(absolute("target/release/tributary"), absolute("target/bench"))
    for name, (kind, metavar, meaning) in OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        value = list(PARTS) if name == "only" else getattr(default, name)
        parser.add_argument(option, type=kind, default=value, metavar=metavar, help=meaning)
    return parser.parse_args()


def parts(text):
    """Names of parts, separated by commas."""
    names = text.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such part: {unknown[0]}")
    return names


def numbers(text):
    """Whole numbers, separated by commas."""
    return [int(number) for number in text.split(",")]


def absolute(text):
    """A path that holds wherever a side is started."""
    return Path(text).absolute()


# Each option's type, placeholder and meaning; all but the first are settings of that name.
OPTIONS = {
    "only": (parts, "PART,…", f"parts to run: {', '.join(PARTS)}"),
    "runs": (int, "N", "how often each side runs"),
    "events": (int, "N", "events to import"),
    "sessions": (int, "N", "sessions in the lake that reports read"),
    "sizes": (numbers, "N,…", "numbers of events at which growth is measured"),
    "seconds": (int, "N", "length of a burst on serve"),
    "sustained_seconds": (int, "N", "length of a sustained load on serve"),
    "binary": (absolute, "FILE", "the program, a release build"),
    "work": (absolute, "DIR", "folder for inputs and outputs"),
}

if __name__ == "__main__":
    sys.exit(main())
