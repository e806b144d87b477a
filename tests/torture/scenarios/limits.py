"""F27, F29, F30: little memory, clients that dawdle, and secrets that change."""

import base64
import socket
import time

from program import SECRET
from torture.events import Event
from torture.load import PATH, headers_of
from torture.registry import scenario

FLUSHES = ["--flush-rows", 500, "--flush-interval", "1s"]
MEMORY_KIB_MAX = 256 * 1024
N_SLOW = 40


@scenario("F27", "memory stays under 256 MiB under load", goal=6)
def memory(world):
    """Large bodies over many connections; the peak is read from the system."""
    options = ["--flush-bytes", "8MiB", "--max-in-flight", "16MiB", "--flush-interval", "2s"]
    serve = world.serve(*options)
    serve.start()
    world.maker = LargeMaker(world.maker, world.random)
    with world.load(serve, n_connections=24, pause=0):
        time.sleep(4 if world.is_short else 15)
    world.expect_answers(503)
    world.rounds += 1
    world.stop_and_check(serve)
    world.expect(serve.peak_kib < MEMORY_KIB_MAX, f"memory rose to {serve.peak_kib} KiB")


class LargeMaker:
    """Makes some of another maker's events large."""

    def __init__(self, maker, random):
        self._maker = maker
        self._random = random

    def event(self):
        """Makes the next event."""
        event = self._maker.event()
        if self._random.random() < 0.1:
            padding = b" " * self._random.randint(100_000, 1_000_000)
            return Event(event.id, event.body + padding, event.is_session)
        return event


@scenario("F29", "clients that stop in the middle of a request", goal=6)
def slow_clients(world):
    """They are cut off; everybody else is served meanwhile."""
    serve = world.serve(*FLUSHES)
    serve.start()
    sockets = [dawdle(world, serve, number) for number in range(N_SLOW)]
    with world.load(serve):
        begun = len(world.ledger.acknowledged())
        time.sleep(2)
        world.expect(len(world.ledger.acknowledged()) > begun + 20, "others were not served")
        # The head must be there after 5 s, the body after 15 s.
        ends = time.monotonic() + 25
        left = [is_cut_off(one, ends) for one in sockets].count(False)
        world.expect(left == 0, f"{left} of {N_SLOW} slow clients were not cut off")
    world.rounds += 1
    world.expect_answers()
    world.stop_and_check(serve)


def dawdle(world, serve, number):
    """Sends a part of a request and no more."""
    host, port = serve.address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    event = world.maker.event()
    head = "".join(f"{name}: {value}\r\n" for name, value in headers_of(event).items())
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(event.body)}\r\n{head}"
    if number % 2:
        connection.sendall(head[: world.random.randint(1, len(head) - 1)].encode())
    else:
        connection.sendall(f"{head}\r\n".encode() + event.body[: len(event.body) // 2])
    return connection


def is_cut_off(connection, end):
    """Whether the server ends the connection in time; whatever it says before is read."""
    try:
        while True:
            connection.settimeout(max(end - time.monotonic(), 0.01))
            if not connection.recv(4096):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        connection.close()


@scenario("F30", "secrets change under load", goal=10)
def rotation(world):
    """Old, then old and new, then new: a restart each, and no 401 on the way."""
    new = "whsec_" + base64.b64encode(world.random.randbytes(24)).decode()
    both = {"TRIBUTARY_WEBHOOK_SECRETS": f"{SECRET} {new}"}
    serve = world.serve(*FLUSHES)
    steps = [([SECRET], {}), ([SECRET], both), ([SECRET, new], both), ([new], both)]
    steps.append(([new], {"TRIBUTARY_WEBHOOK_SECRETS": new}))
    for secrets, environment in steps:
        serve.start(**environment)
        with world.load(serve, n_connections=4, secrets=secrets):
            time.sleep(0.7)
        code = serve.stop()
        world.expect(code == 0, f"exit code {code}")
        world.rounds += 1
    world.expect_answers()
    world.check_lake(serve.lake)
