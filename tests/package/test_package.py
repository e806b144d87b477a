"""What a release gives to install: the wheel in a clean environment, and the archive unpacked."""

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The program as pip installs it, where nothing else is."""
    wheels = list(Path(os.environ["TRIBUTARY_WHEELS"]).glob("tributary-*.whl"))
    assert len(wheels) == 1, wheels
    home = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    subprocess.run(
        [home / "bin/pip", "install", "--quiet", "--no-index", "--no-deps", wheels[0]], check=True
    )
    return home / "bin/tributary"


def run(*command, cwd):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, encoding="utf-8"
    )


def test_the_wheel_runs_the_demo(installed, tmp_path):
    done = run(installed, "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "channel" in done.stdout
    assert "Direct" in done.stdout


def test_the_wheel_has_the_pages(installed, tmp_path):
    done = run(installed, "report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"/assets/" in installed.read_bytes()


def test_the_archive_holds_program_manual_and_completions(tmp_path):
    archive = Path(os.environ["TRIBUTARY_TARBALL"])
    named, _ = archive.with_name(archive.name + ".sha256").read_text("utf-8").split()
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == named
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (root,) = tmp_path.iterdir()
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert {"tributary", "LICENSE", "README.md", "man/tributary-serve.1"} <= found
    assert {f"completions/tributary.{shell}" for shell in ("bash", "fish", "zsh")} <= found
    assert run(root / "tributary", "--version", cwd=tmp_path).stdout.startswith("tributary ")
