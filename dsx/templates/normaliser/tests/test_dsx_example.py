import pytest

from dsx.plugin_api import Parameter
from dsx.plugin_api.testing import load_plugins

TEXT = Parameter("task", {"type": "string"})


def test_it_normalises() -> None:
    normalise = load_plugins().normalisers["example"].normalise
    assert normalise("Reaching", None, TEXT) == "reaching"
    with pytest.raises(ValueError, match="no text"):
        normalise(3, None, TEXT)
