"""Forgetting: what named a person is nowhere any more, and all other rows are as they were."""

import json
import shutil
import subprocess
import time

import pytest

import duck
import lakes
from contract import TABLES
from program import Ingester, command, environment, output_of, run

N_PEOPLE = 12
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def events():
    return [json.loads(line) for line in output_of("generate", 600, "--days", 5).splitlines()]


@pytest.fixture
def lake(tmp_path, original):
    """A copy of the lake, with the journals beside it."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return tmp_path / "lake"


@pytest.fixture(scope="module")
def original(tmp_path_factory, events):
    """A lake of the events, half of which came in through a second ingester as well."""
    tmp_path = tmp_path_factory.mktemp("original")
    for journal, some in (("journal", events), ("other", events[::2])):
        file = tmp_path / f"{journal}.ndjson"
        file.write_text("".join(json.dumps(event) + "\n" for event in some), "utf-8")
        output_of("--lake", tmp_path / "lake", "import", "--journal", tmp_path / journal, file)
    return tmp_path


@pytest.fixture(scope="module")
def people(events):
    """The addresses of some people, and the visitors as whom they were seen."""
    seen = {}
    for event in events:
        person = (event["data"].get("enrichment") or {}).get("person") or {}
        if person.get("email"):
            seen.setdefault(person["email"].lower(), set()).add(event["data"]["session"]["vid"])
    return dict(list(seen.items())[:N_PEOPLE])


def test_people_are_gone_and_nobody_else(tmp_path, lake, people):
    names = write(tmp_path / "people.txt", "\n".join(people))
    forgotten = ["--emails-file", names, "--journal", tmp_path / "journal"]
    visitors = set().union(*people.values())
    before = rows_of_others(lake, visitors)
    rehearsed = output_of("forget", "--lake", lake, *forgotten, "--dry-run", "--format", "csv")
    assert rows_of_others(lake, visitors) == before
    assert found_in(lake, people) >= people.keys()
    receipt = output_of("forget", "--lake", lake, *forgotten, "--format", "csv")
    assert counts(receipt) == counts(rehearsed) and counts(receipt)["sessions"] >= len(people)
    assert found_in(lake, [*people, *visitors]) == set()
    assert rows_of_others(lake, visitors) == before
    assert "problem" not in output_of("check", "--lake", lake, "--journal", tmp_path / "journal")
    again = output_of("forget", "--lake", lake, *forgotten, "--format", "json")
    assert json.loads(again) == []


def test_a_compacted_lake_forgets_too_and_stays_compacted(tmp_path, lake, people):
    output_of("compact", "--lake", lake, "--grace", "0s")
    address, visitors = next(iter(people.items()))
    before = rows_of_others(lake, visitors)
    output_of("forget", "--lake", lake, "--journal", tmp_path / "journal", "--email", address.upper())
    assert found_in(lake, [address, *visitors]) == set()
    assert rows_of_others(lake, visitors) == before
    assert "nothing to compact" in run("compact", "--lake", lake, "--grace", "0s").stderr


def test_a_killed_run_is_ended_by_the_next_for_whomever(tmp_path, lake, people):
    (address, visitors), *_, (other, _) = people.items()
    before = rows_of_others(lake, visitors)
    journal = ["--journal", lake.parent / "journal"]
    line = command("forget", "--lake", lake, *journal, "--email", address)
    notes = lake / "_tributary" / "forget"
    killed = subprocess.Popen(line, env=environment(), stdout=subprocess.DEVNULL)
    while killed.poll() is None and not list(notes.glob("*.json")):
        time.sleep(0.002)
    killed.kill()
    killed.wait()
    assert len(list(notes.glob("*.json"))) == 1, "it was killed too late"
    output_of("forget", "--lake", lake, *journal, "--email", "nobody@example.com")
    assert found_in(lake, [address, *visitors]) == set()
    assert rows_of_others(lake, visitors) == before
    assert not list(notes.iterdir()) and found_in(lake, [other]) == {other}


def test_what_killed_processes_left_half_written_goes_too(tmp_path, lake, people):
    address = next(iter(people))
    partition = next((lake / "sessions").glob("date=*"))
    folders = [partition, lake / "sessions" / "_delta_log", lake / "_tributary"]
    for folder in folders:
        write(folder / f".put#{7:050}", address)
    output_of("forget", "--lake", lake, "--journal", tmp_path / "journal", "--email", address)
    assert found_in(lake, [address]) == set()
    assert not list(lake.rglob(".put#*"))


def test_a_company_takes_its_sessions_with_it(tmp_path, lake, events):
    domain = next(
        company["domain"]
        for event in events
        for company in (event["data"].get("enrichment") or {}).get("companies") or []
        if company.get("domain")
    )
    named = {e["data"]["session"]["sid"] for e in events if domain in json.dumps(e).lower()}
    output_of("forget", "--lake", lake, "--journal", tmp_path / "journal", "--company", domain)
    assert found_in(lake, [domain]) == set()
    left = duck.open_files(lake).sql("SELECT DISTINCT session_id FROM files.sessions").fetchall()
    sids = {event["data"]["session"]["sid"] for event in events}
    assert {sid for (sid,) in left} == sids - named


def test_what_waits_in_the_journal_is_forgotten_too(tmp_path, events, people):
    address, visitors = next(iter(people.items()))
    with Ingester(tmp_path, "--flush-interval", "1h") as ingester:
        output_of("generate", 600, "--days", 5, "--to", ingester.url)
        segments = b"".join(p.read_bytes() for p in ingester.journal.glob("segments/*"))
        assert address.encode() in segments.lower()
        output_of("forget", "--lake", ingester.lake, "--journal", ingester.journal, "--email", address)
        assert found_in(ingester.journal, [address, *visitors]) == set()
        assert found_in(ingester.lake, [address, *visitors]) == set()
        assert ingester.stop() == 0
    assert lakes.counts_of_files(ingester.lake)["sessions"] > 500


def test_a_killed_ingesters_journal_is_recovered(tmp_path):
    with Ingester(tmp_path, "--flush-interval", "1h") as ingester:
        output_of("generate", 50, "--to", ingester.url)
        ingester.kill()
    said = run("recover", "--lake", ingester.lake, "--journal", ingester.journal)
    assert said.returncode == 0 and "are in the lake now" in said.stderr
    assert lakes.counts_of_files(ingester.lake)["raw_events"] == 50
    said = run("recover", "--lake", ingester.lake, "--journal", ingester.journal)
    assert said.returncode == 0 and "nothing waits" in said.stderr
    said = run("recover", "--lake", ingester.lake, "--journal", tmp_path / "nowhere")
    assert said.returncode == 2 and "nowhere" in said.stderr


def test_a_journal_in_use_is_not_recovered(tmp_path):
    with Ingester(tmp_path) as ingester:
        said = run("recover", "--lake", ingester.lake, "--journal", ingester.journal)
        assert said.returncode == 1 and "in use" in said.stderr


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ([], "whom?"),
        (["--email", "ada"], "ada@example.com"),
        (["--company", "acme"], "example.com"),
        (["--linkedin-url", "https://linkedin.com/company/acme"], "linkedin.com/in/ada"),
        (["--emails-file", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_whoever_names_nobody_is_told_how(tmp_path, options, hint):
    done = run("forget", "--lake", tmp_path, *options)
    assert done.returncode == 2 and hint in done.stderr and done.stderr.count("\n") == 1


def write(path, text):
    path.write_text(text + "\n", "utf-8")
    return path


def counts(receipt):
    lines = [line.split(",") for line in receipt.splitlines()[1:]]
    return {table: int(n_rows) for table, n_rows, *_ in lines}


def test_files_of_flushed_segments_are_removed_too(tmp_path, events, people):
    with Ingester(tmp_path, "--flush-interval", "2s") as ingester:
        output_of("generate", 600, "--days", 5, "--to", ingester.url)
        end = time.monotonic() + WAIT_SECONDS
        while next(ingester.journal.glob("segments/*"), None) and time.monotonic() < end:
            time.sleep(0.05)
        address = min(found_in(ingester.journal / "spare", people))
        output_of("forget", "--lake", ingester.lake, "--journal", ingester.journal, "--email", address)
        assert found_in(ingester.journal, [address, *people[address]]) == set()
        assert ingester.stop() == 0
        assert not list(ingester.journal.glob("spare/*"))


def found_in(folder, needles):
    """Those of some texts that stand anywhere in a folder's files, in whatever case."""
    wanted = set(needles)
    found = set()
    for _, text in lakes.texts(folder):
        text = text.lower()
        found |= {needle for needle in wanted if needle.lower() in text}
    return found


def rows_of_others(lake, visitors):
    """Each table's rows that are not of these visitors, as text, in any order."""
    database = duck.open_files(lake)
    database.execute("CREATE TABLE gone AS SELECT unnest(?) AS id", [sorted(visitors)])
    others = "visitor_id IS NULL OR visitor_id NOT IN (FROM gone)"
    sql = "SELECT to_json(r) FROM files.{} AS r WHERE {} ORDER BY 1"
    return {table: database.sql(sql.format(table, others)).fetchall() for table in TABLES}
