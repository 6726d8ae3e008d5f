"""Zendesk signs the timestamp and the body, in base64 of the HMAC-SHA256 keyed by the secret as its console shows it,
not by what that is the base64 of (developer.zendesk.com, "Verifying webhooks")."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

SECRET = "dGhlLXNlY3JldC1vZi10aGUtdGVzdHM="
SETTINGS = 'region = "GB"'


def sign(request):
    timestamp = datetime.fromtimestamp(request.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(SECRET.encode(), timestamp.encode() + request.body, hashlib.sha256).digest()
    request.headers["X-Zendesk-Webhook-Signature"] = base64.b64encode(digest).decode()
    request.headers["X-Zendesk-Webhook-Signature-Timestamp"] = timestamp
    return request
