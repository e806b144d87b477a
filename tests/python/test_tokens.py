"""The dashboard's token: made at the first start, kept, told where, and what a file of them says."""

import hashlib
import re
import urllib.error
import urllib.request

import pytest

from program import Ingester, run
from terminal import Terminal
from webhook import post_signed

TOKEN = "canary-0123456789abcdef"


def signed_in(link):
    """The status of the dashboard for a browser that follows a link."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    try:
        with browser.open(link, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_token_is_made_once_and_only_its_file_is_named(tmp_path):
    with Ingester(tmp_path) as first:
        token = first.token
        assert re.fullmatch("[0-9a-f]{64}", token)
        for name in ["dashboard-token", "dashboard-key"]:
            assert (first.journal / name).stat().st_mode & 0o777 == 0o600
        assert first.ask("/api/ingestion")[0] == 200
        assert signed_in(f"{first.dashboard}/login?token={token}") == 200
        assert first.stop() == 0
        assert "dashboard-token" in first.log() and token not in first.log()
    with Ingester(tmp_path, "-v") as second:
        assert second.token == token
        assert second.ask("/api/ingestion")[0] == 200
        assert second.stop() == 0
        assert token not in second.log()


def test_on_a_terminal_the_line_is_a_link_that_signs_in(tmp_path):
    where = ["--lake", tmp_path / "lake", "--journal", tmp_path / "journal"]
    serve = Terminal("serve", "--listen", "0", *where, home=tmp_path)
    link = re.search(r"http://\S+/login\?token=[0-9a-f]{64}", serve.wait_for("taking webhooks"))
    assert signed_in(link[0]) == 200
    serve.interrupt()
    assert serve.end()[0] == 0


def test_the_demo_prints_a_link_that_signs_in(tmp_path):
    line = ["demo", "--keep", "--events", "20", "--directory", tmp_path / "demo"]
    demo = Terminal(*line, home=tmp_path)
    seen = demo.wait_for("Ctrl-C stops it")
    assert signed_in(re.search(r"http://\S+/login\?token=[0-9a-f]{64}", seen)[0]) == 200
    demo.interrupt()
    assert demo.end()[0] == 0


def test_a_port_alone_and_a_name_are_listened_on(tmp_path):
    for number, listen in enumerate(["0", "localhost:0"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Ingester(folder, "--allow-unsigned", listen=listen) as ingester:
            assert post_signed(ingester.address, "evt_1", b"{}")[0] == 200


def test_without_a_dashboard_there_is_one_listener_and_no_token(tmp_path):
    with Ingester(tmp_path, "--dashboard-listen", "off") as ingester:
        assert ingester.dashboard_address is None
        assert not (ingester.journal / "dashboard-token").exists()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{ingester.url}/metrics", timeout=30)


def test_a_digest_does_for_a_token(tmp_path):
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(f'[[tokens]]\nname = "ada"\ntoken-sha256 = "{digest}"\n', "utf-8")
    with Ingester(tmp_path, "--tokens-file", tokens) as ingester:
        assert not (ingester.journal / "dashboard-token").exists()
        shown = {"authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(f"{ingester.dashboard}/api/reports", headers=shown)
        assert urllib.request.urlopen(request, timeout=30).status == 200


WRONG = {
    "too short": ('[[tokens]]\nname = "a"\ntoken = "canary"', "16 bytes"),
    "the old form": (TOKEN, "[[tokens]]"),
    "none": ("", "no tokens"),
    "unknown key": (f'[[tokens]]\nname = "a"\ntoken = "{TOKEN}"\ntenant = "b"', "`tenant`"),
    "unknown role": (f'[[tokens]]\nname = "a"\ntoken = "{TOKEN}"\nrole = "root"', "viewer, analyst"),
    "twice": (f'[[tokens]]\nname = "a"\ntoken = "{TOKEN}"\n' * 2, "named `a`"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_tokens_file_is_one_line_and_exit_code_2(tmp_path, name):
    text, word = WRONG[name]
    (tmp_path / "tokens.toml").write_text(text, "utf-8")
    for command in [["serve", "--listen", "0"], ["check"]]:
        done = run(*command, "--tokens-file", "tokens.toml", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert word in done.stderr and "tokens.toml" in done.stderr and "canary" not in done.stderr
    assert not (tmp_path / "journal").exists()
