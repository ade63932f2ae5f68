"""Built-in engines."""

from __future__ import annotations

from dsx.hookspecs import hookimpl
from dsx.types import Engine, EngineFactory, EngineSettings


def transformers(settings: EngineSettings) -> Engine:
    """A local model, grammar-bound, with verbatim quotes and one prefill a paper."""
    from dsx.decode.engine import make

    return make(settings)


@hookimpl
def register_engines() -> dict[str, EngineFactory]:
    """transformers."""
    return {"transformers": transformers}
