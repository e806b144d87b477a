"""`serve` takes webhooks while the lake can't be reached, and a journal knows which lake it fed."""

import json
import os
import shutil
import socket
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import stores
from program import READY_MESSAGE, Ingester, output_of, run
from webhook import post_signed

WAIT_SECONDS_MAX = 30


@pytest.fixture
def events(tmp_path):
    """Forty events, one a line, in a file."""
    file = tmp_path / "events.ndjson"
    file.write_text(output_of("generate", 40, "--days", 2), "utf-8")
    return file


def send(serve, n):
    body = json.dumps({"id": f"evt_{n}", "type": "identity.session.finalized"}).encode()
    status, answer = post_signed(serve.address, f"evt_{n}", body)
    assert status == 200, answer
    return answer["status"]


def metrics(serve):
    with urllib.request.urlopen(f"{serve.dashboard}/metrics") as answer:
        return answer.read().decode()


def get(serve, path):
    with urllib.request.urlopen(serve.url + path) as answer:
        return answer.read().decode()


def wait(is_so):
    end = time.monotonic() + WAIT_SECONDS_MAX
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def count(lake, what="count(*)"):
    query = f"SELECT {what} AS n FROM files.raw_events"
    return int(output_of("sql", "--lake", lake, "--format", "csv", query).split()[1])


class Refusing(BaseHTTPRequestHandler):
    """A store that knows nobody."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b"<Error><Code>AccessDenied</Code></Error>"
        self.send_response(403)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def refusing():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def hanging():
    """A store that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_webhooks_are_taken_while_a_store_refuses_or_hangs(
    tmp_path, refusing, hanging, monkeypatch
):
    with stores.moto(tmp_path) as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        lake = store.lake("outage")
        with Ingester(tmp_path, lake=lake) as serve:
            assert send(serve, 0) == "accepted"
            assert serve.stop() == 0
        for n, endpoint in enumerate([refusing, hanging, refusing], 1):
            with Ingester(tmp_path, lake=lake, variables={"AWS_ENDPOINT": endpoint}) as serve:
                assert send(serve, n) == "accepted"
                assert send(serve, 0) == "duplicate"
                ready = get(serve, "/readyz")
                assert ready.startswith("ready; the lake ") and endpoint not in ready, ready
                assert "tributary_lake_reachable 0" in metrics(serve)
                if n == 3:
                    serve.kill()
                    continue
                started = time.monotonic()
                assert serve.stop() == 1
                assert time.monotonic() - started < 45
                assert "unflushed events stay in the journal" in serve.log()
        with Ingester(tmp_path, lake=lake) as serve:
            assert get(serve, "/readyz") == "ready\n"
            assert "tributary_lake_reachable 1" in metrics(serve)
            assert serve.stop() == 0
        assert (count(lake), count(lake, "count(DISTINCT webhook_id)")) == (4, 4)


@pytest.mark.parametrize("is_mount_point_there", [True, False])
def test_a_lake_that_is_not_mounted_is_waited_for_and_not_made(tmp_path, is_mount_point_there):
    mounted, away = tmp_path / "disk", tmp_path / "away"
    lake = mounted / "lake" if not is_mount_point_there else mounted
    with Ingester(tmp_path, lake=lake) as serve:
        send(serve, 0)
        assert serve.stop() == 0
    mounted.rename(away)
    if is_mount_point_there:
        mounted.mkdir()
    with Ingester(tmp_path, lake=lake) as serve:
        send(serve, 1)
        serve.kill()
    with Ingester(tmp_path, lake=lake) as serve:
        send(serve, 2)
        assert get(serve, "/readyz").startswith("ready; the lake is not there any more")
        assert str(lake) in serve.log() and "recover --new-lake" in serve.log()
        assert list(mounted.rglob("*")) == []
        assert run("check", "--lake", lake, "--journal", serve.journal).returncode == 1
        if is_mount_point_there:
            mounted.rmdir()
        away.rename(mounted)
        wait(lambda: get(serve, "/readyz") == "ready\n")
        assert serve.stop() == 0
    assert (count(lake), count(lake, "count(DISTINCT webhook_id)")) == (3, 3)


def test_a_lake_that_goes_away_under_a_running_serve_is_not_written(tmp_path):
    lake, away = tmp_path / "lake", tmp_path / "away"
    with Ingester(tmp_path, "--flush-rows", "1") as serve:
        send(serve, 0)
        wait(lambda: "segment is in the lake" in serve.log())
        lake.rename(away)
        lake.mkdir()
        send(serve, 1)
        wait(lambda: get(serve, "/readyz").startswith("ready; the lake is not there"))
        assert list(lake.rglob("*")) == []
        lake.rmdir()
        away.rename(lake)
        wait(lambda: get(serve, "/readyz") == "ready\n")
        assert serve.stop() == 0
    assert (count(lake), count(lake, "count(DISTINCT webhook_id)")) == (2, 2)


def test_serve_says_where_lake_and_journal_are_and_that_they_are_new(tmp_path):
    os.chdir(tmp_path)
    with Ingester(tmp_path, lake="lake") as serve:
        assert "made a new, empty lake" in serve.log()
        lines = [json.loads(line)["fields"] for line in serve.log().splitlines()]
        ready = next(fields for fields in lines if fields["message"] == READY_MESSAGE)
        assert ready["lake"] == str(tmp_path / "lake")
        assert ready["journal"] == str(tmp_path / "journal")
        assert serve.stop() == 0
    with Ingester(tmp_path, lake="lake") as serve:
        assert "made a new, empty lake" not in serve.log()


def test_a_folder_that_can_not_be_made_is_refused_at_the_first_start(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    done = run("serve", "--listen", "127.0.0.1:0", "--lake", "file/lake", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "file/lake" in done.stderr and done.stderr.count("\n") == 1


def imported(lake, journal, file):
    done = run("import", "--lake", lake, "--journal", journal, file)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1].split()[0])


def test_a_lake_that_was_deleted_is_filled_again(tmp_path, events):
    lake, journal = tmp_path / "lake", tmp_path / "journal"
    assert imported(lake, journal, events) == 40
    assert imported(lake, journal, events) == 0
    shutil.rmtree(lake)
    assert imported(lake, journal, events) == 40
    assert count(lake) == 40
    assert imported(lake, journal, events) == 0


def test_a_lake_that_was_moved_keeps_its_known_ids(tmp_path, events):
    lake, moved, journal = tmp_path / "lake", tmp_path / "moved", tmp_path / "journal"
    assert imported(lake, journal, events) == 40
    lake.rename(moved)
    assert imported(moved, journal, events) == 0
    assert count(moved) == 40


def test_a_lake_restored_from_an_older_copy_is_told_and_filled_again(tmp_path, events):
    lake, copy, journal = tmp_path / "lake", tmp_path / "copy", tmp_path / "journal"
    first = tmp_path / "first.ndjson"
    first.write_text("".join(events.read_text("utf-8").splitlines(True)[:15]), "utf-8")
    assert imported(lake, journal, first) == 15
    shutil.copytree(lake, copy)
    assert imported(lake, journal, events) == 25
    assert run("check", "--lake", lake, "--journal", journal).returncode == 0
    shutil.rmtree(lake)
    copy.rename(lake)
    checked = run("check", "--lake", lake, "--journal", journal)
    assert checked.returncode == 1 and "does not have segments 2 to 2" in checked.stdout
    assert imported(lake, journal, events) == 25
    assert count(lake) == 40
    checked = run("check", "--lake", lake, "--journal", journal)
    assert checked.returncode == 0 and "were missing in it once" in checked.stdout


def test_what_waits_for_a_lake_that_is_gone_goes_to_a_new_one_if_someone_says_so(tmp_path, events):
    lake, journal = tmp_path / "lake", tmp_path / "journal"
    with Ingester(tmp_path) as serve:
        send(serve, 0)
        assert serve.stop() == 0
    with Ingester(tmp_path) as serve:
        send(serve, 1)
        serve.kill()
    shutil.rmtree(lake)
    for command in [["recover"], ["import", events]]:
        done = run(*command, "--lake", lake, "--journal", journal)
        assert done.returncode == 1 and "recover --new-lake" in done.stderr, done.stderr
        assert not lake.exists()
    # Another lake in its place is no better.
    assert imported(lake, tmp_path / "other", events) == 40
    done = run("recover", "--lake", lake, "--journal", journal)
    assert done.returncode == 1 and "recover --new-lake" in done.stderr, done.stderr
    with Ingester(tmp_path) as serve:
        assert get(serve, "/readyz").startswith("ready; another lake is there")
        assert serve.stop() == 1
    output_of("recover", "--lake", lake, "--journal", journal, "--new-lake")
    assert count(lake) == 41
    with Ingester(tmp_path) as serve:
        assert (send(serve, 1), send(serve, 0)) == ("duplicate", "accepted")
        assert serve.stop() == 0
    assert count(lake) == 42


def test_what_is_taken_while_a_lake_is_waited_for_goes_into_no_other(tmp_path, events):
    lake, journal = tmp_path / "lake", tmp_path / "journal"
    with Ingester(tmp_path) as serve:
        send(serve, 0)
        assert serve.stop() == 0
    lake.rename(tmp_path / "away")
    with Ingester(tmp_path) as serve:
        wait(lambda: "not there" in get(serve, "/readyz"))
        assert send(serve, 1) == "accepted"
        assert imported(lake, tmp_path / "other", events) == 40
        wait(lambda: get(serve, "/readyz").startswith("ready; another lake is there"))
        assert serve.stop() == 1
    assert count(lake) == 40
    shutil.rmtree(lake)
    (tmp_path / "away").rename(lake)
    with Ingester(tmp_path) as serve:
        assert serve.stop() == 0
    assert count(lake) == 2


def test_ids_are_forgotten_if_someone_says_so(tmp_path, events):
    lake, journal = tmp_path / "lake", tmp_path / "journal"
    assert imported(lake, journal, events) == 40
    output_of("recover", "--lake", lake, "--journal", journal, "--forget-ids")
    assert imported(lake, journal, events) == 40
    sql = "SELECT count(*) FROM raw_events"
    assert output_of("sql", "--lake", lake, "--format", "csv", sql).split()[1] == "40"


def test_an_old_copy_of_a_journal_is_refused_also_after_restarts_in_an_outage(tmp_path, events):
    lake, away, journal = tmp_path / "lake", tmp_path / "away", tmp_path / "journal"
    with Ingester(tmp_path) as serve:
        send(serve, 0)
        assert serve.stop() == 0
    shutil.copytree(journal, tmp_path / "copy")
    for n in [1, 2]:
        with Ingester(tmp_path) as serve:
            send(serve, n)
            assert serve.stop() == 0
    shutil.rmtree(journal)
    (tmp_path / "copy").rename(journal)
    lake.rename(away)
    for n in [3, 4, 5]:
        with Ingester(tmp_path) as serve:
            send(serve, n)
            serve.kill()
    away.rename(lake)
    done = run("serve", "--listen", "127.0.0.1:0", "--lake", lake, "--journal", journal)
    assert done.returncode == 1 and "which is older" in done.stderr, done.stderr
    (journal / "ingester").unlink()
    with Ingester(tmp_path) as serve:
        assert serve.stop() == 0
    assert (count(lake), count(lake, "count(DISTINCT webhook_id)")) == (6, 6)
