"""Behind a real nginx webhooks pass and nothing else; slow clients of the dashboard take nothing."""

import contextlib
import resource
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from program import Ingester
from webhook import post_signed

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
PERSONAL = ["/", "/channels", "/api/reports", "/api/reports/overview", "/api/reports/person?person=x"]
PERSONAL += ["/api/lake", "/api/ingestion", "/api/openapi.json"]
HOSTS = ["localhost", "127.0.0.1:8080", "[::1]:8081", "dashboard.example"]
FORWARDED = ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: ::1", "Forwarded: for=127.0.0.1;host=localhost"]
N_SLOW = 2000
READY_SECONDS_MAX = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(folder, servers):
    """Runs nginx with these servers and settings that Debian has not changed."""
    folder.mkdir()
    paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    temporary = "".join(f"{name}_temp_path {folder}/{name};" for name in paths)
    conf = f"pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
    conf += f"http {{ access_log off; {temporary}\n{servers}\n}}\n"
    (folder / "nginx.conf").write_text(conf, "utf-8")
    line = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    process = subprocess.Popen([*map(str, line), "-g", "daemon off; master_process off;"])
    try:
        end = time.monotonic() + READY_SECONDS_MAX
        while not (folder / "pid").exists() or not (folder / "pid").read_text():
            assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < end, "nginx is not ready"
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(READY_SECONDS_MAX)


def proxy(port, upstream):
    """The simplest proxy that there is."""
    return f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://{upstream}; }} }}"


def status(address, path, host="localhost", headers=()):
    """The status of an answer to a client that may call itself, and us, what it likes."""
    name, _, port = address.rpartition(":")
    with socket.create_connection((name, int(port)), timeout=30) as client:
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(client.makefile("rb").readline().split()[1])


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """An ingester, and where nginx forwards its two listeners."""
    folder = tmp_path_factory.mktemp("proxy")
    webhooks, dashboard = free_port(), free_port()
    with Ingester(folder) as ingester:
        servers = proxy(webhooks, ingester.address) + proxy(dashboard, ingester.dashboard_address)
        with nginx(folder / "nginx", servers):
            yield ingester, f"127.0.0.1:{webhooks}", f"127.0.0.1:{dashboard}"


def test_behind_a_plain_proxy_webhooks_pass_and_nothing_else(behind):
    _, webhooks, _ = behind
    assert post_signed(webhooks, "evt_proxied", b'{"id":"evt_proxied"}')[0] == 200
    for host in HOSTS:
        for path in [*PERSONAL, "/metrics", "/login", "/logout", "/mcp"]:
            assert status(webhooks, path, host, FORWARDED) == 404, (path, host)
    assert status(webhooks, "/readyz") == 200


def test_behind_a_plain_proxy_the_dashboard_asks_for_its_token(behind):
    ingester, _, dashboard = behind
    for address in [dashboard, ingester.dashboard_address]:
        for host in HOSTS:
            for path in PERSONAL:
                assert status(address, path, host, FORWARDED) == 401, (path, host)
    shown = [f"Authorization: Bearer {ingester.token}", "Accept: text/html"]
    for path in ["/", "/channels", "/api/reports", "/api/ingestion"]:
        assert status(dashboard, path, headers=shown) == 200, path
    assert status(dashboard, "/metrics") == 200
    assert b"@" not in urllib.request.urlopen(f"http://{dashboard}/metrics", timeout=30).read()


def test_the_nginx_that_is_shipped_forwards_the_webhook_alone(tmp_path):
    port = free_port()
    conf = (DEPLOY / "nginx.conf").read_text("utf-8")
    kept = [line for line in conf.splitlines() if "ssl_certificate" not in line]
    conf = "\n".join(kept).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    with Ingester(tmp_path) as ingester:
        assert "http://127.0.0.1:8080;" in conf
        conf = conf.replace("http://127.0.0.1:8080;", f"http://{ingester.address};")
        with nginx(tmp_path / "nginx", conf):
            address = f"127.0.0.1:{port}"
            large = b'{"id":"evt_large","x":"' + b"x" * (7 << 20) + b'"}'
            assert post_signed(address, "evt_large", large)[0] == 200
            for path in ["/webhooks/midbound", "/webhooks/midbound/"]:
                assert status(address, path) == 405, path
            for path in [*PERSONAL, "/metrics", "/healthz", "/webhooks/midbound/x"]:
                assert status(address, path) == 404, path


def test_slow_clients_of_the_dashboard_take_no_webhooks_connection(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, N_SLOW + 500)), hard))
    login = b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n"
    login += b"content-type: application/x-www-form-urlencoded\r\n\r\ntoken=0123"
    words = [b"GET / HTTP/1.1\r\nhost: ", login]
    with contextlib.ExitStack() as stack, Ingester(tmp_path) as ingester:
        host, _, port = ingester.dashboard_address.partition(":")
        for number in range(N_SLOW):
            client = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            # Those beyond the limit are told so, or just closed.
            with contextlib.suppress(ConnectionError):
                client.sendall(words[number % 2])
            if number % 20 == 0:
                answer = post_signed(ingester.address, f"evt_{number}", b"{}")
                assert answer[0] == 200, (number, answer)
        for number in range(100):
            answer = post_signed(ingester.address, f"evt_late_{number}", b"{}")
            assert answer[0] == 200, (number, answer)
        with urllib.request.urlopen(f"{ingester.url}/readyz", timeout=30) as answer:
            assert answer.status == 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
