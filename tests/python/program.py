"""Runs the program under test: one command, or an ingester that stays up."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
READY_SECONDS_MAX = 60
DONE_SECONDS_MAX = 120
READY_MESSAGE = "taking webhooks at /webhooks/midbound"
# How the line begins that tells where the dashboard is.
DASHBOARD_MESSAGE = "showing the dashboard"


def environment():
    """The environment without settings of the program, but with the webhook's secret."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")}
    # Queries stand behind everything else, which on a busy machine takes longer than the default.
    usual = {"TRIBUTARY_DASHBOARD_LISTEN": "127.0.0.1:0", "TRIBUTARY_QUERY_TIMEOUT": "5m"}
    return own | usual | {"TRIBUTARY_WEBHOOK_SECRETS": SECRET, "NO_COLOR": "1"}


def command(*arguments):
    """The command line, with every argument as text."""
    return [os.environ["TRIBUTARY_BIN"], *map(str, arguments)]


def run(*arguments, cwd=None, stdin=""):
    """Runs a command to its end, whatever its exit code."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        cwd=cwd,
        encoding="utf-8",
        env=environment(),
        input=stdin,
        timeout=DONE_SECONDS_MAX,
    )


def output_of(*arguments, cwd=None):
    """Runs a command that must succeed and returns what it printed."""
    done = run(*arguments, cwd=cwd)
    assert done.returncode == 0, f"{arguments}: exit code {done.returncode}: {done.stderr}"
    return done.stdout


class Ingester:
    """A `serve` on a loopback port that is its own folder's: lake, journal and log."""

    def __init__(self, folder: Path, *options, listen="127.0.0.1:0", lake=None, variables=None):
        self.lake = lake or folder / "lake"
        self.journal = folder / "journal"
        self._log = folder / f"serve-{time.monotonic_ns()}.log"
        self._options = ["--listen", listen, "--lake", self.lake, "--journal", self.journal]
        self._options += ["--log-format", "json", *options]
        with self._log.open("wb") as log:
            line = command("serve", *self._options)
            own = environment() | (variables or {})
            self._process = subprocess.Popen(line, cwd=folder, env=own, stderr=log)
        try:
            self.dashboard_address = None
            self.address = self._wait_for_address()
        except BaseException:
            self.kill()
            raise

    @property
    def url(self):
        """Where it takes webhooks."""
        return f"http://{self.address}"

    @property
    def dashboard(self):
        """Where dashboard, report API and metrics are."""
        return f"http://{self.dashboard_address}"

    @property
    def token(self):
        """The token that was made at the first start."""
        return (self.journal / "dashboard-token").read_text("utf-8").strip()

    def ask(self, path, **headers):
        """Status, headers and body of what the dashboard's listener answers to the token."""
        headers = {"authorization": f"Bearer {self.token}"} | headers
        request = urllib.request.Request(f"{self.dashboard}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def log(self):
        """What it has logged so far."""
        return self._log.read_text("utf-8")

    def stop(self):
        """Asks it to stop, as a service manager does, and returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(DONE_SECONDS_MAX)

    def kill(self):
        """Ends it at once, as a power cut does."""
        self._process.kill()
        self._process.wait(DONE_SECONDS_MAX)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.kill()

    def _wait_for_address(self):
        end = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < end and self._process.poll() is None:
            for line in self.log().splitlines(keepends=True):
                fields = json.loads(line)["fields"] if line.endswith("\n") else {}
                if fields.get("message", "").startswith(DASHBOARD_MESSAGE):
                    self.dashboard_address = fields["address"]
                if fields.get("message") == READY_MESSAGE:
                    return fields["address"]
            time.sleep(0.02)
        raise AssertionError(f"serve did not become ready: {self.log()}")
