"""For engines: questions as token ids, the grammar that holds an answer, confidences from log-probabilities,
options from --set.
"""

from __future__ import annotations

from dsx.answers.grammar import lark, shortest
from dsx.engines.chat import Renderer
from dsx.engines.options import EngineOptions
from dsx.engines.server.logprobs import Token, confidences

__all__ = ["EngineOptions", "Renderer", "Token", "confidences", "lark", "shortest"]
