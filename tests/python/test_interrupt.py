"""What a query leaves behind that is interrupted or fails: nothing; and where its rows go."""

import os
import signal
import subprocess
import threading
import time

import pytest

from program import command, environment, output_of, run
from terminal import Terminal

SECONDS_MAX = 60
# Sorts far more than it may keep in memory, so that it writes temporary files for minutes.
ENDLESS = "SELECT repeat(CAST(value AS VARCHAR), 20) AS t FROM generate_series(1, 900000000) ORDER BY t"


@pytest.fixture
def lake(tmp_path):
    (tmp_path / "lake").mkdir()
    return tmp_path / "lake"


def has_files(folder):
    return any(path.is_file() for path in folder.rglob("*"))


def wait_until_it_spills(folder, process):
    deadline = time.monotonic() + SECONDS_MAX
    while not has_files(folder):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_nothing_is_kept(folder):
    deadline = time.monotonic() + SECONDS_MAX
    while has_files(folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_query_leaves_no_files(lake, tmp_path, ending):
    (kept := tmp_path / "kept").mkdir()
    (results := tmp_path / "results").mkdir()
    rows = results / "rows.csv"
    rows.write_text("of before\n")
    arguments = ["--lake", lake, "sql", "--query-memory", "64MiB", "-o", rows, ENDLESS]
    own = environment() | {"TMPDIR": str(kept)}
    line = command(*arguments)
    with subprocess.Popen(line, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as query:
        wait_until_it_spills(kept, query)
        query.send_signal(ending)
        printed, _ = query.communicate(timeout=SECONDS_MAX)
    assert (query.returncode, printed) == (128 + ending, b"")
    assert not has_files(kept)
    assert list(results.iterdir()) == [rows]
    assert rows.read_text() == "of before\n"


def test_the_prompt_gives_up_a_statement_and_goes_on(lake, tmp_path):
    (kept := tmp_path / "kept").mkdir()
    memory = ["--query-memory", "64MiB"]
    own = {"TMPDIR": str(kept)}
    terminal = Terminal("sql", "--lake", lake, *memory, home=tmp_path, variables=own)
    terminal.wait_for("tributary> ")
    terminal.type(ENDLESS + ";\r")
    wait_until_it_spills(kept, terminal.process)
    terminal.interrupt()
    terminal.wait_for("error: interrupted")
    terminal.wait_for("tributary> ")
    wait_until_nothing_is_kept(kept)
    terminal.type("SELECT 6 * 7 AS answer;\r")
    terminal.wait_for(r"\b42\b")
    terminal.type("quit\r")
    assert terminal.end()[0] == 0
    history = (tmp_path / ".tributary_history").read_text()
    assert "generate_series" in history and "answer" in history


def test_a_query_that_fails_leaves_the_file_of_before(lake, tmp_path):
    (results := tmp_path / "results").mkdir()
    rows = results / "rows.csv"
    rows.write_text("of before\n")
    failing = "SELECT 1 / (value - 50000) FROM generate_series(1, 100000)"
    done = run("--lake", lake, "sql", "--format", "csv", "-o", rows, failing)
    assert done.returncode == 1, done.stderr
    assert list(results.iterdir()) == [rows]
    assert rows.read_text() == "of before\n"


def test_a_file_is_written_where_a_link_leads(lake, tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "rows.csv", tmp_path / "link.csv"
    target.write_text("of before\n")
    link.symlink_to(target)
    previous = os.umask(0o027)
    try:
        output_of("--lake", lake, "sql", "--format", "csv", "-o", link, "SELECT 1 AS n")
    finally:
        os.umask(previous)
    assert link.is_symlink()
    assert target.read_text() == "n\n1\n"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_as_it_is(lake, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    output_of("--lake", lake, "sql", "--format", "csv", "-o", pipe, "SELECT 1 AS n")
    reader.join(SECONDS_MAX)
    assert read == ["n\n1\n"]
    assert pipe.is_fifo()
