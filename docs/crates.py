"""Draws the crates of the workspace into docs/architecture.md, between `<!-- crates -->` and
`<!-- /crates -->`, from `cargo metadata`: what each is, and what it may import.

A crate can import what its Cargo.toml names and nothing else. Of libraries those are drawn that
tell the crates apart. Dotted is what a feature switches on; what tests need is left out.

With `--check` nothing is written; it exits with 1 if the drawing differs.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "architecture.md"
BLOCK = re.compile(r"(?<=<!-- crates -->\n).*?(?=<!-- /crates -->)", re.DOTALL)
# Libraries that only some crates may name.
LIBRARIES = [
    "arrow",
    "fjall",
    "parquet",
    "object_store",
    "deltalake-core",
    "datafusion",
    "ballista-core",
    "axum",
]


def packages():
    """The workspace's packages, by name."""
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--no-deps", "--format-version", "1"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return {package["name"]: package for package in json.loads(done.stdout)["packages"]}


def node(name):
    """A name as Mermaid takes it."""
    return re.sub(r"\W", "_", name)


def drawing(crates):
    """The lines of the block."""
    yield "```mermaid"
    yield "flowchart TD"
    used = set()
    edges = []
    for name, crate in sorted(crates.items()):
        what = (crate["description"] or "").replace('"', "'")
        yield f'    {node(name)}["{name}<br/>{what}"]' if what else f'    {node(name)}["{name}"]'
        named = {}
        for dependency in crate["dependencies"]:
            if dependency["kind"] is None:
                is_optional = named.get(dependency["name"], True) and dependency["optional"]
                named[dependency["name"]] = is_optional
        libraries = [library for library in LIBRARIES if library in named]
        for other in sorted(set(named) & set(crates)) + libraries:
            arrow = "-.->" if named[other] else "-->"
            edges.append(f"    {node(name)} {arrow} {node(other)}")
            used.add(other)
    yield from (f'    {node(lib)}(["{lib}"])' for lib in LIBRARIES if lib in used)
    yield from edges
    yield "```"


def main(arguments):
    """Writes or compares the block; returns the exit code."""
    text = DOCUMENT.read_text("utf-8")
    block = "\n".join(drawing(packages())) + "\n"
    drawn, n_blocks = BLOCK.subn(lambda _: block, text)
    if n_blocks != 1:
        print(f"{DOCUMENT.relative_to(ROOT)}:1: {n_blocks} places for the crates, not one")
        return 1
    if drawn == text:
        return 0
    if "--check" in arguments:
        line = text[: BLOCK.search(text).start()].count("\n") + 1
        print(f"{DOCUMENT.relative_to(ROOT)}:{line}: the crates are others; run docs/crates.py")
        return 1
    DOCUMENT.write_text(drawn, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
