import pytest

from dsx.plugins import load_plugins
from dsx.types import Parameter

TEXT = Parameter("task", {"type": "string"})


def test_it_normalises() -> None:
    normalise = load_plugins().normalisers["example"].normalise
    assert normalise("Reaching", None, TEXT) == "reaching"
    with pytest.raises(ValueError, match="no text"):
        normalise(3, None, TEXT)
