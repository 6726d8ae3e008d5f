"""Where keys are configured they are asked for: who has none is told 401, who has the wrong scope 403, and nothing of
what they sent is taken. Health and metrics need none."""

import pytest

from touchpoint.front import error_of, event, recorded

KEYS = {
    "shop": ("the-shop-may-write", "write"),
    "desk": ("the-desk-may-read", "read"),
    "crm": ("the-crm-may-do-both", "write", "read"),
}


@pytest.fixture
def guarded(front, tmp_path):
    sections = []
    for name, (secret, *scopes) in KEYS.items():
        file = tmp_path / f"{name}.key"
        file.write_text(f"{secret}\n")
        listed = ", ".join(f'"{scope}"' for scope in scopes)
        sections.append(f'key "{name}" {{ file = "{file}"  scopes = {{{listed}}} }}\n')
    return front(config="".join(sections))


def shows(name):
    return {"Authorization": f"Bearer {KEYS[name][0]}"}


READING = ["/v1/customers?email=ann@example.com", "/v1/customers/someone", "/v1/customers/someone/timeline"]
AWAY = 503
"""What a look-up answers here once the key is good: there is no Redis behind."""


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "the-crm-may-do-both",
        "Basic the-crm-may-do-both",
        "Bearer the-crm-may-do-bot",
        "Bearer the-crm-may-do-both2",
        "Bearer THE-CRM-MAY-DO-BOTH",
        "Bearer crm",
        'Bearer "the-crm-may-do-both"',
    ],
)
def test_without_a_key_nothing_is_said_or_taken(header, guarded):
    headers = {} if header is None else {"Authorization": header}
    replies = [guarded.post(event(), headers=headers), *(guarded.get(path, headers) for path in READING)]
    for reply in replies:
        assert reply.status == 401
        assert error_of(reply)["code"] == "unauthorized"
        assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert recorded(guarded) == 0


def test_a_key_is_good_for_its_scopes_alone(guarded):
    refused = {name: set() for name in KEYS}
    for name in KEYS:
        statuses = {"write": guarded.post(event(), headers=shows(name)).status}
        statuses |= {path: guarded.get(path, shows(name)).status for path in READING}
        assert set(statuses.values()) <= {202, AWAY, 403}
        refused[name] = {what for what, status in statuses.items() if status == 403}
    assert refused == {"shop": set(READING), "desk": {"write"}, "crm": set()}
    assert recorded(guarded) == 2
    reply = guarded.get(READING[0], shows("shop"))
    assert error_of(reply)["code"] == "forbidden"


def test_the_word_bearer_may_be_in_any_case(guarded):
    assert guarded.post(event(), headers={"authorization": "BEARER the-shop-may-write"}).status == 202


def test_health_and_metrics_need_no_key(guarded):
    assert [guarded.get(path).status for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]


def test_what_is_nowhere_stays_nowhere(guarded):
    assert guarded.get("/v1/elsewhere").status == 404
