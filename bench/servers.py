"""Servers under load: each is a process of its own, started for one run and stopped behind it."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from bench.measure import environment
from bench.settings import CheckFailed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
READY_SECONDS_MAX = 60
# A burst of half a minute leaves gigabytes for the last flush.
STOP_SECONDS_MAX = 1200
POLL_SECONDS = 0.05
LOG_CHARACTERS_MAX = 600


def secrets(secret=SECRET):
    """The environment in which senders and receivers find the webhooks' secret."""
    return environment() | {"TRIBUTARY_WEBHOOK_SECRETS": secret}


class Server:
    """A server that listens on a free port; `command` gets the address and gives its command."""

    def __init__(self, command, folder: Path, **variables):
        self.address = f"127.0.0.1:{free_port()}"
        # Where ours shows its figures; others listen there not.
        self.dashboard = f"127.0.0.1:{free_port()}"
        self._folder = folder
        self._log = folder / "server.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command(self.address),
                cwd=folder,
                env=secrets() | {"TRIBUTARY_DASHBOARD_LISTEN": self.dashboard} | variables,
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        try:
            self._wait_until_ready()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(self, *_):
        self._kill()

    @property
    def webhooks(self):
        """Where webhooks are sent."""
        return f"http://{self.address}/webhooks/midbound"

    @property
    def token(self):
        """What ours asks for before it shows figures."""
        return (self._folder / "journal" / "dashboard-token").read_text("utf-8").strip()

    def peak_bytes(self):
        """The largest resident sets that it and its workers have had."""
        lines = [line for page in self._pages("status") for line in page.splitlines()]
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

    def busy_seconds(self):
        """Processor time that it and its workers have taken."""
        fields = [page.rpartition(")")[2].split() for page in self._pages("stat")]
        return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """Asks it to stop and waits until it has done what is left; it must end well."""
        self._process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS_MAX
        while self._process.poll() is None:
            if time.monotonic() > end:
                raise CheckFailed(f"{self._name()} did not stop within {STOP_SECONDS_MAX} s")
            time.sleep(POLL_SECONDS)
        code = self._process.returncode
        if code not in (0, -signal.SIGTERM):
            raise CheckFailed(f"{self._name()}: exit code {code}: {self._said()}")

    def _pages(self, name):
        """What the system says of it and of its workers."""
        proc = Path("/proc")
        own = self._process.pid
        workers = (proc / f"{own}/task/{own}/children").read_text("utf-8").split()
        return [(proc / f"{pid}/{name}").read_text("utf-8") for pid in [own, *workers]]

    def _kill(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _name(self):
        return Path(self._process.args[0]).name

    def _said(self):
        return self._log.read_text("utf-8", errors="replace").strip()[-LOG_CHARACTERS_MAX:]

    def _wait_until_ready(self):
        host, _, port = self.address.partition(":")
        end = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection((host, int(port))).close()
                return
            except ConnectionRefusedError:
                time.sleep(POLL_SECONDS)
        raise CheckFailed(f"{self._name()} did not become ready: {self._said()}")


def free_port():
    """A port on the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
