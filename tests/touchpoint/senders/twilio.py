"""Twilio: `X-Twilio-Signature` is base64 of the HMAC-SHA1, keyed by the account's token, of the address and, behind
it, each name and value of the form, sorted by name; of a JSON body the address has the SHA-256 as `bodySHA256`
instead (Twilio's "Webhooks security", and its SDKs' request validators)."""

import base64
import hashlib
import hmac
import urllib.parse

SECRET = "twilio-token-of-the-tests"
SETTINGS = 'region = "GB"'


def sign(request):
    signed = request.url
    if request.headers["Content-Type"].startswith("application/json"):
        joint = "&" if "?" in request.url else "?"
        request.url += f"{joint}bodySHA256={hashlib.sha256(request.body).hexdigest()}"
        signed = request.url
    else:
        fields = urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True)
        signed += "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha1).digest()
    request.headers["X-Twilio-Signature"] = base64.b64encode(digest).decode()
    return request
