"""SendGrid signs the timestamp and the body, by ECDSA (P-256, SHA-256), in base64 of DER; the key that its console
shows is base64 of the public one (its SDKs' `EventWebhook` helpers)."""

import base64

from .keys import new_key

_KEY = new_key("ec")
SECRET = _KEY.public_base64
SETTINGS = ""


def sign(request):
    timestamp = str(int(request.now))
    signature = base64.b64encode(_KEY.sign(timestamp.encode() + request.body)).decode()
    request.headers["X-Twilio-Email-Event-Webhook-Timestamp"] = timestamp
    request.headers["X-Twilio-Email-Event-Webhook-Signature"] = signature
    return request
