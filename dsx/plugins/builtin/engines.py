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


def check_transformers(settings: EngineSettings) -> None:
    """Its `--set` options alone."""
    from dsx.engines.local.engine import TransformersOptions

    TransformersOptions.read("transformers", settings.options)


@hookimpl
def register_engines() -> dict[str, EngineFactory]:
    """transformers and server."""
    local = LocalEngine(transformers, tokenizer_only, takes_biases=True, check=check_transformers)
    return {"transformers": local, "server": server}
