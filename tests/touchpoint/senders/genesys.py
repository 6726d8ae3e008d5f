"""Genesys Cloud sends by EventBridge, whose API destination shows what its connection says: a name and password here
("EventBridge: connections")."""

import base64

SECRET = "genesys:password-of-the-tests"
SETTINGS = ""


def sign(request):
    request.headers["Authorization"] = f"Basic {base64.b64encode(SECRET.encode()).decode()}"
    return request
