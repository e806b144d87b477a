"""The worked example of docs/attribution.md: each command prints what stands below it."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from conftest import FIXTURES
from program import run

DOCUMENT = Path(__file__).parents[2] / "docs" / "attribution.md"


def steps(text):
    """Commands and what is shown below each."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            yield command, shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(FIXTURES / "attribution", folder / "fixtures" / "attribution")
    return folder


def test_every_command_prints_what_is_shown(folder):
    seen = list(steps(DOCUMENT.read_text("utf-8")))
    assert len(seen) == 10
    for command, shown in seen:
        program, *arguments = shlex.split(command)
        assert program == "tributary"
        done = run(*arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
        printed = done.stdout or done.stderr
        assert lines(printed) == lines(shown), command


def lines(text):
    return [line.rstrip() for line in text.splitlines()]
