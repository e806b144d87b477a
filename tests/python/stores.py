"""Servers of object stores on this machine: s3s-fs, moto and Azurite.

Each is started on a port of its own with an empty bucket, and says with which address and
variables the program finds it. Of Google Cloud Storage there is no server that could be had. Its
XML API is S3's but for names, so moto stands in for it behind a translation: that tries the
client of the program, not the service.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
from azure.storage.blob import BlobServiceClient
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

ROOT = Path(__file__).parents[2]
TOOLS = Path(os.environ.get("TRIBUTARY_TOOLS", ROOT / "target" / "tools"))
S3S_FS = TOOLS / "bin" / "s3s-fs"
AZURITE = TOOLS / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
BUCKET = "lake"
START_SECONDS_MAX = 60
# Azurite's own account, which its documentation publishes.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@dataclass
class Store:
    """A running server."""

    url: str
    env: dict
    download: object

    def lake(self, name):
        """The address of a lake in it."""
        return f"{self.url}/{name}"


@contextlib.contextmanager
def s3s_fs(folder):
    """The S3 server of the crate s3s, over a folder."""
    (folder / "s3" / BUCKET).mkdir(parents=True)
    port = free_port()
    keys = ["--access-key", "key", "--secret-key", "secret"]
    line = [S3S_FS, folder / "s3", "--host", "127.0.0.1", "--port", str(port), *keys]
    with server(line, port, folder / "s3s.log"):
        yield s3_store(port)


@contextlib.contextmanager
def moto(folder):
    """The S3 server of the package moto, in memory."""
    port = free_port()
    line = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with server(line, port, folder / "moto.log"):
        store = s3_store(port)
        s3_client(port).create_bucket(Bucket=BUCKET)
        yield store


@contextlib.contextmanager
def azurite(folder):
    """Azure's own emulator of its Blob service."""
    port = free_port()
    line = ["node", AZURITE, "--blobPort", str(port), "--location", folder / "azurite"]
    line += ["--skipApiVersionCheck", "--silent"]
    with server(line, port, folder / "azurite.log"):
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        credential = {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY}
        container = BlobServiceClient(endpoint, credential=credential).create_container(BUCKET)
        env = {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
            "AZURE_ENDPOINT": endpoint,
        }

        def download(prefix):
            for name in container.list_blob_names(name_starts_with=prefix + "/"):
                yield name, container.download_blob(name).readall()

        yield Store(f"az://{BUCKET}", env, download)


@contextlib.contextmanager
def gcs_stand_in(folder):
    """Moto, spoken to as Google's service is."""
    service = make_server("127.0.0.1", 0, GoogleNames(), threaded=True)
    threading.Thread(target=service.serve_forever, args=[0.05], daemon=True).start()
    account = {"gcs_base_url": f"http://127.0.0.1:{service.server_port}", "disable_oauth": True}
    account |= {"client_email": "", "private_key": "", "private_key_id": ""}
    s3_client(service.server_port).create_bucket(Bucket=BUCKET)
    download = s3_store(service.server_port).download
    try:
        yield Store(f"gs://{BUCKET}", {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account)}, download)
    finally:
        service.shutdown()
        s3_backends.reset()


class GoogleNames:
    """Hands requests to moto under the names that S3 has for their headers."""

    def __init__(self):
        self._app = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
            environ["HTTP_AUTHORIZATION"] = SIGNED
        if environ.pop("HTTP_X_GOOG_IF_GENERATION_MATCH", None) == "0":
            environ["HTTP_IF_NONE_MATCH"] = "*"
        if "HTTP_X_GOOG_COPY_SOURCE" in environ:
            environ["HTTP_X_AMZ_COPY_SOURCE"] = environ.pop("HTTP_X_GOOG_COPY_SOURCE")
        return self._app(environ, start_response)


# Moto looks for the service in it, and does not check the signature.
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
KINDS = {"s3s-fs": s3s_fs, "moto": moto, "azurite": azurite, "gcs-stand-in": gcs_stand_in}


def s3_store(port):
    """The store at a port; a plain `http://` endpoint needs no further permission."""
    env = {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }

    def download(prefix):
        client = s3_client(port)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
        for page in pages:
            for found in page.get("Contents", []):
                body = client.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read()
                yield found["Key"], body

    return Store(f"s3://{BUCKET}", env, download)


def s3_client(port):
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


@contextlib.contextmanager
def server(line, port, log, env=None):
    """Runs a server until the block ends; without `env` it has the environment of this process."""
    with log.open("wb") as out:
        process = subprocess.Popen(list(map(str, line)), stdout=out, stderr=out, env=env)
    try:
        end = time.monotonic() + START_SECONDS_MAX
        while not answers(port):
            assert process.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
