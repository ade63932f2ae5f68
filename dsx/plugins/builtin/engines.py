"""Built-in engines."""

from __future__ import annotations

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Engine, EngineFactory, EngineSettings, LocalEngine


def transformers(settings: EngineSettings) -> Engine:
    """A local model, grammar-bound, with verbatim quotes and one prefill a paper."""
    from dsx.engines.local.engine import make

    return make(settings)


def server(settings: EngineSettings) -> Engine:
    """Any OpenAI-compatible endpoint, on this machine or another."""
    from dsx.engines.server.engine import make

    return make(settings)


@hookimpl
def register_engines() -> dict[str, EngineFactory]:
    """transformers and server."""
    return {"transformers": LocalEngine(transformers), "server": server}
