"""What the sides work on: events and lakes that the program makes, kept for the next run.

The same number and seed give the same events, so what stands in the work folder under its final
name is used again; it is written under another name first, and a run that was cut short leaves
nothing that looks whole.
"""

import shutil
import subprocess

from bench.measure import environment, run
from bench.settings import CheckFailed


def events_file(settings, n, days=None):
    """A file of `n` generated events, one JSON object a line; `days` spreads them over so many."""
    options, name = (["--days", days], f"{n}-of-{days}-days") if days else ([], str(n))
    path = settings.folder("events") / f"{name}.ndjson"
    if not path.exists():
        begun = path.with_suffix(".begun")
        with begun.open("wb") as file:
            run(settings.command("generate", n, *options), stdout=file)
        begun.rename(path)
    return path


def lake_of(settings, n):
    """A lake of `n` generated sessions, made if there is none yet."""
    folder = settings.folder("lakes") / str(n)
    if not folder.exists():
        make_lake(settings, n)
    return folder / "lake"


def make_lake(settings, n):
    """Makes the lake of `n` generated sessions anew; returns the sample of its import."""
    folder = settings.folder("lakes") / str(n)
    begun = emptied(folder.with_suffix(".begun"))
    sample = import_generated(settings, n, begun)
    shutil.rmtree(folder, ignore_errors=True)
    begun.rename(folder)
    return sample


def import_generated(settings, n, folder):
    """Imports `n` events through a pipe, so that they need no disk; returns the sample."""
    generate = settings.command("generate", n)
    with subprocess.Popen(generate, stdout=subprocess.PIPE, env=environment()) as generator:
        sample = run(import_command(settings, "-", folder), stdin=generator.stdout)
        generator.stdout.close()
    if generator.returncode != 0:
        raise CheckFailed(f"generate {n}: exit code {generator.returncode}")
    return sample


def import_command(settings, path, folder):
    """The command that imports a file into a new lake and journal in a folder."""
    lake, journal = folder / "lake", folder / "journal"
    return settings.command("import", path, "--lake", lake, "--journal", journal, "-q")


def emptied(folder):
    """The folder, new and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def bytes_in(folder):
    """The size of all files in a folder, its log and metadata included."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
