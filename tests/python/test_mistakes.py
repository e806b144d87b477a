"""A mistake of the user's ends with exit code 2 and one line that names the thing at fault."""

import os
import subprocess

import pytest

from program import command, environment, run

MISTAKES = {
    "no command": ([], "command"),
    "unknown command": (["frobnicate"], "frobnicate"),
    "unknown option": (["report", "overview", "--colour"], "--colour"),
    "unknown report": (["report", "chanels"], "chanels"),
    "unknown format": (["report", "overview", "--format", "yaml"], "yaml"),
    "no date": (["report", "overview", "--from", "yesterday"], "yesterday"),
    "no such day": (["report", "overview", "--to", "2026-02-30"], "2026-02-30"),
    "end before begin": (
        ["report", "overview", "--from", "2026-03-01", "--to", "2026-02-01"],
        "2026-03-01",
    ),
    "goal of a broken pattern": (["report", "overview", "--goal", "x=page:[;match=regex"], "[`"),
    "two answers in one file": (["sql", "SELECT 1; SELECT 2", "--format", "parquet"], "2 state"),
    "no such parameter": (["report", "overview", "--limit", "5"], "limit"),
    "limit is no number": (["report", "accounts", "--limit", "many"], "many"),
    "parameter without value": (["report", "overview", "--param", "tenant"], "tenant"),
    "lake is not there": (["--lake", "missing", "report", "overview"], "missing"),
    "lake of unknown kind": (["--lake", "ftp://host/lake", "report", "overview"], "ftp"),
    "lake is a file": (["--lake", "a-file", "report", "overview"], "a-file"),
    "queries are not there": (["report", "overview", "--queries", "missing"], "missing"),
    "settings are not there": (["--config", "missing.toml", "report", "overview"], "missing.toml"),
    "settings are no TOML": (["--config", "a-file", "report", "overview"], "a-file"),
    "output has no folder": (["report", "overview", "-o", "missing/rows.csv"], "missing"),
    "unknown table in SQL": (["sql", "SELECT * FROM nowhere"], "nowhere"),
    "no SQL": (["sql", "SELEKT 1"], "SELEKT"),
    "SQL that writes": (["sql", "DROP TABLE sessions"], "Drop"),
    "SQL file is not there": (["sql", "-f", "missing.sql"], "missing.sql"),
    "a cluster that this build can't speak to": (
        ["sql", "SELECT 1", "--engine", "ballista", "--scheduler", "df://localhost:50050"],
        "--features ballista",
    ),
    "unknown table": (["schema", "nowhere"], "nowhere"),
    "bodies are not there": (["import", "missing.ndjson"], "missing.ndjson"),
    "nothing to import": (["import"], "PATH"),
    "unknown reason": (["replay", "--reason", "bad-luck"], "bad-luck"),
    "days that end before they begin": (
        ["replay", "--from", "2026-02-02", "--to", "2026-02-01"],
        "--to",
    ),
    "no lake to replay": (["--lake", "missing", "replay"], "missing"),
    "how many events": (["generate", "many"], "many"),
    "address of unknown kind": (["generate", "1", "--to", "ftp://host"], "ftp://host"),
    "no address to listen on": (["serve", "--listen", "nowhere"], "nowhere"),
    "a name without addresses": (["serve", "--listen", "nowhere.invalid:0"], "nowhere.invalid:0"),
    "no address for the dashboard": (["serve", "--dashboard-listen", "on"], "or off"),
    "a token of before": (["serve", "--token-file", "t"], "--tokens-file"),
    "secrets are not there": (["serve", "--secrets-file", "missing"], "missing"),
    "no duration": (["serve", "--flush-interval", "soon"], "soon"),
    "unsigned in public": (["serve", "--listen", "0.0.0.0:0", "--allow-unsigned"], "0.0.0.0"),
}


@pytest.fixture
def folder(tmp_path):
    """An empty lake at the usual place, and a file that is nothing in particular."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "a-file").write_text("nothing = in = particular\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(folder, name):
    arguments, named = MISTAKES[name]
    check(run(*arguments, cwd=folder), named)


def test_serve_without_secrets_is_refused(folder):
    bare = {n: v for n, v in environment().items() if n != "TRIBUTARY_WEBHOOK_SECRETS"}
    line = command("serve", "--listen", "127.0.0.1:0")
    done = subprocess.run(line, capture_output=True, cwd=folder, encoding="utf-8", env=bare)
    check(done, "TRIBUTARY_WEBHOOK_SECRETS")


def test_a_column_of_a_loaded_file_that_is_not_used_is_named(folder):
    (folder / "spend.csv").write_text("day,amount,camapign\n2026-03-01,5,dach\n", "utf-8")
    ended = run("load", "spend", "spend.csv", cwd=folder)
    assert ended.returncode == 0
    assert "`camapign`" in ended.stderr and "`amount`" not in ended.stderr


def test_a_closed_pipe_is_no_error(folder):
    read, write = os.pipe()
    os.close(read)
    line = command("generate", "500")
    done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, env=environment(), cwd=folder)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def check(done, named):
    assert "panicked" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert named in done.stderr
    assert done.stdout == ""
    assert done.returncode == 2
