"""Aircall signs nothing: it puts the webhook's token into the body (developer.aircall.io, "Webhooks")."""

import json

SECRET = "aircall-token-of-the-tests"
SETTINGS = ""


def sign(request):
    request.body = json.dumps(json.loads(request.body) | {"token": SECRET}).encode()
    return request
