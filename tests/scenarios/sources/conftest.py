"""A kind of one's own, for what the shipped ones do not do."""

import pytest

from touchpoint.kinds import URL


@pytest.fixture
def own_kind(tmp_path):
    """Makes a kind `own` of this mapping; answers settings, and a configuration that has a source `own` of it."""

    def make(mapping, conf="", settings=""):
        folder = tmp_path / "kinds" / "own"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kind.conf").write_text(conf)
        (folder / "map.jq").write_text(mapping)
        config = f'source "own" {{\n    kind = "own"\n    {settings}\n}}\n'
        return {"http.external_url": URL, "sources.dir": folder.parent}, config

    return make
