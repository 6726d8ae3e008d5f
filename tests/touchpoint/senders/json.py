"""The example of a mapping of one's own: `X-Signature` is sha256= and, in hex, the HMAC-SHA256 of the body
(config/sources/json/README.md)."""

import hashlib
import hmac

SECRET = "secret-of-the-shop"
SETTINGS = 'region = "GB"'


def sign(request):
    request.headers["X-Signature"] = f"sha256={hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()}"
    return request
