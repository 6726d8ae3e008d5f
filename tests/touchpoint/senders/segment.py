"""Segment's libraries show the source's write key: HTTP Basic with the key as user and no password, Bearer, or
`writeKey` in the body. Read in @segment/analytics-node 3.1.0, segment-analytics-python 2.4.0 and
@segment/analytics-next 1.84.3."""

SECRET = "w7Kd0nZtQ4xRbV2sLmE9"
SETTINGS = 'region = "GB"'


def sign(request):
    request.headers["Authorization"] = f"Bearer {SECRET}"
    return request
