"""Amazon's certificate need not be configured where its hosts are: it is fetched once, from there alone. Until it is
here, SNS is told to come again."""

import json

import pytest

from touchpoint.https import Https
from touchpoint.kinds import SETTINGS, URL, Fixture, Request, send
from touchpoint.senders import sender
from touchpoint.wait import until

PATH = "/SimpleNotificationService-1.pem"
TOPIC = sender("ses").TOPIC
CERTIFICATE = sender("ses").SECRET.partition("\n")[2].encode()


@pytest.fixture
def amazon(tmp_path):
    with Https(tmp_path, {PATH: CERTIFICATE}) as server:
        yield server


@pytest.fixture
def start(front, amazon, tmp_path):
    """A daemon that knows the topic, and these settings."""

    def run(**settings):
        (tmp_path / "topics").write_text(f"{TOPIC}\n")
        hosts = {"certificate_hosts": f"localhost:{amazon.port}", "certificate_authorities": amazon.authority}
        named = {f"sources.{name}": value for name, value in (hosts | settings).items()}
        return front(SETTINGS | named, config=f'source "ses" {{ kind = "ses"  secret = {{"file:{tmp_path}/topics"}} }}')

    return run


def notification(url, **members):
    body = json.loads(Fixture("ses", "delivery").request("ses").body) | {"SigningCertURL": url, **members}
    return sender("ses").sign(Request("POST", f"{URL}/v1/sources/ses", {}, json.dumps(body).encode()))


def post(daemon, amazon, path=PATH, host="localhost", **members):
    return send(daemon, notification(f"https://{host}:{amazon.port}{path}", **members))


def test_it_is_fetched_once(start, amazon):
    daemon = start()
    early = post(daemon, amazon)
    assert (early.status, int(early.headers["Retry-After"]) > 0) == (503, True)
    taken = until(lambda: (reply := post(daemon, amazon)).status == 200 and reply, 20, "it is here")
    assert taken.json == {"accepted": 1, "rejected": 0}
    assert post(daemon, amazon).status == 200
    assert amazon.asked == [PATH]
    assert daemon.log("certificate_fetched")[0]["certificate"].endswith(PATH)


def test_what_it_did_not_sign_is_refused(start, amazon):
    daemon = start()
    until(lambda: post(daemon, amazon).status == 200, 20, "it is here")
    forged = notification(f"https://localhost:{amazon.port}{PATH}")
    forged.body = forged.body.replace(b"MessageId", b"MessageID")
    assert send(daemon, forged).status == 401


def test_nothing_is_fetched_from_elsewhere(start, amazon):
    daemon = start()
    assert post(daemon, amazon, host="127.0.0.1").status == 401
    assert post(daemon, amazon, path="/key.txt").status == 401
    assert send(daemon, notification(f"http://localhost:{amazon.port}{PATH}")).status == 401
    assert amazon.asked == []


def test_nothing_is_fetched_for_the_topic_of_somebody_else(start, amazon):
    daemon = start()
    assert post(daemon, amazon, TopicArn=f"{TOPIC}-of-somebody-else").status == 401
    assert amazon.asked == []


def test_who_is_not_vouched_for_is_not_believed(start, amazon, tmp_path):
    (tmp_path / "others.pem").write_bytes(CERTIFICATE)
    daemon = start(certificate_authorities=tmp_path / "others.pem")
    assert post(daemon, amazon).status == 503
    until(lambda: daemon.log("certificate_failed"), 20, "it cannot be fetched")
    assert post(daemon, amazon).status == 503
    assert amazon.asked == []


@pytest.mark.parametrize(
    "content", [None, b"", b"<html>", CERTIFICATE + b"x" * 70_000], ids=["absent", "empty", "other", "long"]
)
def test_what_is_no_certificate_is_not_kept(start, amazon, content):
    amazon.files = {PATH: content} if content is not None else {}
    daemon = start()
    assert post(daemon, amazon).status == 503
    until(lambda: daemon.log("certificate_failed"), 20, "it cannot be fetched")
    assert [post(daemon, amazon).status for _ in range(3)] == [503] * 3
    assert amazon.asked == [PATH]
