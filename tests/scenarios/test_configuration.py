"""A fault in the configuration is said with file, line and what was expected; all faults at once; the status is 2, and
nothing was started. --check says the same and starts nothing either way."""

import subprocess

import pytest

from touchpoint.daemon import ROOT, program

FAULTY = """\
http {
    listen = "8080"
    max_body = lots
    colour = blue
}
journal {
    dir = "%s/journal"
}
redis {
    lanes = 100000
}
"""

FAULTS = [
    '2: http.listen: "8080" is not valid; expected ADDRESS:PORT',
    '3: http.max_body: "lots" is not valid; expected a size',
    "4: http.colour: ",
    '10: redis.lanes: "100000" is not valid; expected a number from 1 to 4096',
]


def run(*arguments, **options):
    return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=20, check=False, **options)


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "touchpointd.conf"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["started", "checked"])
def test_every_fault_is_said_and_nothing_is_started(check, file, tmp_path):
    path = file(FAULTY % tmp_path)
    ran = run("-c", path, *check)
    assert ran.returncode == 2
    assert ran.stdout == ""
    lines = ran.stderr.splitlines()
    assert len(lines) == len(FAULTS), ran.stderr
    for line, fault in zip(lines, FAULTS, strict=True):
        assert line.startswith(f"{path}:{fault}")
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("http.listen=nowhere", '--set: http.listen: "nowhere" is not valid; expected ADDRESS:PORT'),
        ("http.threads=65", '--set: http.threads: "65" is not valid; expected a number from 0 to 64'),
        ("http.trusted_proxies=a,b", '--set: http.trusted_proxies: "a,b" is not valid; expected'),
        ("http.nothing=1", '--set: "http.nothing" is no setting; expected SECTION.NAME=VALUE'),
        ("http.threads", '--set: "http.threads" is no setting; expected SECTION.NAME=VALUE'),
        ("journal.max_size=2MiB", "--set: journal.max_size: does not go with journal.segment_size; expected room for"),
        ("http.listen=0.0.0.0:0", "http.listen: 0.0.0.0:0 is beyond loopback, and no key is configured"),
        ("kafka.property.lingre.ms=5", "kafka.property.lingre.ms: No such configuration property"),
        ("kafka.property.acks=1", "kafka.property.acks: is always all"),
        ("redis.password=opensesame", "--set: redis.password: a secret may not stand here; expected env:VARIABLE or"),
    ],
)
def test_so_are_those_of_the_command_line(setting, fault):
    ran = run("--check", "--set", setting)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(fault)
    assert "opensesame" not in ran.stderr


def test_a_file_that_is_not_there(tmp_path):
    ran = run("-c", tmp_path / "absent.conf", "--set", f"journal.dir={tmp_path}/journal")
    assert ran.returncode == 2
    assert f"{tmp_path}/absent.conf: cannot be read: No such file or directory" in ran.stderr
    assert not (tmp_path / "journal").exists()


def test_a_key_file_that_is_not_there(file, tmp_path):
    path = file(f'\nkey "crm" {{\n    file = "{tmp_path}/crm.key"\n    scopes = {{"write"}}\n}}\n')
    ran = run("-c", path, "--check")
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"{path}:3: key.crm.file: cannot take the secret from file")
    assert "No such file or directory; expected a file with it" in ran.stderr


def test_what_is_good_is_checked_in_silence_and_not_started(file, tmp_path):
    path = file(f'journal {{ dir = "{tmp_path}/journal" }}\n')
    ran = run("-c", path, "--check", "--set", "http.listen=127.0.0.1:0")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not (tmp_path / "journal").exists()


def test_set_goes_before_the_file(file):
    path = file("http { threads = 65 }\n")
    assert run("-c", path, "--check").returncode == 2
    good = file("http { threads = 2 }\n")
    ran = run("-c", good, "--check", "--set", "http.threads=66")
    assert (ran.returncode, '"66"' in ran.stderr) == (2, True)


def test_the_shipped_file_is_good():
    ran = run("-c", ROOT / "config" / "touchpointd.conf", "--check")
    assert (ran.returncode, ran.stderr) == (0, "")
