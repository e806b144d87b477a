"""The tools in `bench/http`: builds them, and runs the sender and the disk's own limit."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.inputs import events_file
from bench.measure import run
from bench.servers import SECRET, secrets
from bench.settings import ROOT, CheckFailed

# Live traffic belongs to one day or two, so that a flush touches one partition or two a table.
DAYS = 1
# More than the caches of a processor hold; the sender keeps them in memory.
EVENTS_MAX = 50_000
WRONG_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BACKLOG = "tributary_journal_bytes"


@dataclass(frozen=True)
class Tools:
    """The built tools, and the events that are sent."""

    binaries: Path
    events: Path

    def bare(self, address):
        """The command of the handler that stores nothing."""
        return [str(self.binaries / "bare"), address]

    def append(self, folder, seconds):
        """Measures appending and syncing in a folder."""
        return self._json(["append", folder, "--seconds", seconds])

    def load(self, server, connections, seconds, ahead, ledger, rate=None, backlog_max=None):
        """Sends webhooks, all of which must be taken; returns what the sender says of them.

        `ahead` is how many are signed before the clock starts. Ids that were acknowledged go into
        the file `ledger`, if any. With `backlog_max` the sender pauses while more bytes wait.
        """
        command = ["load", server.webhooks, self.events, "--connections", connections]
        command += ["--seconds", seconds, "--ahead", ahead]
        command += ["--ledger", ledger] if ledger else []
        command += ["--rate", rate] if rate else []
        if backlog_max:
            command += ["--watch", BACKLOG, "--metrics", server.dashboard]
            command += ["--pause-above", backlog_max]
        done = self._json(command)
        if done["other"] or done["unanswered"]:
            refused = f"answers {done['other']}, {done['unanswered']} webhooks without answer"
            raise CheckFailed(f"{server.webhooks}: {refused}; nothing may be refused")
        return done

    def check_refusal(self, server, n=100):
        """Checks that a server refuses webhooks that another secret signed."""
        command = ["load", server.webhooks, self.events, "--connections", 1, "--count", n]
        done = self._json(command, WRONG_SECRET)
        if done["other"] != {"401": n}:
            raise CheckFailed(f"{server.webhooks}: took webhooks that are signed wrongly")

    def _json(self, command, secret=SECRET):
        tool, *arguments = map(str, command)
        line = [str(self.binaries / tool), *arguments]
        done = subprocess.run(line, capture_output=True, encoding="utf-8", env=secrets(secret))
        if done.returncode != 0:
            raise CheckFailed(f"{tool}: exit code {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def tools(settings):
    """Builds the tools and makes the events."""
    manifest = ROOT / "bench" / "http" / "Cargo.toml"
    target = Path(os.environ.get("CARGO_TARGET_DIR", settings.work / "http")).absolute()
    cargo = os.environ.get("CARGO", "cargo")
    build = [cargo, "build", "--quiet", "--locked", "--release", "--manifest-path", str(manifest)]
    run([*build, "--target-dir", str(target)])
    return Tools(target / "release", events_file(settings, min(settings.events, EVENTS_MAX), DAYS))
