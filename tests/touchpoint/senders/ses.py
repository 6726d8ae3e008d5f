"""SNS signs members of the message, each name and value on a line of its own in the order of the names, by RSA; the
certificate is public, and the same for all of Amazon's customers, so that the topic has to be looked at as well
("Verifying the signatures of Amazon SNS messages")."""

import base64
import json

from .keys import new_key

_KEY = new_key("rsa")
TOPIC = "arn:aws:sns:eu-west-2:1:mails"
SECRET = f"{TOPIC}\n{_KEY.certificate('sns.amazonaws.com')}"
SETTINGS = ""

NOTIFICATION = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]


def sign(request):
    body = json.loads(request.body)
    names = NOTIFICATION if body["Type"] == "Notification" else CONFIRMATION
    text = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
    body |= {"SignatureVersion": "2", "Signature": base64.b64encode(_KEY.sign(text.encode())).decode()}
    request.body = json.dumps(body).encode()
    return request
