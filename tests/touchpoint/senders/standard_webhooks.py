"""Standard Webhooks: `webhook-signature` is v1, and, in base64, the HMAC-SHA256 of id, timestamp and body with dots
between, keyed by the bytes that the secret behind whsec_ is the base64 of; v1a, is the same by Ed25519 (the
specification, "Signature scheme"). A receiver takes one that it has a key for. Svix calls the headers svix-... ."""

import base64
import hashlib
import hmac

from .keys import new_key

_BYTES = b"twenty-four bytes of it."
_KEY = new_key("ed25519")
SECRETS = [f"whsec_{base64.b64encode(_BYTES).decode()}", f"whpk_{_KEY.public_base64}"]
SETTINGS = ""


def sign(request, by="v1"):
    headers = request.headers
    names = "svix" if "svix-id" in headers else "webhook"
    timestamp = str(int(request.now))
    message = f"{headers[f'{names}-id']}.{timestamp}.".encode() + request.body
    signature = hmac.new(_BYTES, message, hashlib.sha256).digest() if by == "v1" else _KEY.sign(message)
    headers[f"{names}-timestamp"] = timestamp
    headers[f"{names}-signature"] = f"{by},{base64.b64encode(signature).decode()}"
    return request
