"""An S3 that can be broken: moto's, behind a gate that spoils chosen requests."""

import logging
import socket
import struct
import threading
import time
from dataclasses import dataclass

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

BUCKET = "lake"
AT_ONCE = struct.pack("ii", 1, 0)


@dataclass
class Fault:
    """What is done to the requests that it is meant for, until it is used up.

    refuse    answered `status`, not done           reset     connection reset, not done
    lost      done, then the connection is reset    botched   done, but answered `status`
    slow      done after `seconds`                  cut       answered with half of the body
    hang      not answered until `until` or another plan, then reset, not done
    careless  done without the condition that the key must be new
    """

    kind: str
    n: int = 1
    status: int = 503
    seconds: float = 0
    until: float | None = None
    methods: tuple = ("GET", "HEAD", "PUT", "DELETE", "POST")
    where: str = ""

    def takes(self, method, path):
        """Whether a request is spoiled; counts it if so."""
        if method not in self.methods or self.where not in path:
            return False
        if self.until is not None:
            return time.monotonic() < self.until
        self.n -= 1
        return self.n >= 0


class Store:
    """A server with one bucket; faults are planned by the prefix that a lake has in it."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._creating = threading.Lock()
        self._faults = {}
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._server.daemon_threads = True
        self.n_requests = 0
        backend().create_bucket(BUCKET, "us-east-1")
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def close(self):
        """Ends the server and forgets all objects."""
        self._server.shutdown()
        backend().reset()

    @property
    def env(self):
        """The variables with which the program finds it."""
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def plan(self, prefix, faults):
        """Spoils the next requests of a lake; nothing if there are no faults."""
        with self._lock:
            self._faults[prefix] = list(faults)

    def objects(self, prefix):
        """The keys below a prefix, with what identifies their content."""
        keys = backend().buckets[BUCKET].keys
        return {name: key.etag for name, key in list(keys.items()) if name.startswith(f"{prefix}/")}

    def get(self, name):
        """An object's bytes."""
        return backend().get_object(BUCKET, name).value

    def put(self, name, value):
        """Writes an object past the gate."""
        backend().put_object(BUCKET, name, value)

    def delete(self, name):
        """Removes an object past the gate."""
        backend().delete_object(BUCKET, name)

    def download(self, prefix, folder, known):
        """Copies what is new or changed into a folder; `known` is what a former call returned."""
        found = self.objects(prefix)
        for name, tag in found.items():
            if known.get(name) != tag:
                path = folder / name.removeprefix(f"{prefix}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.get(name))
        return found

    def _fault(self, environ):
        path = environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", "").replace("%2F", "/")
        with self._lock:
            self.n_requests += 1
            for prefix, faults in self._faults.items():
                if f"/{prefix}/" in path or f"prefix={prefix}/" in path:
                    method = environ["REQUEST_METHOD"]
                    return next((one for one in faults if one.takes(method, path)), None)
        return None

    def _outwait(self, fault):
        """Waits until a fault is over, or no longer planned."""
        while time.monotonic() < fault.until:
            with self._lock:
                if not any(fault in faults for faults in self._faults.values()):
                    return
            time.sleep(0.05)

    def _answer(self, environ, start_response):
        fault = self._fault(environ)
        if fault is None and "HTTP_IF_NONE_MATCH" in environ:
            # The server looks and writes in two steps; a store does both in one.
            with self._creating:
                return list(self._app(environ, start_response))
        if fault is None:
            return self._app(environ, start_response)
        if fault.kind == "hang":
            self._outwait(fault)
        if fault.kind in ("hang", "reset"):
            hang_up(environ)
        if fault.kind == "refuse":
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return refusal(fault.status, start_response)
        if fault.kind == "careless":
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault.kind == "lost":
            b"".join(self._app(environ, lambda *_: None))
            hang_up(environ)
        if fault.kind == "botched":
            b"".join(self._app(environ, lambda *_: None))
            return refusal(fault.status, start_response)
        if fault.kind == "cut":
            return half(self._app, environ, start_response)
        return self._app(environ, start_response)


def backend():
    """The in-process store itself."""
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def refusal(status, start_response):
    """An answer as S3 gives it when it does not want to."""
    codes = {403: "AccessDenied", 409: "ConditionalRequestConflict", 412: "PreconditionFailed", 500: "InternalError"}
    body = f"<Error><Code>{codes.get(status, 'SlowDown')}</Code></Error>".encode()
    headers = [("content-type", "application/xml"), ("content-length", str(len(body)))]
    start_response(f"{status} Refused", headers)
    return [body]


def hang_up(environ):
    """Resets the connection."""
    connection = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    # Others hold this socket too, so closing it would not end it.
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()
    raise ConnectionResetError


def half(app, environ, start_response):
    """Announces a whole body and ends in its middle."""
    body = b"".join(app(environ, start_response))
    yield body[: len(body) // 2]
    hang_up(environ)
