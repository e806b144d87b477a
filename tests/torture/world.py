"""What a scenario is given: a folder, randomness from a seed, a ledger, and the oracle."""

import contextlib
import random
import time
import traceback

from torture import oracle
from torture.disk import Disk
from torture.events import Maker
from torture.ledger import Ledger
from torture.load import Load
from torture.oracle import Verdict
from torture.serve import Serve


class Skip(Exception):
    """The machine can't do what the scenario needs."""


class World:
    """One run of one scenario."""

    def __init__(self, folder, randomness, is_short):
        self.folder = folder
        self.random = randomness
        self.is_short = is_short
        self.ledger = Ledger()
        self.maker = Maker(randomness)
        self.verdict = Verdict()
        self.rounds = 0
        self._cleanup = contextlib.ExitStack()
        self._acknowledged_before = 0

    def acknowledged(self):
        """How many events were answered 2xx."""
        return self._acknowledged_before + len(self.ledger.acknowledged())

    def new_ledger(self):
        """Forgets what was sent, for another lake."""
        self._acknowledged_before += len(self.ledger.acknowledged())
        self.ledger = Ledger()

    def child(self, name):
        """A world of its own within this one, for scenarios that do several things at once."""
        folder = self.folder / name
        folder.mkdir()
        return World(folder, random.Random(self.random.getrandbits(64)), self.is_short)

    def guard(self, function, *arguments):
        """Runs a function for this world, whose failure is a finding."""
        try:
            function(self, *arguments)
        except Exception:
            self.verdict.add(traceback.format_exc(limit=-4))

    def absorb(self, child):
        """Takes over what a child brought, and ends it."""
        child.close()
        self.rounds += child.rounds
        self._acknowledged_before += child.acknowledged()
        self.verdict.lost |= child.verdict.lost
        self.verdict.duplicated |= child.verdict.duplicated
        self.verdict.problems += child.verdict.problems

    def at_end(self, function, *arguments):
        """Calls a function when the scenario is over, whatever happens."""
        self._cleanup.callback(function, *arguments)

    def close(self):
        """Undoes what the scenario set up."""
        self._cleanup.close()

    def serve(self, *options, folder=None, **settings):
        """An ingester that has not been started, killed at the end."""
        serve = Serve(folder or self.folder, *options, **settings)
        self.at_end(serve.kill)
        return serve

    def load(self, serve, **settings):
        """Senders for an ingester, wherever it listens just now."""
        return Load(lambda: serve.address, self.ledger, self.maker, self.random, **settings)

    def disk(self, serve, lake=None):
        """What lies on disk for an ingester."""
        return Disk(lake or serve.lake, serve.journal)

    def expect(self, is_so, otherwise):
        """Notes a problem unless something is so."""
        if not is_so:
            self.verdict.add(otherwise)
        return is_so

    def expect_answers(self, *allowed):
        """Notes answers that may not be given here."""
        unexpected = self.ledger.unexpected({200, None, *allowed})
        self.expect(not unexpected, f"unexpected answers: {unexpected}")

    def wait(self, is_so, seconds_max, otherwise):
        """Waits until something is so, or notes that it never was."""
        end = time.monotonic() + seconds_max
        while time.monotonic() < end:
            if is_so():
                return True
            time.sleep(0.02)
        return self.expect(False, f"{otherwise} within {seconds_max} s")

    def pause(self, least, most):
        """Sleeps for a random time."""
        time.sleep(self.random.uniform(least, most))

    def check_at_rest(self, disk):
        """Applies the oracle to a folder whose process is gone."""
        oracle.check_at_rest(disk, self.ledger, self.verdict)

    def stop_and_check(self, serve):
        """Stops an ingester cleanly and applies the oracle to its lake."""
        code = serve.stop()
        self.expect(code == 0, f"exit code {code} when stopped: {serve.last_words()}")
        self.expect(not list(serve.journal.glob("segments/*")), "segments left by a clean stop")
        self.check_lake(serve.lake)

    def check_lake(self, lake):
        """Applies the oracle to a lake whose ingesters have stopped."""
        oracle.check_stopped(lake, self.ledger, self.verdict)
