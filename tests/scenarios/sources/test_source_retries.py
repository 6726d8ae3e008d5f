"""A sender that was not answered sends again: its event is known by its own id, whatever else differs, and happens
once; and where it has no id, by its body."""

from touchpoint.kinds import SETTINGS, Fixture, section, sent
from touchpoint.story import ids
from touchpoint.wait import until

BY_ID = '.body | {id: .id, channel: "web", type: "t", text: .text, customer: {email: .email}}'


def accepted(daemon):
    return daemon.metrics()['touchpoint_timeline_total{result="duplicate"}']


def test_an_event_is_known_by_its_id(touchpointd, kafka, topics, own_kind):
    settings, config = own_kind(BY_ID)
    daemon = touchpointd(settings, config=config)
    for text in ("first", "second try, told a little differently"):
        assert daemon.post({"id": "e1", "text": text, "email": "ann@example.com"}, "/v1/sources/own").status == 200
    until(lambda: accepted(daemon) == 1, 20, "the second is known")
    (entry,) = daemon.timeline(daemon.find(email="ann@example.com"))
    assert (entry["id"], entry["text"]) == ("e1", "first")
    assert len(kafka.records(topics.interactions, 1)) == 1


def test_one_without_an_id_by_its_body(touchpointd, kafka, topics, own_kind):
    settings, config = own_kind(
        '.body[] | {channel: "web", type: "t", text: .text, customer: {email: "ann@example.com"}}'
    )
    daemon = touchpointd(settings, config=config)
    for body in ([{"text": "a"}, {"text": "a"}], [{"text": "a"}, {"text": "a"}], [{"text": "a"}]):
        daemon.post(body, "/v1/sources/own")
    until(lambda: accepted(daemon) == 2, 20, "the second is known")
    ann = daemon.find(email="ann@example.com")
    entries = until(lambda: len(found := daemon.timeline(ann)) == 3 and found, 20, "all three are there")
    assert len(set(ids(entries))) == 3


def test_two_sources_may_have_the_same_ids(touchpointd, tmp_path):
    config = section(tmp_path, "one", "zendesk") + section(tmp_path, "other", "zendesk")
    daemon = touchpointd(SETTINGS, config=config)
    fixture = Fixture("zendesk", "trigger-solved")
    for source in ("one", "other", "one"):
        assert sent(daemon, source, fixture).status == 200
    until(lambda: accepted(daemon) == 1, 20, "the third is known")
    entries = daemon.timeline(daemon.find(email="ann@example.com"))
    assert sorted(entry["source"] for entry in entries) == ["one", "other"]


def test_it_is_known_after_a_restart(touchpointd, tmp_path):
    daemon = touchpointd(SETTINGS, config=section(tmp_path, "desk", "zendesk"))
    fixture = Fixture("zendesk", "trigger-solved")
    sent(daemon, "desk", fixture)
    until(lambda: daemon.find(email="ann@example.com"), 20, "it is in the timeline")
    daemon.kill9()
    daemon.start()
    sent(daemon, "desk", fixture)
    until(lambda: accepted(daemon) == 1, 20, "it is known")
    assert len(daemon.timeline(daemon.find(email="ann@example.com"))) == 1
