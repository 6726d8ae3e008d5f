"""Firehose shows the access key of its HTTP endpoint, and an API destination of EventBridge what its connection says,
an API key in a header or a name and password ("Amazon Data Firehose: HTTP endpoint delivery request and response
specifications"; "EventBridge: connections")."""

SECRETS = ["access-key-of-the-tests", "connect:password-of-the-tests"]
SETTINGS = ""


def sign(request):
    firehose = b'"records"' in request.body
    request.headers["X-Amz-Firehose-Access-Key" if firehose else "X-Api-Key"] = SECRETS[0]
    return request
