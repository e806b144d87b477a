"""The whole of ingest, report, compaction and erasure on real servers of object stores."""

import json

import pytest

import lakes
import stores
from contract import TABLES
from program import Ingester, output_of, run

REPORTS = ["overview", "channels", "models", "accounts", "campaigns", "audit"]


@pytest.fixture(scope="module", params=stores.KINDS)
def store(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with stores.KINDS[request.param](folder) as started:
        yield started


@pytest.fixture
def environment(store, monkeypatch):
    for name, value in store.env.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def events():
    return output_of("generate", 200, "--days", 3)


@pytest.fixture(scope="module")
def local(tmp_path_factory, events):
    """What reports say of the same events in a folder."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "events.ndjson").write_text(events, "utf-8")
    lake = folder / "lake"
    output_of("import", "--lake", lake, "--journal", folder / "journal", folder / "events.ndjson")
    return lakes.reports(lake, REPORTS)


@pytest.mark.usefixtures("environment")
def test_two_ingesters_reports_compaction_and_erasure(tmp_path, store, events, local):
    lake = store.lake("whole")
    often = ["--flush-rows", "60", "--compact-interval", "0s"]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    # One after the other: these servers check their conditions in two steps.
    with Ingester(tmp_path / "one", *often, lake=lake) as one:
        output_of("generate", 200, "--days", 3, "--to", one.url)
        assert one.stop() == 0
    with Ingester(tmp_path / "two", *often, lake=lake) as two:
        output_of("generate", 200, "--days", 3, "--to", two.url)
        two.kill()
    output_of("recover", "--lake", lake, "--journal", two.journal)
    assert own_count(lake, "files.sessions") == 400
    assert lakes.reports(lake, REPORTS) == local
    output_of("compact", "--lake", lake, "--grace", "0s")
    assert own_count(lake, "files.sessions") == own_count(lake, "files.raw_events") == 200
    assert lakes.reports(lake, REPORTS) == local
    copied = copy(store, "whole", tmp_path / "copy")
    assert lakes.counts_of_files(copied) == lakes.counts_by_log(copied)
    assert all(set(lakes.n_files(copied, table).values()) <= {1} for table in TABLES)
    address = an_address(events)
    erased = ["forget", "--lake", lake, "--journal", one.journal, "--email", address]
    output_of(*erased)
    texts = lakes.texts(copy(store, "whole", tmp_path / "after"))
    assert not [path for path, text in texts if address in text.lower()]
    assert own_count(lake, "files.sessions") < 200
    checked = run("check", "--lake", lake, "--journal", one.journal)
    assert checked.returncode == 0 and "problem" not in checked.stdout, checked.stdout


@pytest.mark.usefixtures("environment")
def test_import_reads_from_a_store_and_replay_works_in_one(tmp_path, store, events):
    (tmp_path / "events.ndjson").write_text(events, "utf-8")
    lake = store.lake("again")
    output_of("import", "--lake", lake, "--journal", tmp_path / "j", tmp_path / "events.ndjson")
    said = run("replay", "--lake", lake, "--from", "2000-01-01")
    assert said.returncode == 0 and "no row changes" in said.stderr
    assert own_count(lake, "sessions") == 200


def test_a_profile_is_as_good_as_the_environment(tmp_path, monkeypatch):
    with stores.s3s_fs(tmp_path) as store:
        keys = "aws_access_key_id = key\naws_secret_access_key = secret\n"
        endpoint = f"region = us-east-1\nendpoint_url = {store.env['AWS_ENDPOINT']}\n"
        (tmp_path / "credentials").write_text(f"[team]\n{keys}", "utf-8")
        (tmp_path / "config").write_text(f"[profile team]\n{endpoint}", "utf-8")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_PROFILE", "team")
        (tmp_path / "e.ndjson").write_text(output_of("generate", 3), "utf-8")
        lake = store.lake("profile")
        output_of("import", "--lake", lake, "--journal", tmp_path / "j", tmp_path / "e.ndjson")
        assert own_count(lake, "sessions") == 3
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        done = run("report", "overview", "--lake", lake)
        assert done.returncode == 2 and "nobody" in done.stderr, done.stderr


def test_a_store_that_is_not_there_is_named(tmp_path, monkeypatch):
    env = {"AWS_ENDPOINT": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "k", "AWS_REGION": "x"}
    for name, value in (env | {"AWS_SECRET_ACCESS_KEY": "s"}).items():
        monkeypatch.setenv(name, value)
    done = run("report", "overview", "--lake", "s3://lake/x", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "s3://lake/x" in done.stderr or "127.0.0.1:9" in done.stderr


def own_count(lake, relation):
    printed = output_of("sql", "--lake", lake, "--format", "csv", f"SELECT count(*) FROM {relation}")
    return int(printed.splitlines()[1])


def copy(store, prefix, folder):
    """Downloads a lake."""
    for key, body in store.download(prefix):
        path = folder / key.removeprefix(f"{prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


def an_address(events):
    for event in map(json.loads, events.splitlines()):
        person = (event["data"].get("enrichment") or {}).get("person") or {}
        if person.get("email"):
            return person["email"].lower()
    raise AssertionError("nobody has an address")
