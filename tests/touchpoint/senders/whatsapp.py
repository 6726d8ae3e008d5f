"""Meta: `X-Hub-Signature-256` is sha256= and, in hex, the HMAC-SHA256 of the body, keyed by the app's secret (Meta's
"Webhooks: getting started")."""

import hashlib
import hmac

SECRET = "app-secret-of-the-tests"
SETTINGS = 'verify_token = "env:TP_VERIFY_TOKEN"'


def sign(request):
    digest = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    request.headers["X-Hub-Signature-256"] = f"sha256={digest}"
    return request
