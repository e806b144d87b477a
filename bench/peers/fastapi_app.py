"""What a careful user of FastAPI writes: verifies a webhook, appends it to a file, syncs, answers.

Serve it with `uvicorn --workers 2 --loop uvloop --http httptools --no-access-log`. The syncs wait
on threads, so that the event loop takes other webhooks meanwhile, and the file system makes one
commit of those that wait together. Unlike the program it has no index of ids and no lake.

EVENTS_FILE is the file to append to, TRIBUTARY_WEBHOOK_SECRETS the secret.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import time
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, Request, Response

TOLERANCE_SECONDS = 300
# Syncs at a time in each of two workers: one for each of 256 connections, and no less quick than
# 40 or 64 of them.
SYNCS_MAX = 128

KEY = base64.b64decode(os.environ["TRIBUTARY_WEBHOOK_SECRETS"].removeprefix("whsec_"))
FILE = os.open(os.environ["EVENTS_FILE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
THREADS = ThreadPoolExecutor(SYNCS_MAX)

app = FastAPI()


@app.post("/webhooks/midbound")
async def receive(request: Request):
    """Answers 200 once the body is on disk."""
    body = await request.body()
    if not is_signed(request.headers, body):
        return Response(status_code=401)
    await asyncio.get_running_loop().run_in_executor(THREADS, append, body + b"\n")
    return Response(status_code=200)


def append(line):
    """Appends a line in one write, which other processes can't cut in two, and syncs it."""
    os.write(FILE, line)
    os.fdatasync(FILE)


def is_signed(headers, body):
    """Whether one of the signatures is that of these bytes, and the timestamp is of now."""
    try:
        timestamp = headers["webhook-timestamp"]
        signed = f"{headers['webhook-id']}.{timestamp}.".encode() + body
        given = headers["webhook-signature"].split(" ")
        is_fresh = abs(time.time() - int(timestamp)) <= TOLERANCE_SECONDS
    except (KeyError, ValueError):
        return False
    digest = hmac.digest(KEY, signed, hashlib.sha256)
    expected = "v1," + base64.b64encode(digest).decode()
    return is_fresh and any(hmac.compare_digest(one, expected) for one in given)
