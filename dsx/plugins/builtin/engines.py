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


def tokenizer_only(settings: EngineSettings) -> Engine:
    """The tokenizer of a local model, which counts tokens."""
    from dsx.engines.local.tokenizer_only import TokenizerOnly

    return TokenizerOnly(settings)


@hookimpl
def register_engines() -> dict[str, EngineFactory]:
    """transformers and server."""
    return {"transformers": LocalEngine(transformers, tokenizer_only, takes_biases=True), "server": server}
