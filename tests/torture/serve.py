"""The program under test: started, killed and started again on the same lake and journal."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from program import DASHBOARD_MESSAGE, READY_MESSAGE, environment

READY_SECONDS_MAX = 90
STOP_SECONDS_MAX = 120
HEADER_BYTES = 64


class NotReady(Exception):
    """The program ended, or took too long, before it listened."""


class Serve:
    """A `serve` and the folder it works in; `start` may be called again after it ended."""

    def __init__(self, folder, *options, lake=None, journal=None, env=None, binary=None):
        self.folder = folder
        self.lake = lake or folder / "lake"
        self.journal = journal or folder / "journal"
        self.options = [str(option) for option in options]
        self.env = env or {}
        self.binary = binary or os.environ["TRIBUTARY_BIN"]
        self.process = None
        self.address = self.dashboard_address = "127.0.0.1:9"
        self.log_path = folder / "serve.log"
        self.peak_kib = 0

    def start(self, wait=True, **env):
        """Starts it and waits until it takes webhooks, unless told not to wait."""
        line = [self.binary, "serve", "--listen", "127.0.0.1:0", "--lake", str(self.lake)]
        line += ["--journal", str(self.journal), "--log-format", "json", *self.options]
        self._log_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            environ = environment() | self.env | env
            self.process = subprocess.Popen(line, cwd=self.folder, env=environ, stderr=log)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds_max=READY_SECONDS_MAX):
        """Waits until it listens; raises `NotReady` if it ends before."""
        end = time.monotonic() + seconds_max
        while time.monotonic() < end:
            is_over = self.process.poll() is not None
            for fields in self.messages():
                if fields.get("message", "").startswith(DASHBOARD_MESSAGE):
                    self.dashboard_address = fields["address"]
                if fields.get("message") == READY_MESSAGE:
                    self.address = fields["address"]
                    return
            if is_over:
                raise NotReady(f"exit code {self.process.returncode}: {self.last_words()}")
            time.sleep(0.01)
        raise NotReady(f"not ready after {seconds_max} s: {self.last_words()}")

    def messages(self, level=None):
        """What this process has logged: the fields of each line, of one level only if named."""
        found = []
        for line in self._log_lines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            if level is None or entry.get("level") == level:
                found.append(entry.get("fields", {}))
        return found

    def last_words(self):
        """The end of its log, for people."""
        return "\n".join(self._log_lines()[-6:])

    def is_running(self):
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """Ends it at once."""
        if self.process is not None:
            self._note_memory()
            self.process.kill()
            self.process.wait(STOP_SECONDS_MAX)

    def stop(self, seconds_max=STOP_SECONDS_MAX):
        """Asks it to stop, as a service manager does, and returns its exit code."""
        self._note_memory()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds_max)

    def wait(self, seconds_max=STOP_SECONDS_MAX):
        """Waits for its end by itself and returns its exit code."""
        return self.process.wait(seconds_max)

    def get(self, path):
        """Asks for a page; returns status and text."""
        address = self.dashboard_address if path == "/metrics" else self.address
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name):
        """The sum of a metric over its labels."""
        lines = self.get("/metrics")[1].splitlines()
        found = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.split()[-1]) for line in found)

    def segments(self):
        """The journal's segments that hold more than a header."""
        sizes = {}
        for path in self.journal.glob("segments/*.seg"):
            with contextlib.suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
        return sorted(path for path, size in sizes.items() if size > HEADER_BYTES)

    def is_drained(self):
        """Whether nothing waits for the lake."""
        return not self.segments()

    def wait_drained(self, seconds_max=60):
        """Waits until everything is in the lake; tells whether that came to be."""
        end = time.monotonic() + seconds_max
        while time.monotonic() < end:
            if self.is_drained():
                return True
            time.sleep(0.02)
        return False

    def _log_lines(self):
        with self.log_path.open("rb") as log:
            log.seek(self._log_from)
            return log.read().decode("utf-8", "replace").splitlines()

    def _note_memory(self):
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                peaks = [line.split()[1] for line in status if line.startswith("VmHWM")]
        except OSError:
            return
        self.peak_kib = max([self.peak_kib, *map(int, peaks)])
