"""No secret and no person's data gets out, and no statement gets in or brings the program down."""

import json
import os
import re
import stat
import subprocess
import urllib.error
import urllib.request

import pytest

from program import Ingester, command, environment, output_of, run
from webhook import post, post_signed, signed_headers

NOW_MS = 1_771_286_400_000
SECRET = "whsec_Q0FOQVJZLXNlY3JldC1vZi10aGUtd2ViaG9vaw=="
TOKEN = "canary-token-0123456789"
PERSON = {
    "name": "Canaria Vogelsang",
    "email": "canaria.vogelsang@canary.example",
    "phone": "+49 555 0199 777",
    "ip": "198.51.100.77",
    "title": "canary-page-title",
    "agent": "canary-agent\x1b[31m\r\nInjected: canary-line",
    "tenant": "canary-tenant",
    "visitor": "canary-visitor",
}
# What may stand nowhere but in the lake and the journal.
CANARIES = ["canar", "198.51.100.77", "0199", "Injected", "\x1b", *SECRET[6:].split("=")[:1]]


def event(number, **other):
    """A session with a canary in each field that is about a person."""
    page = {
        "ts": NOW_MS,
        "signal": "pageview",
        "url": f"https://a.example/?email={PERSON['email']}",
        "title": PERSON["title"],
    }
    session = {
        "sid": f"canary-session-{number}",
        "vid": PERSON["visitor"],
        "tenant": PERSON["tenant"],
        "createdAt": NOW_MS,
        "userAgent": PERSON["agent"],
        "network": {"ip": PERSON["ip"], "latitude": "canary-latitude"},
        "events": [page],
    }
    person = {"email": PERSON["email"], "fullName": PERSON["name"], "phones": [PERSON["phone"]]}
    data = {"session": session, "enrichment": {"person": person}, "finalizedAt": NOW_MS}
    envelope = {"id": f"canary-event-{number}", "type": "identity.session.finalized"}
    return envelope | {"created": NOW_MS, "data": data} | other


def body(*arguments, **other):
    """An event as bytes."""
    return json.dumps(event(*arguments, **other)).encode()


def get(url, token=None):
    """What an address answers, whatever its status."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """Files of the canary secret and token, private to this user, and options that name them."""
    tokens = f'[[tokens]]\nname = "ada"\ntoken = "{TOKEN}"\nrole = "admin"\n'
    for name, text in {"secrets": SECRET, "tokens.toml": tokens}.items():
        (tmp_path / name).write_text(text, "utf-8")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setattr("webhook.SECRET", SECRET)
    monkeypatch.setattr("webhook.signature.__defaults__", (SECRET,))
    return ["--secrets-file", tmp_path / "secrets", "--tokens-file", tmp_path / "tokens.toml"]


def said_by_serve(folder, keys, *options):
    """Sends all kinds of webhooks and returns all that the ingester says about them."""
    said = []
    with Ingester(folder, *keys, *options) as ingester:
        address = ingester.address
        good = body(1)
        assert post_signed(address, "canary-event-1", good)[0] == 200
        duplicate = post_signed(address, "canary-event-1", good)
        conflict = post_signed(address, "canary-event-1", body(2))
        assert (duplicate[0], conflict[0]) == (200, 200)
        for number, odd in enumerate([b"canary not json", b'{"canary": 1}', b'["canary"]', b"\xff canary"]):
            assert post_signed(address, f"canary-odd-{number}", odd)[0] == 200
        wrong_type = body(3, data={"session": {"sid": "canary-3", "createdAt": "canary"}})
        assert post_signed(address, "canary-event-3", wrong_type)[0] == 200
        for change in [
            {"webhook-signature": "v1,canary"},
            {"webhook-signature": "v1,Y2FuYXJ5"},
            {"webhook-timestamp": "canary"},
            {"webhook-timestamp": "1"},
            {"webhook-id": "canary\tbird"},
            {"webhook-id": "c" * 300},
            {"content-type": "text/canary"},
            {"content-encoding": "canary"},
        ]:
            status, answer = post(address, good, signed_headers("canary-event-4", good) | change)
            assert status in (401, 415), change
            said.append(json.dumps(answer))
        legacy = {"x-midbound-signature": "t=canary,v1=canary", "content-type": "application/json"}
        said.append(json.dumps(post(address, good, legacy)[1]))
        paths = ["/canary", "/metrics", "/readyz", "/healthz"]
        said += [get(ingester.url + path) for path in paths]
        figures = ingester.dashboard
        said.append(get(f"{figures}/api/reports", "canary-wrong-token"))
        said.append(get(f"{figures}/login?token=canary-wrong-token"))
        assert get(f"{figures}/api/ingestion", TOKEN).startswith('{"accepted":')
        metrics = get(f"{figures}/metrics")
        assert 'answer="bad_signature"' in metrics
        said.append(metrics)
        assert ingester.stop() == 0
        said.append(ingester.log())
    return said


def said_by_others(folder, keys):
    """What the other commands say on standard error, also when they fail, and `check` in all."""
    events = folder / "events.ndjson"
    events.write_bytes(body(5) + b"\n" + body(6) + b"\nnot json but a bird\n")
    broken = folder / "broken.csv"
    broken.write_text("conversion,converted_at,email\ndeal,2026-01-01,a@b.example\n", "utf-8")
    where = ["--lake", folder / "lake", "--config", folder / "tributary.toml", "-v", "-v"]
    (folder / "tributary.toml").write_text("", "utf-8")
    inbox = ["--journal", folder / "journal"]
    lines = [
        (["import", *inbox, events], 0),
        (["import", *inbox, events], 0),
        (["check", *inbox, *keys], 0),
        (["load", "conversions", broken], 0),
        (["report", "overview", "--tenant", "nobody"], 0),
        (["report", "overview", "--from", "yesterday"], 2),
        (["sql", "SELECT email FROM people WHERE CAST(email AS INT) = 1"], 1),
        (["sql", "SELECT count(*) FROM sessions"], 0),
        (["generate", "1", "--to", "http://127.0.0.1:1", "-q", *keys[:2]], 1),
    ]
    said = []
    for arguments, status in lines:
        for form in ["text", "json"]:
            done = run(*where, "--log-format", form, *arguments)
            assert done.returncode == status, (arguments, done.stderr)
            said.append(done.stderr)
            if arguments[0] == "check":
                said.append(done.stdout)
    return said


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_is_said_holds_a_secret_or_a_person(tmp_path, keys, form):
    said = said_by_serve(tmp_path, keys, "-v", "-v")
    if form == "text":
        said += said_by_others(tmp_path, keys)
    # It was there to be told: the lake has it.
    count = "SELECT count(*) AS n FROM people WHERE email = '" + PERSON["email"] + "'"
    counted = output_of("--lake", tmp_path / "lake", "sql", count, "--format", "csv")
    assert int(counted.split()[-1]) > 0
    for text in said:
        # The folder's own name may hold anything.
        text = text.replace(str(tmp_path), "")
        for canary in CANARIES:
            assert canary not in text.lower(), f"{canary!r} in {text}"


def test_secrets_that_everyone_can_read_are_worth_a_warning(tmp_path, keys):
    check = ["--lake", tmp_path / "lake", "check", "--journal", tmp_path / "journal", *keys]
    assert "everyone on this" not in output_of(*check)
    for name in ["secrets", "tokens.toml"]:
        (tmp_path / name).chmod(0o644)
    assert output_of(*check).count("everyone on this machine can read it") == 2
    with Ingester(tmp_path, *keys) as ingester:
        warnings = [line for line in ingester.log().splitlines() if "everyone on this" in line]
        assert len(warnings) == 2 and all('"WARN"' in line for line in warnings)
        assert ingester.stop() == 0


def test_a_lake_with_a_link_in_it_is_refused(tmp_path):
    lake, journal = tmp_path / "lake", tmp_path / "journal"
    events = tmp_path / "events.ndjson"
    events.write_bytes(body(1))
    output_of("--lake", lake, "import", "--journal", journal, events)
    (lake / "sessions").rename(tmp_path / "elsewhere")
    (lake / "sessions").symlink_to(tmp_path / "elsewhere")
    for arguments in [["import", "--journal", journal, events], ["serve", "--listen", "127.0.0.1:0"]]:
        done = run("--lake", lake, *arguments, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "sessions is a symbolic link" in done.stderr


STATEMENTS = {
    "copy": "COPY sessions TO '{folder}/out.csv'",
    "copy of a query": "COPY (SELECT 1) TO '{folder}/out.csv' STORED AS CSV",
    "explained copy": "EXPLAIN ANALYZE COPY sessions TO '{folder}/out.parquet'",
    "external table": "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
    "file as table": "SELECT * FROM '/etc/passwd'",
    "file by function": "SELECT * FROM read_csv('/etc/passwd')",
    "insert": "INSERT INTO sessions SELECT * FROM sessions",
    "delete": "DELETE FROM sessions",
    "setting": "SET datafusion.execution.batch_size = 1",
    "function": "CREATE FUNCTION f() RETURNS INT RETURN 1",
    "sums": "SELECT 1" + " + 1" * 20_000,
    "alternatives": "SELECT 1 FROM sessions WHERE a = 1" + " OR a = 1" * 20_000,
    "unions": "SELECT 1" + " UNION ALL SELECT 1" * 20_000,
    "joins": "SELECT 1 FROM sessions" + " NATURAL JOIN sessions" * 5_000,
    "tables": "SELECT 1 FROM sessions" + ", sessions" * 5_000,
    "casts": "SELECT 1" + "::int" * 20_000,
    "brackets": "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
    "calls": "SELECT " + "abs(" * 20_000 + "1" + ")" * 20_000,
    "negations": "SELECT " + "NOT " * 20_000 + "true",
    "minuses": "SELECT " + "- " * 20_000 + "1",
    "cases": "SELECT " + "CASE WHEN true THEN " * 5_000 + "1" + " END" * 5_000,
    "subqueries": "SELECT * FROM " + "(SELECT * FROM " * 5_000 + "t" + ")" * 5_000,
    "tables by name": "WITH a AS (SELECT 1)" + ", a AS (SELECT * FROM a)" * 5_000 + " SELECT 1",
    "size": "SELECT '" + "x" * (2 << 20) + "'",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_sql_refuses_what_writes_or_nests_too_deep(tmp_path, name):
    (tmp_path / "lake").mkdir()
    statement = STATEMENTS[name].replace("{folder}", str(tmp_path))
    done = run("sql", cwd=tmp_path, stdin=statement)
    assert done.returncode == 2, (done.returncode, done.stderr[:500])
    assert len(done.stderr.splitlines()) == 1 and len(done.stderr) < 1000, done.stderr[:2000]
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]


LARGEST = {
    "sums": "SELECT 1" + " + 1" * 499,
    "alternatives": "SELECT 1 FROM sessions WHERE event_count = 1" + " OR event_count = 2" * 248,
    "unions": "SELECT 1" + " UNION ALL SELECT 1" * 499,
    "list": "SELECT 1 FROM sessions WHERE event_count IN (1" + ", 2" * 20_000 + ")",
}


@pytest.mark.parametrize("name", LARGEST)
def test_sql_runs_the_largest_statements_it_takes(tmp_path, name):
    (tmp_path / "lake").mkdir()
    done = run("sql", "--format", "csv", cwd=tmp_path, stdin=LARGEST[name])
    assert done.returncode == 0, done.stderr[:500]


@pytest.mark.parametrize(
    ("memory", "raised"), [("1MiB", "--query-memory"), ("32MiB", "--query-spill")]
)
def test_a_cross_join_bomb_runs_out_of_its_memory_not_of_ours(tmp_path, memory, raised):
    (tmp_path / "lake").mkdir()
    bomb = "SELECT a.x FROM unnest(range(1, 3000)) a(x), unnest(range(1, 3000)) b(x) ORDER BY 1"
    limits = ["--query-memory", memory, "--query-spill", "1MiB"]
    done = run("sql", *limits, cwd=tmp_path, stdin=bomb)
    assert done.returncode == 1, done.stderr[:500]
    assert len(done.stderr.splitlines()) == 1 and f"raise {raised} or" in done.stderr
    assert "config" not in done.stderr


INJECTIONS = ["' OR 1=1 --", "'; DROP TABLE sessions; --", '"; DROP', "$tenant", "\\' OR 1=1 --"]


@pytest.mark.parametrize("value", INJECTIONS)
def test_a_parameter_stays_a_value(tmp_path, value):
    events = tmp_path / "events.ndjson"
    events.write_bytes(body(1))
    lake = tmp_path / "lake"
    output_of("--lake", lake, "import", "--journal", tmp_path / "journal", events)
    everyone = output_of("--lake", lake, "report", "channels", "--format", "csv")
    nobody = output_of("--lake", lake, "report", "channels", "--tenant", value, "--format", "csv")
    assert len(everyone.splitlines()) > 1
    assert len(nobody.splitlines()) == 1 or ",0," in nobody
    filled = output_of("report", "channels", "--tenant", value, "--explain")
    assert "'" + value.replace("'", "''") + "'" in filled


def test_what_steers_a_terminal_is_never_printed_raw(tmp_path):
    (tmp_path / "lake").mkdir()
    (tmp_path / "spend.csv").write_text("day,source,amount\n2026-01-01,x,\x1b[31m5\n", "utf-8")
    for arguments in [
        ["load", "spend", "spend.csv"],
        ["report", "over\x1b[31mview"],
        ["sql", "SELECT * FROM \"\x1b[31mred\""],
        ["import", "missing\x1b[31m.ndjson"],
    ]:
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert "\x1b" not in done.stderr and len(done.stderr.splitlines()) == 1
    shown = output_of("sql", "SELECT chr(27) || '[31m' || chr(13) AS a", cwd=tmp_path)
    assert "\x1b" not in shown and "\\u{1b}[31m\\r" in shown


def test_a_lake_is_private_under_a_strict_umask(tmp_path):
    events = tmp_path / "events.ndjson"
    events.write_bytes(body(1))
    line = command("import", "--lake", tmp_path / "lake", "--journal", tmp_path / "journal", events)
    subprocess.run(line, check=True, env=environment(), umask=0o077, stderr=subprocess.DEVNULL)
    for folder, _, names in os.walk(tmp_path / "lake"):
        assert stat.S_IMODE(os.stat(folder).st_mode) & 0o077 == 0, folder
        for name in names:
            path = os.path.join(folder, name)
            assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, path


def test_the_documented_controls_name_tests_that_are_there():
    root = os.path.join(os.path.dirname(__file__), "..", "..")
    with open(os.path.join(root, "docs", "security.md"), encoding="utf-8") as file:
        rows = [line for line in file if re.match(r"\| S\d+ \|", line)]
    assert [row.split()[1] for row in rows] == [f"S{number}" for number in range(1, 29)]
    text = ""
    for folder in ["src", "crates", "tests"]:
        for at, _, names in os.walk(os.path.join(root, folder)):
            for name in names:
                if name.endswith((".rs", ".py")):
                    with open(os.path.join(at, name), encoding="utf-8") as file:
                        text += file.read()
    for row in rows:
        for named in re.findall(r"`((?:[a-z0-9]+_)+[a-z0-9]+)`", row):
            assert f"fn {named}(" in text or f"def test_{named}(" in text, named
