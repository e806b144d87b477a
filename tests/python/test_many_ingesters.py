"""Four ingesters on one lake in a bucket: each session once, whatever is killed.

The bucket is moto's, behind a gate that makes its conditional puts atomic, as a store's are.
"""

import json
import re
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

import lakes
from contract import TABLES
from program import Ingester, output_of, run
from webhook import post_signed

sys.path.insert(0, str(Path(__file__).parents[1]))

from torture.store import BUCKET, Store

N_EVENTS = 800
N_INGESTERS = 4


@pytest.fixture
def store(monkeypatch):
    started = Store()
    for name, value in started.env.items():
        monkeypatch.setenv(name, value)
    yield started
    started.close()


@pytest.fixture
def parts():
    """Half of the events goes to the first and the second ingester, half to the two others."""
    lines = output_of("generate", N_EVENTS, "--days", 3).splitlines(keepends=True)
    return [lines[::2], lines[1::2]]


def test_each_session_is_counted_once_at_every_moment(tmp_path, store, parts):
    lake = f"s3://{BUCKET}/many"
    options = ["--flush-rows", "30", "--flush-interval", "1s", "--compact-interval", "0s"]
    ingesters = start(tmp_path, N_INGESTERS, *options, lake=lake)
    watcher = Watcher(lake)
    senders = [Sender(one, parts[n // 2]) for n, one in enumerate(ingesters)]
    for n in (1, 2):
        senders[n].wait_for(N_EVENTS // 4)
        ingesters[n].kill()
    for sender in senders:
        sender.join()
        assert not sender.refused
    for n in (0, 3):
        assert senders[n].n_answered == N_EVENTS // 2
        assert ingesters[n].stop() == 0, ingesters[n].log()
    for n in (1, 2):
        said = run("recover", "--lake", lake, "--journal", ingesters[n].journal)
        assert said.returncode == 0, said.stderr
    assert count(lake, "files.raw_events") >= sum(sender.n_answered for sender in senders)
    sids = {json.loads(line)["data"]["session"]["sid"] for part in parts for line in part}
    assert count(lake, "sessions") == len(sids)
    # The watcher goes on: a reader that listed the old files can read them within the grace.
    said = run("compact", "--lake", lake, "--grace", "10s")
    assert said.returncode == 0, said.stderr
    watcher.stop()
    assert len(watcher.counts) >= 3 and watcher.counts == sorted(watcher.counts)
    assert count(lake, "sessions") == count(lake, "files.sessions") == len(sids)
    assert count(lake, "files.raw_events") == N_EVENTS
    store.download("many", tmp_path / "copy", {})
    counts = lakes.counts_of_files(tmp_path / "copy")
    assert counts == lakes.counts_by_log(tmp_path / "copy")
    assert (counts["sessions"], counts["raw_events"]) == (len(sids), N_EVENTS)
    assert all(set(lakes.n_files(tmp_path / "copy", t).values()) <= {1} for t in TABLES)


def test_of_several_one_compacts(tmp_path, store):
    lake = f"s3://{BUCKET}/elected"
    options = ["--flush-rows", "10", "--compact-interval", "2s", "--compact-grace", "0s"]
    began = time.monotonic()
    ingesters = start(tmp_path, 3, *options, lake=lake)
    for ingester in ingesters:
        output_of("generate", 100, "--days", 2, "--to", ingester.url)
    assert wait_for_compaction(ingesters)
    time.sleep(4)
    rounds = sum(rounds_of(ingester) for ingester in ingesters)
    n_seconds = time.monotonic() - began
    for ingester in ingesters:
        assert ingester.stop() == 0
        assert "upkeep failed" not in ingester.log()
    # A round each two seconds, whoever does it, and not one of each process.
    assert 2 <= rounds <= n_seconds / 2 + 1
    output_of("compact", "--lake", lake, "--grace", "0s")
    assert count(lake, "files.sessions") == count(lake, "sessions") == 100


def wait_for_compaction(ingesters):
    """Waits until one of them says that it compacted; returns those that did."""
    for _ in range(600):
        done = [one for one in ingesters if "lake is compacted" in one.log()]
        if done:
            return done
        time.sleep(0.1)
    return []


def rounds_of(ingester):
    """The rounds of upkeep that a process says it did."""
    with urllib.request.urlopen(f"{ingester.dashboard}/metrics") as answer:
        metrics = answer.read().decode()
    return int(re.search(r"^tributary_compactions_total (\d+)", metrics, re.MULTILINE)[1])


class Watcher:
    """Counts sessions while ingesters write: the views must never count one twice."""

    def __init__(self, lake):
        self.counts = []
        self._lake = lake
        self._is_over = threading.Event()
        self._error = None
        self._thread = threading.Thread(target=self._try_to_watch)
        self._thread.start()

    def stop(self):
        self._is_over.set()
        self._thread.join()
        if self._error:
            raise self._error

    def _try_to_watch(self):
        try:
            self._watch()
        except BaseException as error:
            self._error = error

    def _watch(self):
        sql = "SELECT count(*) - count(DISTINCT session_id) FROM sessions"
        while not self._is_over.is_set():
            assert count(self._lake, f"({sql}) AS t(n) WHERE n > 0") == 0
            self.counts.append(count(self._lake, "sessions"))


class Sender(threading.Thread):
    """Sends events until the ingester is gone, and counts the answers."""

    def __init__(self, ingester, lines):
        super().__init__()
        self.n_answered = 0
        self.refused = []
        self._address, self._lines = ingester.address, lines
        self.start()

    def run(self):
        for line in self._lines:
            body = line.strip().encode()
            try:
                status, _ = post_signed(self._address, json.loads(body)["id"], body)
            except OSError:
                return
            if status != 200:
                self.refused.append(status)
                return
            self.n_answered += 1

    def wait_for(self, n):
        """Waits until so many were answered."""
        while self.n_answered < n and self.is_alive():
            time.sleep(0.01)
        assert self.n_answered >= n


def start(folder, n, *options, lake):
    """Starts ingesters with journals of their own."""
    folders = [folder / str(number) for number in range(n)]
    for one in folders:
        one.mkdir()
    return [Ingester(one, *options, lake=lake) for one in folders]


def count(lake, relation):
    sql = f"SELECT count(*) FROM {relation}"
    printed = output_of("sql", "--lake", lake, "--format", "csv", sql)
    return int(printed.splitlines()[1])
