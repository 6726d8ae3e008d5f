"""The header `x-twitter-webhooks-signature` is sha256= and, in base64, the HMAC-SHA256 of the body, keyed by the app's
consumer secret (The "Securing webhooks")."""

import base64
import hashlib
import hmac

SECRET = "consumer-secret-of-the-tests"
SETTINGS = ""


def sign(request):
    digest = hmac.new(SECRET.encode(), request.body, hashlib.sha256).digest()
    request.headers["x-twitter-webhooks-signature"] = f"sha256={base64.b64encode(digest).decode()}"
    return request
