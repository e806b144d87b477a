"""Reports on a Ballista cluster: a stock scheduler and two stock executors, over a lake on S3.

Every bundled report is run here and there, and must give the same rows. TRIBUTARY_CLUSTER names
the folder with `ballista-scheduler`, `ballista-executor` and a `tributary` that can speak to
them; see `make test-cluster`.
"""

import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from conftest import as_csv, conversions
from lakes import rounded
from program import command, environment, output_of, run
from stores import answers, free_port, s3s_fs, server

FOLDER = Path(os.environ.get("TRIBUTARY_CLUSTER", "."))
SCHEDULER, EXECUTOR, PROGRAM = (
    FOLDER / name for name in ("ballista-scheduler", "ballista-executor", "tributary")
)
N_EXECUTORS = 2
# As many as the executors have cores for; the default of 16 costs the small lake much time.
PARTITIONS = 4
# Who is silent for so long is lost; by default that takes minutes.
LOSSES = ["--executor-timeout-seconds", 10, "--expire-dead-executor-interval-seconds", 2]
HEARTBEAT_SECONDS = 2
START_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 300
# Reports with other parameters than their defaults, so that other plans are made.
VARIED = [
    ("channels", ["--model", "markov", "--unit", "account", "--by", "country"]),
    ("channels", ["--model", "shapley", "--lookback", "none"]),
    ("campaigns", ["--model", "time_decay", "--touchpoint", "pageview"]),
    ("paths", ["--unit", "account", "--direct", "exclude", "--transform", "unique"]),
    ("trends", ["--by", "campaign", "--period", "month"]),
    ("overview", ["--from", "2026-01-02", "--to", "2026-01-05"]),
]
SPEND = [
    {"day": "2026-01-02", "source": "google", "medium": "cpc", "amount": 12.5},
    {"day": "2026-01-04", "source": "linkedin", "medium": "cpc", "amount": 40},
]
# Long enough that an executor can be lost while it runs.
LONG = """SELECT country, count(*) AS n, count(DISTINCT a.visitor_id) AS v
    FROM sessions AS a JOIN (SELECT started_at, ended_at FROM sessions) AS b
    ON a.started_at < b.ended_at AND a.ended_at > b.started_at - INTERVAL '8 days'
    GROUP BY country ORDER BY country"""


@pytest.fixture(scope="module", autouse=True)
def tools():
    for tool in (SCHEDULER, EXECUTOR, PROGRAM):
        assert tool.exists(), f"{tool} is missing; run `make test-cluster`"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIBUTARY_BIN", str(PROGRAM))
        yield patch


@pytest.fixture(scope="module")
def store(tools, tmp_path_factory):
    with s3s_fs(tmp_path_factory.mktemp("store")) as store:
        for name, value in store.env.items():
            tools.setenv(name, value)
        yield store


@pytest.fixture(scope="module")
def lake(store, tmp_path_factory, bodies):
    """A lake on the server, with conversions and spend."""
    folder = tmp_path_factory.mktemp("journal")
    lake = store.lake("clustered")
    output_of("--lake", lake, "import", "--journal", folder / "journal", bodies)
    deals = conversions((bodies / "generated.ndjson").read_text("utf-8").splitlines())
    for name, records in {"conversions": deals, "spend": SPEND}.items():
        output_of("--lake", lake, "load", name, as_csv(folder / f"{name}.csv", records))
    return lake


class Cluster:
    """A scheduler and its executors; credentials are in the executors' environment only."""

    def __init__(self, folder, stack, n_executors=N_EXECUTORS, options=()):
        self._folder = folder
        self._stack = stack
        self._port = free_port()
        scheduler = [SCHEDULER, "--bind-host", "127.0.0.1", "--bind-port", self._port]
        scheduler += [*LOSSES, *options]
        log = folder / "scheduler.log"
        stack.enter_context(server(scheduler, self._port, log, env=without_keys()))
        self.executors = [self.start_executor() for _ in range(n_executors)]

    @property
    def options(self):
        """What the program is told, so that it uses this cluster."""
        scheduler = f"df://127.0.0.1:{self._port}"
        return ["--engine", "ballista", "--scheduler", scheduler, "--partitions", PARTITIONS]

    def asked(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/{path}") as answer:
            return json.load(answer)

    def reading_stage(self, statuses):
        """Whether a stage of a running job reads rows of others, with its tasks in these states."""
        running = [job["job_id"] for job in self.asked("jobs") if job["status"] == "Running"]
        stages = [stage for job in running for stage in self.asked(f"job/{job}/stages")["stages"]]
        return any(
            "ShuffleReaderExec" in stage.get("stage_plan", "")
            and sorted(str(task["status"]) for task in stage["tasks"]) == statuses
            for stage in stages
        )

    def start_executor(self):
        ports = [free_port() for _ in range(3)]
        work = self._folder / f"executor-{ports[0]}"
        work.mkdir()
        line = [EXECUTOR, "--bind-host", "127.0.0.1", "--external-host", "127.0.0.1"]
        line += ["--scheduler-host", "127.0.0.1", "--scheduler-port", self._port]
        line += ["--bind-port", ports[0], "--bind-grpc-port", ports[1]]
        line += ["--bind-health-port", ports[2], "--work-dir", work, "--vcores", 2]
        line += ["--executor-heartbeat-interval-seconds", HEARTBEAT_SECONDS]
        log = (work / "log").open("wb")
        process = subprocess.Popen(list(map(str, line)), stdout=log, stderr=log)
        self._stack.callback(end, process)
        wait_until(lambda: answers(ports[1]) and answers(ports[0]), process)
        return process


def without_keys():
    """The environment without credentials for the store."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def end(process):
    process.kill()
    process.wait()


def wait_until(is_true, process):
    deadline = time.monotonic() + START_SECONDS_MAX
    while not is_true():
        assert process.poll() is None, f"ended with {process.returncode}"
        assert time.monotonic() < deadline, "did not start"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster(store, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Cluster(tmp_path_factory.mktemp("cluster"), stack)


def names():
    return [report["report"] for report in json.loads(output_of("report", "--format", "json"))]


def rows_of(lake, *arguments):
    """Rows as texts, sorted; numbers to ten digits, since they are added up in another order."""
    return rows_in(output_of(*arguments, "--lake", lake, "--format", "csv"))


def rows_in(text):
    head, *rows = csv.reader(io.StringIO(text))
    return [head, *sorted([rounded(cell) for cell in row] for row in rows)]


def started(lake, cluster, sql):
    """A process that asks a cluster."""
    return subprocess.Popen(
        command("sql", sql, "--lake", lake, "--format", "csv", *cluster.options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )


def test_every_report_gives_the_same_rows(lake, cluster):
    listed = names()
    assert len(listed) >= 27
    took = {}
    for name in listed:
        here = rows_of(lake, "report", name)
        begin = time.monotonic()
        there = rows_of(lake, "report", name, *cluster.options)
        took[name] = time.monotonic() - begin
        assert there == here, name
    print({name: round(seconds, 1) for name, seconds in took.items()})


@pytest.mark.parametrize(("name", "parameters"), VARIED)
def test_so_do_reports_with_other_parameters(lake, cluster, name, parameters):
    here = rows_of(lake, "report", name, *parameters)
    assert len(here) > 2
    assert rows_of(lake, "report", name, *parameters, *cluster.options) == here


def test_statements_of_ones_own_run_there_too(lake, cluster):
    for sql in (
        "SELECT channel, count(*) FROM visits GROUP BY channel ORDER BY 2 DESC LIMIT 3",
        "SELECT count(*) FROM files.sessions",
        "SELECT * FROM spend WHERE day > '2030-01-01'",
        "SHOW TABLES",
    ):
        assert rows_of(lake, "sql", sql, *cluster.options) == rows_of(lake, "sql", sql), sql


def test_a_lake_in_a_folder_can_be_read(tmp_path, bodies, cluster):
    lake = tmp_path / "lake"
    output_of("--lake", lake, "import", "--journal", tmp_path / "journal", bodies)
    assert rows_of(lake, "report", "channels", *cluster.options) == rows_of(
        lake, "report", "channels"
    )


def test_a_lost_executor_costs_time_or_one_clear_line(lake, cluster):
    here = rows_of(lake, "sql", LONG)
    running = started(lake, cluster, LONG)
    wait_until(lambda: is_busy(cluster.executors[0]), running)
    lost = cluster.executors[0]
    lost.send_signal(signal.SIGKILL)
    lost.wait()
    out, err = running.communicate(timeout=ANSWER_SECONDS_MAX)
    cluster.executors[0] = cluster.start_executor()
    print(f"exit code {running.returncode}: {err.strip()}")
    if running.returncode == 0:
        assert rows_in(out) == here
    else:
        assert (running.returncode, out) == (1, "")
        assert re.fullmatch(r"error: scheduler df://127\.0\.0\.1:\d+: .+\n", err), err
    # The cluster goes on.
    assert rows_of(lake, "sql", LONG, *cluster.options) == here


def test_rows_are_not_counted_twice_if_an_executor_is_lost_late(lake, cluster):
    """One executor has done its part of a stage, the other is lost with rows that it had read."""
    here = rows_of(lake, "sql", LONG)
    running = started(lake, cluster, LONG)
    wait_until(lambda: cluster.reading_stage(["Running"] * N_EXECUTORS), running)
    lost = cluster.executors[0]

    def other_is_done():
        # Whoever rests most of the time is the later one, and what it made can be read.
        for what, seconds in ((signal.SIGSTOP, 0.2), (signal.SIGCONT, 0.05)):
            lost.send_signal(what)
            time.sleep(seconds)
        return cluster.reading_stage(["Running", "Successful"])

    wait_until(other_is_done, running)
    end(lost)
    out, err = running.communicate(timeout=ANSWER_SECONDS_MAX)
    cluster.executors[0] = cluster.start_executor()
    assert running.returncode == 0, err
    assert rows_in(out) == here


def is_busy(process):
    """Whether a process has taken processor time within a moment."""
    before = ticks(process)
    time.sleep(0.1)
    return ticks(process) - before >= 2


def ticks(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--scheduler", "df://127.0.0.1:1"], 1, "scheduler df://127.0.0.1:1: can't be reached"),
        ([], 2, "--scheduler"),
        (["--scheduler", "http://127.0.0.1:1"], 2, "df://HOST:PORT"),
    ],
)
def test_a_cluster_that_is_not_there_is_named(lake, options, code, named):
    done = run("report", "channels", "--lake", lake, "--engine", "ballista", *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert named in done.stderr and done.stderr.count("\n") == 1


def test_a_scheduler_that_does_not_tell_of_lost_tasks_is_refused(lake, tmp_path):
    with contextlib.ExitStack() as stack:
        silent = Cluster(tmp_path, stack, n_executors=1, options=["--disable-rest-api"])
        done = run("sql", "SELECT count(*) FROM sessions", "--lake", lake, *silent.options)
    assert (done.returncode, done.stdout) == (1, "")
    assert "REST API" in done.stderr and done.stderr.count("\n") == 1


def test_a_store_that_executors_can_not_read_is_refused(cluster):
    lake = "gs://bucket/lake"
    done = run("report", "channels", "--lake", lake, *cluster.options)
    assert (done.returncode, done.stdout) == (2, "")
    assert lake in done.stderr and "--engine local" in done.stderr
    assert done.stderr.count("\n") == 1
