"""What an operator reads when something can't work: a secret, an address, credentials, a pipe."""

import json
import os
import subprocess
import time
import urllib.request

import pytest

from program import SECRET, Ingester, command, environment, run
from webhook import post, post_signed, signed_headers

OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
FORMS = {
    "byte order mark": f"\ufeff{SECRET}\n".encode(),
    "CRLF": f"{SECRET}\r\n".encode(),
    "blanks": f"  {SECRET}  \n\n".encode(),
    "quotes": f'"{SECRET}"\n'.encode(),
    "version in front": f"v1,{SECRET}\n".encode(),
    "list with commas": f"{OTHER},{SECRET}\n".encode(),
    "list with semicolons and quotes": f"'{OTHER}'; '{SECRET}'".encode(),
    "UTF-16": f"\ufeff{SECRET}\r\n".encode("utf-16-le"),
    "environment file": f'export TRIBUTARY_WEBHOOK_SECRETS="{SECRET}"\n'.encode(),
}
NO_SECRETS = {
    "placeholder": "whsec_YourSecretHere",
    "template": "whsec_<paste yours>",
    "masked": "whsec_" + "x" * 32,
    "something else pasted in": 'whsec_MfKQ9r8GKYq"rTwjUPD8ILPZIo2LaLaSw',
    "cut off": "whsec_MfKQ9r",
}
BODY = b'{"id":"evt_1","type":"identity.session.finalized","created":1793534466000,"data":{}}'


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_read_however_it_was_pasted(tmp_path, form):
    secrets = tmp_path / "secrets"
    secrets.write_bytes(FORMS[form])
    secrets.chmod(0o600)
    with Ingester(tmp_path, "--secrets-file", secrets) as ingester:
        assert post_signed(ingester.address, "evt_1", BODY)[0] == 200


@pytest.mark.parametrize("name", NO_SECRETS)
def test_what_can_be_no_secret_is_refused_at_the_start(tmp_path, name):
    (tmp_path / "secrets").write_text(f"{SECRET}\n{NO_SECRETS[name]}\n", "utf-8")
    for arguments in [["serve", "--listen", "127.0.0.1:0"], ["check"]]:
        done = run(*arguments, "--secrets-file", "secrets", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, ""), done
        (line,) = done.stderr.splitlines()
        assert "secret 2 of secrets " in line
        for part in [SECRET[6:12], NO_SECRETS[name]]:
            assert part not in line


def logged(ingester):
    return [json.loads(line) for line in ingester.log().splitlines()]


def test_refused_webhooks_are_a_warning_that_says_what_to_compare(tmp_path):
    with Ingester(tmp_path) as ingester:
        for number in range(20):
            headers = signed_headers(f"evt_{number}", BODY) | {"webhook-signature": "v1,AAAA"}
            assert post(ingester.address, BODY, headers)[0] == 401
        late = signed_headers("evt_late", BODY, int(time.time()) - 400)
        assert post(ingester.address, BODY, late)[0] == 401
        told = [line for line in logged(ingester) if "remedy" in line["fields"]]
        assert [line["level"] for line in told] == ["WARN", "WARN"]
        assert [line["fields"]["reason"] for line in told] == ["bad_signature", "timestamp"]
        secret, clock = (line["fields"]["remedy"] for line in told)
        assert "compare the secret" in secret and "--key-encoding" in secret
        assert "clock" in clock


def test_a_sender_with_a_wrong_address_is_seen(tmp_path):
    with Ingester(tmp_path) as ingester:
        for _ in range(3):
            request = urllib.request.Request(
                f"{ingester.url}/webhook?email=ann@a.example", BODY, signed_headers("evt_1", BODY)
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert refused.value.code in (404, 405)
        (told,) = [line for line in logged(ingester) if "path" in line["fields"]]
        assert told["level"] == "WARN"
        assert "/webhook" in told["fields"]["path"]
        assert "/webhooks/midbound" in told["fields"]["remedy"]
        assert "ann@" not in ingester.log()


def generate(folder, url, **variables):
    line = command("generate", "50", "--to", url)
    began = time.monotonic()
    done = subprocess.run(
        line, capture_output=True, encoding="utf-8", env=environment() | variables, cwd=folder
    )
    return done, time.monotonic() - began


def test_generate_with_another_secret_ends_at_once(tmp_path):
    with Ingester(tmp_path) as ingester:
        done, seconds = generate(tmp_path, ingester.url, TRIBUTARY_WEBHOOK_SECRETS=OTHER)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "the secret is not the one serve has" in line
    assert seconds < 5


def test_generate_tells_soon_that_nobody_listens(tmp_path):
    done, seconds = generate(tmp_path, "http://127.0.0.1:1")
    assert done.returncode == 1
    note, line = done.stderr.splitlines()
    assert "trying again" in note
    assert line.startswith("error: nobody listens at http://127.0.0.1:1/")
    assert seconds < 5


STORES = {
    "s3://nope/lake": ("AWS_ACCESS_KEY_ID", {"AWS_METADATA_ENDPOINT": "http://127.0.0.1:1"}),
    "az://nope/lake": (
        "AZURE_STORAGE_ACCOUNT_KEY",
        {"AZURE_MSI_ENDPOINT": "http://127.0.0.1:1", "AZURE_STORAGE_ACCOUNT_NAME": "nope"},
    ),
}


@pytest.mark.parametrize("lake", STORES)
@pytest.mark.parametrize("arguments", [["report", "overview"], ["compact"], ["import", "a"]])
def test_a_store_without_credentials_names_the_variables(tmp_path, lake, arguments):
    (tmp_path / "a").write_bytes(BODY)
    named, variables = STORES[lake]
    own = {n: v for n, v in environment().items() if not n.startswith(("AWS_", "AZURE_"))}
    own |= variables | {"HOME": str(tmp_path)}
    line = command(*arguments, "--lake", lake)
    done = subprocess.run(line, capture_output=True, cwd=tmp_path, encoding="utf-8", env=own)
    (said,) = done.stderr.splitlines()
    assert "credentials found" in said and named in said
    assert "127.0.0.1" not in said and "169.254" not in said
    assert done.returncode == 2


def test_a_report_tells_what_waits_in_the_journal(tmp_path):
    with Ingester(tmp_path) as ingester:
        for number in range(3):
            assert post_signed(ingester.address, f"evt_{number}", BODY)[0] == 200
        for arguments in [["report", "overview"], ["sql", "SELECT count(*) FROM sessions"]]:
            done = run(*arguments, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            note = "note: 3 events wait in ./journal for the next flush and are not counted"
            assert note in done.stderr.splitlines()
        silent = ["report", "overview", "--format", "csv"]
        assert "wait" not in run(*silent, cwd=tmp_path).stderr
        assert ingester.stop() == 0
    assert "wait" not in run("report", "overview", cwd=tmp_path).stderr


def test_only_standard_output_may_be_closed(tmp_path):
    (tmp_path / "lake").mkdir()
    query = "SELECT a.value FROM generate_series(1, 1000000) AS a"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    line = command("sql", query, "--format", "csv", "-o", pipe)
    process = subprocess.Popen(line, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE)
    with pipe.open("rb") as reader:
        assert reader.readline() == b"value\n"
    said = process.communicate()[1].decode().splitlines()
    assert process.returncode == 1
    assert len(said) == 1 and said[0].startswith("error: ")
    # By either of its names.
    for arguments in [[], ["-o", "/dev/stdout"]]:
        line = command("sql", query, "--format", "csv", *arguments)
        process = subprocess.Popen(
            line, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout.readline() == b"value\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
