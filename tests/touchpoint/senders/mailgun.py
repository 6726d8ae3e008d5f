"""Mailgun puts a timestamp, a random token and, in hex, the HMAC-SHA256 of both, keyed by the webhook signing key,
into the body (Mailgun's "Securing webhooks")."""

import hashlib
import hmac
import json
import secrets

SECRET = "mailgun-signing-key-of-the-tests"
SETTINGS = ""


def sign(request):
    body = json.loads(request.body)
    timestamp, token = str(int(request.now)), secrets.token_hex(25)
    signature = hmac.new(SECRET.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    body["signature"] = {"timestamp": timestamp, "token": token, "signature": signature}
    request.body = json.dumps(body).encode()
    return request
