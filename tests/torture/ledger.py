"""What was sent, and what was answered: the only witness against the program."""

import math
import threading
import time
from collections import Counter

OK = 200


class Ledger:
    """Every event that was sent, by its id and body, and how often each answer was given."""

    def __init__(self):
        self._lock = threading.Lock()
        self._events = {}
        self.answers = Counter()

    def note_sent(self, event):
        """Remembers that an event is on its way, so that it may be in the lake."""
        with self._lock:
            self._events[event.id, event.text] = event

    def note_answer(self, event, status):
        """Remembers an answer; `None` if there was none."""
        with self._lock:
            self.answers[status] += 1
            if status == OK:
                event.is_acknowledged = True
                event.acknowledged_at = min(event.acknowledged_at, time.monotonic())

    def cut(self, at):
        """Takes back what was answered after the power was off: a machine without power is mute.

        Returns how many ids that are.
        """
        with self._lock:
            late = [e for e in self._events.values() if e.is_acknowledged and e.acknowledged_at >= at]
            for event in late:
                event.is_acknowledged = False
                event.acknowledged_at = math.inf
            return len(late)

    def give_up(self, keys):
        """Expects no longer what was destroyed after it was acknowledged."""
        with self._lock:
            for key in keys:
                self._events[key].is_acknowledged = False

    def acknowledged(self):
        """What must be found, as (id, body)."""
        with self._lock:
            return {key for key, event in self._events.items() if event.is_acknowledged}

    def events(self):
        """Everything that may be found, by (id, body)."""
        with self._lock:
            return dict(self._events)

    def unexpected(self, allowed):
        """Answers that nobody allowed."""
        return {status: n for status, n in self.answers.items() if status not in allowed}
