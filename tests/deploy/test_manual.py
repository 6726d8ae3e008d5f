"""The manual pages render, and tell all that there is: a page that was forgotten at a change fails here."""

import os
import re
import shutil
import subprocess

import pytest

from touchpoint.daemon import program

from .package import ROOT, built, said

pytestmark = pytest.mark.deploy

PAGES = ["man1/touchpointctl.1.gz", "man5/touchpointd.conf.5.gz", "man8/touchpointd.8.gz"]


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    """The manual pages of the package."""
    if not shutil.which("man"):
        pytest.skip("there is no man here")
    folder = tmp_path_factory.mktemp("package")
    said("dpkg-deb", "--extract", built(), folder)
    return folder / "usr/share/man"


def words(page):
    """Of its source, options with their dashes."""
    return set(re.findall(r"[\w-]+", page.read_text().replace("Fl ", "-").replace("\\-", "-")))


def helped(*command):
    return said(program().parent / command[0], *command[1:], "--help")


def options(text):
    """Those that a help lists."""
    return set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", text))


@pytest.mark.parametrize("page", PAGES)
def test_each_page_renders_without_a_warning(page, manual):
    environment = os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    man = ["man", "--warnings", "--local-file", manual / page]
    shown = subprocess.run(man, capture_output=True, text=True, env=environment)
    assert shown.stderr == ""
    assert max(map(len, shown.stdout.splitlines())) <= 80
    for section in ("NAME", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO"):
        assert f"\n{section}\n" in shown.stdout


def test_the_daemons_page_has_all_its_options():
    assert options(helped("touchpointd")) <= words(ROOT / "man/touchpointd.8")


def test_the_tools_page_has_all_its_commands_and_their_options():
    commands = re.findall(r"^  ([a-z]+)  ", helped("touchpointctl"), re.M)
    assert len(commands) >= 6
    told = options(helped("touchpointctl")).union(*(options(helped("touchpointctl", name)) for name in commands))
    assert (told | set(commands)) - words(ROOT / "man/touchpointctl.1") == set()


def test_the_daemons_page_has_all_that_it_logs():
    sources = [path.read_text() for path in (ROOT / "daemon").rglob("*.c") if path.parent.name != "log"]
    calls = re.findall(r'\btp_log(?:_limited)?\([^;"]*"(\w+)"(?: : "(\w+)")?', "".join(sources))
    events = {name for call in calls for name in call if name}
    assert len(events) > 30
    assert events - words(ROOT / "man/touchpointd.8") == set()
