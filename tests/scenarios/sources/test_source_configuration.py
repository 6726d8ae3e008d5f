"""What is wrong with a source is said when it is configured, not when its sender posts: --check says every fault, by
the setting's name."""

import subprocess

import pytest

from touchpoint.daemon import program
from touchpoint.kinds import KINDS, kinds, section
from touchpoint.senders import sender

URL = 'http { external_url = "https://touchpoint.example.com" }\n'


def check(folder, config):
    file = folder / "touchpointd.conf"
    file.write_text(config)
    told = subprocess.run(
        [program(), "-c", file, "--set", f"sources.dir={folder}/kinds", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.returncode, told.stderr


def test_each_kind_that_is_shipped_is_found(tmp_path):
    """Beside the program, without a setting."""
    config = URL + "".join(section(tmp_path, kind, kind) for kind in kinds())
    assert check(tmp_path, config) == (0, "")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('source "a" { kind = "twilio" }', "source.a.secret: is missing"),
        ('source "a" { }', "source.a.kind: is missing"),
        ('source "a" { kind = "no-such-kind" }', "no-such-kind: there is no such kind"),
        ('source "a" { kind = "twilio"  secret = {"sesame"} }', "a secret may not stand here"),
        ('source "a" { kind = "twilio"  secret = {"env:TP_NOT_SET"} }', 'variable "TP_NOT_SET" is not set'),
        ('source "a" { kind = "meta"  secret = {"env:HOME"} }', "source.a.verify_token: is missing"),
        ('source "a" { kind = "sendgrid"  secret = {"env:HOME"} }', "source.a.secret: it is"),
        ('source "a" { kind = "ses"  secret = {"env:HOME"} }', "source.a.secret: it names no topic"),
        ('source "a" { kind = "json"  secret = {"env:HOME"}  mapping = "/nowhere.jq" }', "/nowhere.jq: No such file"),
        ('source "a" { kind = "json"  secret = {"env:HOME"}  region = "Atlantis" }', "source.a.region"),
        ('source "a" { kind = "../json" }', "source.a.kind"),
        ('source "a" { kind = "cloudevents"  color = "red" }', "source.a.color: there is no such setting"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, config, said):
    status, told = check(tmp_path, URL + config + "\n")
    assert status == 2
    assert said in told


def test_a_certificate_that_signs_for_all_of_amazons_customers_is_not_enough(tmp_path):
    _, _, certificate = sender("ses").SECRET.partition("\n")
    (tmp_path / "certificate").write_text(certificate)
    status, told = check(tmp_path, f'source "a" {{ kind = "ses"  secret = {{"file:{tmp_path}/certificate"}} }}\n')
    assert status == 2
    assert "source.a.secret: it names no topic" in told


def test_who_signs_the_address_needs_it(tmp_path):
    status, told = check(tmp_path, 'source "a" { kind = "twilio"  secret = {"env:HOME"} }\n')
    assert status == 2
    assert "expected http.external_url to say it" in told


def test_a_mapping_that_is_no_program_is_said_with_its_line(tmp_path):
    folder = tmp_path / "kinds" / "own"
    folder.mkdir(parents=True)
    (folder / "kind.conf").write_text("")
    (folder / "map.jq").write_text('# mine\n.body |\n{channel: "web"')
    status, told = check(tmp_path, 'source "a" { kind = "own" }\nsource "b" { kind = "own" }\n')
    assert status == 2
    for source in ("source.a", "source.b"):
        assert f"{source}: its mapping (kind own) is no program" in told
    assert "line 3" in told


def test_a_folder_of_ones_own_takes_the_place_of_a_shipped_one(tmp_path):
    folder = tmp_path / "kinds" / "json"
    folder.mkdir(parents=True)
    (folder / "kind.conf").write_text("")
    (folder / "map.jq").write_text((KINDS / "json" / "map.jq").read_text())
    assert check(tmp_path, 'source "a" { kind = "json" }\n') == (0, "")


def test_a_topic_alone_needs_a_host_that_its_certificate_comes_from(tmp_path):
    (tmp_path / "topic").write_text(sender("ses").TOPIC)
    source = f'source "a" {{ kind = "ses"  secret = {{"file:{tmp_path}/topic"}} }}\n'
    status, told = check(tmp_path, source)
    assert status == 2
    assert "source.a.secret: it has no certificate, and sources.certificate_hosts names no host" in told
    assert check(tmp_path, f'sources {{ certificate_hosts = "sns.*.amazonaws.com" }}\n{source}')[0] == 0
