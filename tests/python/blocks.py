"""Blocks of code in the documents, and a shell that runs what they show."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from program import environment

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MARK = "@@end@@"
SECONDS_MAX = 300
# What differs from run to run.
VARYING = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "TIME"),
    (r"seconds=\S+", "seconds=N"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"[\d.]+ [kM]?B\b", "SIZE"),
    (r"\b(lake|journal)=/\S+", r"\1=FOLDER"),
]


@dataclass(frozen=True)
class Block:
    """A block of a document, and the language that it is said to be of."""

    document: str
    language: str
    text: str

    @property
    def first(self):
        return self.text.partition("\n")[0].strip()

    @property
    def steps(self):
        """Commands with what is shown below each."""
        for step in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            yield command, shown


def blocks(document):
    """The blocks of a document in their order, also those in lists."""
    text = document.read_text("utf-8")
    name = str(document.relative_to(ROOT))
    found = re.finditer(r"^( *)```(\w*)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    for indent, language, body in (match.groups() for match in found):
        yield Block(name, language, re.sub(f"^{indent}", "", body, flags=re.MULTILINE))


class Shell:
    """Runs commands one after the other in a folder, with the program on the path."""

    def __init__(self, folder, **variables):
        binaries = folder / "bin"
        binaries.mkdir(parents=True, exist_ok=True)
        link = binaries / "tributary"
        if not link.exists():
            link.symlink_to(os.environ["TRIBUTARY_BIN"])
        self.folder = folder
        self._variables = variables | {"PATH": f"{binaries}:{os.environ['PATH']}"}

    def variable(self, name):
        """A variable of its environment."""
        return self._variables[name]

    def run(self, commands):
        """Runs commands in one shell; returns what each printed, on either stream.

        Behind a server that is started in the background its readiness is awaited, and behind
        one that is told to stop its end.
        """
        script = ["set -m"]
        for command in commands:
            script.append(command)
            if command.endswith("&"):
                script.append("until curl -fs http://$TRIBUTARY_LISTEN/readyz >/dev/null; do")
                script.append("sleep 0.1; done")
            if command.startswith("kill "):
                script.append("wait")
            script.append(f"echo; echo {MARK}")
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self.folder,
            env=environment() | self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SECONDS_MAX,
        )
        printed = done.stdout.split(f"\n{MARK}\n")
        assert len(printed) == len(commands) + 1, done.stdout
        return printed[:-1]


def compared(text):
    """The lines of a text, with what varies masked and without spaces that only align."""
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    lines = [re.sub(r"[ ─]{2,}", "  ", line).rstrip() for line in text.strip().splitlines()]
    # What a shell says of its jobs stands in no document.
    return [line for line in lines if line and not re.match(r"\[\d+\]", line)]
