"""A source without signatures wants one of touchpointd's keys; one with them is asked for none."""

from touchpoint.front import error_of
from touchpoint.kinds import SETTINGS, Fixture, section, send, sent
from touchpoint.wait import until

WRITE, READ = "a-key-that-may-write", "a-key-that-may-read!"


def keys(folder):
    text = ""
    for name, key, scope in (("writer", WRITE, "write"), ("reader", READ, "read")):
        (folder / name).write_text(key)
        (folder / name).chmod(0o600)
        text += f'key "{name}" {{ file = "{folder}/{name}"  scopes = {{"{scope}"}} }}\n'
    return text


def test_without_signatures_a_key_is_wanted(front, tmp_path):
    config = keys(tmp_path) + section(tmp_path, "events", "cloudevents")
    daemon = front(SETTINGS, config=config)
    request = Fixture("cloudevents", "structured").request("events")
    assert send(daemon, request).status == 401
    request.headers["Authorization"] = f"Bearer {READ}"
    assert error_of(send(daemon, request))["code"] == "forbidden"
    request.headers["Authorization"] = f"Bearer {WRITE}"
    assert send(daemon, request).json == {"accepted": 1, "rejected": 0}


def test_with_signatures_none_is(front, tmp_path):
    config = keys(tmp_path) + section(tmp_path, "desk", "zendesk")
    daemon = front(SETTINGS, config=config)
    assert sent(daemon, "desk", Fixture("zendesk", "trigger-solved")).status == 200
    request = Fixture("zendesk", "trigger-solved").request("desk")
    request.headers["Authorization"] = f"Bearer {WRITE}"
    assert send(daemon, request).status == 401


def test_no_mapping_sees_a_key(touchpointd, tmp_path, own_kind):
    settings, config = own_kind(
        '{id: "1", channel: "web", type: "t", customer: {email: "ann@example.com"}, attributes: .headers}'
    )
    daemon = touchpointd(settings, config=keys(tmp_path) + config)
    headers = {"Authorization": f"Bearer {WRITE}", "X-Shop": "1"}
    assert daemon.post({}, "/v1/sources/own", headers).status == 200
    reader = {"Authorization": f"Bearer {READ}"}

    def find():
        return daemon.get("/v1/customers", reader, email="ann@example.com").json.get("customers")

    found = until(find, 20, "the customer is known")
    (entry,) = daemon.get(f"/v1/customers/{found[0]['id']}/timeline", reader).json["events"]
    assert entry["attributes"]["x-shop"] == "1"
    assert "authorization" not in entry["attributes"]
