"""Sends webhooks by hand: the Standard Webhooks signature over loopback HTTP."""

import base64
import hashlib
import hmac
import http.client
import json
import time

from program import SECRET


def signature(webhook_id, timestamp, body, secret=SECRET):
    """Signs `{id}.{timestamp}.{body}` with the secret's decoded bytes."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([webhook_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def signed_headers(webhook_id, body, timestamp=None):
    """The headers that a sender adds."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(webhook_id, timestamp, body),
    }


def post(address, body, headers, path="/webhooks/midbound"):
    """Sends a body and returns the answer's status and JSON."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def post_signed(address, webhook_id, body):
    """Sends a body with a good signature."""
    return post(address, body, signed_headers(webhook_id, body))
