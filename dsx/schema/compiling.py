"""Does llguidance take a parameter's schema? Asked of the library itself, without a model or a vocabulary."""

from __future__ import annotations

import json

from dsx.schema.grammatical import for_grammar
from dsx.types import ParameterSet


def problems_of_grammar(parameters: ParameterSet) -> list[str]:
    """A line for each parameter that the grammar library refuses, with its reason."""
    import llguidance

    problems = []
    for parameter in parameters.root.all_parameters():
        schema = {"x-guidance": {"whitespace_flexible": False}, **for_grammar(parameter.schema)}
        grammar = llguidance.LLMatcher.grammar_from_lark(f"%llguidance {{}}\nstart: %json {json.dumps(schema)}")
        refusal = llguidance.LLMatcher.validate_grammar(grammar)
        if refusal:
            problems.append(
                f"{parameter.pointer or parameter.name}: no grammar holds it: {_reason(refusal)}; write it another way"
            )
    return problems


def _reason(refusal: str) -> str:
    """The library's words without their frame: the place inside the grammar, and a drawing of the pattern."""
    lines = [line.strip() for line in refusal.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return errors[-1] if errors else lines[0].split("failed to compile JSON schema: ")[-1]
