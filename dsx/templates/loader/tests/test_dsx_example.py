from pathlib import Path

import pytest

from dsx.plugin_api import LoadError
from dsx.plugin_api.testing import load_plugins


def test_it_reads_a_text(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Sixteen people took part.\n", "utf-8")
    plugins = load_plugins()
    assert plugins.find_loader(path) == "example"
    document = plugins.loaders["example"].load(path)
    assert document.text == "Sixteen people took part."
    assert document.page_at(3) == 1


def test_it_refuses_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LoadError, match="not UTF-8"):
        load_plugins().loaders["example"].load(path)
