"""Mailgun puts a timestamp, a random token and, in hex, the HMAC-SHA256 of both, keyed by the webhook signing key,
into the body (Mailgun's "Securing webhooks"): into `signature` of JSON, among the members of a form, which is what
routes post. Of a subaccount's events there is a `parent-signature` as well, by the key of the account above."""

import hashlib
import hmac
import json
import secrets
import urllib.parse

SECRET = "mailgun-signing-key-of-the-tests"
SETTINGS = ""


def proof(now, key=SECRET):
    timestamp, token = str(int(now)), secrets.token_hex(25)
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": signature}


def sign(request):
    if "form" in request.headers.get("Content-Type", ""):
        request.body += b"&" + urllib.parse.urlencode(proof(request.now)).encode()
    else:
        request.body = json.dumps(json.loads(request.body) | {"signature": proof(request.now)}).encode()
    return request


def sign_of_subaccount(request):
    """By a key that nobody here knows, and by the account's."""
    parent = proof(request.now)
    signature = parent | {"signature": "0" * 64, "parent-signature": parent["signature"]}
    request.body = json.dumps(json.loads(request.body) | {"signature": signature}).encode()
    return request
