"""The load: signed webhooks over keep-alive connections, every answer put into the ledger."""

import http.client
import threading
import time

from program import SECRET
from webhook import signature

PATH = "/webhooks/midbound"
ANSWER_SECONDS_MAX = 40
PAUSE_DOWN_SECONDS = 0.01


def headers_of(event, secret=SECRET, at=None):
    """The headers of a signed webhook."""
    timestamp = int(time.time() if at is None else at)
    return {
        "content-type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(event.id, timestamp, event.body, secret),
    }


class Sender:
    """One keep-alive connection to wherever the ingester is just now."""

    def __init__(self, address, ledger, secret=SECRET):
        self._address = address
        self._ledger = ledger
        self._secret = secret
        self._connection = None
        self._connected_to = None
        self.retry_after = None

    def send(self, event, at=None):
        """Sends an event; returns the answer's status, or `None` if there was none."""
        self._ledger.note_sent(event)
        status = self._try(event, at)
        self._ledger.note_answer(event, status)
        return status

    def close(self):
        """Hangs up."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connect(self):
        address = self._address() if callable(self._address) else self._address
        if self._connection is None or address != self._connected_to:
            self.close()
            self._connection = http.client.HTTPConnection(address, timeout=ANSWER_SECONDS_MAX)
            self._connected_to = address

    def _try(self, event, at):
        try:
            self._connect()
            headers = headers_of(event, self._secret, at)
            self._connection.request("POST", PATH, event.body, headers)
            answer = self._connection.getresponse()
            answer.read()
            self.retry_after = answer.headers.get("retry-after")
            return answer.status
        except (OSError, http.client.HTTPException):
            self.close()
            return None


class Load:
    """Several senders at once, until they are told to stop.

    What was refused or not answered is sent again at once or later or, sometimes, never; now and
    then something that was acknowledged is sent again.
    """

    def __init__(self, address, ledger, maker, random, n_connections=4, pause=0.004, secrets=None):
        self._address = address
        self._ledger = ledger
        self._maker = maker
        self._random = random
        self._pause = pause
        self._secrets = secrets or [SECRET]
        self._lock = threading.Lock()
        self._again = []
        self._is_stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=[n], daemon=True) for n in range(n_connections)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number):
        secret = self._secrets[number % len(self._secrets)]
        sender = Sender(self._address, self._ledger, secret)
        while not self._is_stopping.is_set():
            event = self._next()
            status = sender.send(event)
            self._plan(event, status)
            self._is_stopping.wait(PAUSE_DOWN_SECONDS if status is None else self._pause)
        sender.close()

    def _next(self):
        with self._lock:
            if self._again and self._random.random() < 0.5:
                return self._again.pop(self._random.randrange(len(self._again)))
            return self._maker.event()

    def _plan(self, event, status):
        with self._lock:
            share = 0.05 if status == 200 else 0.8
            if self._random.random() < share and len(self._again) < 1000:
                self._again.append(event)


def send_all(address, ledger, events, n_connections=4):
    """Sends events over a few connections, each once; returns the statuses in order."""
    statuses = [None] * len(events)

    def run(first):
        sender = Sender(address, ledger)
        for position in range(first, len(events), n_connections):
            statuses[position] = sender.send(events[position])
        sender.close()

    threads = [threading.Thread(target=run, args=[n]) for n in range(n_connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses
