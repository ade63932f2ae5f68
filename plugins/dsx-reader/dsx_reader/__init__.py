"""The embedded reader: a small model trained to fill parameter sets, and the prompt set that it was trained on."""

from __future__ import annotations

from pathlib import Path

from dsx.plugin_api import NamedModel, PromptSet, hookimpl

NAME = "dsx-reader"
PASSAGE_TOKENS = 400
"""Of the paper, shown for one question. Trained on up to 1,000; with 400 the sample paper takes half the time."""
PRIOR_WEIGHT = 1.0
"""It has favourites among choices that it was not trained on: see decision 0036 and benchmarks/quality/reader.txt."""
NULL_BIAS = -1.0
"""On passages out of whole papers it says "not reported" too often, on those that it was trained on it does not."""
READINGS = 2
"""Of 400 tokens each: those of a whole paper that hold a value are not always the first (decision 0045)."""


@hookimpl
def register_prompt_sets() -> dict[str, PromptSet]:
    """The words that it was trained on."""
    from dsx_reader.prompts import READER

    return {"reader": READER}


@hookimpl
def register_models() -> dict[str, NamedModel]:
    """The reader, where its weights are in the package."""
    from dsx_reader import model

    if not model.WEIGHTS.is_file():
        return {}
    return {
        NAME: NamedModel(
            _folder,
            prompt_set="reader",
            passage_tokens=PASSAGE_TOKENS,
            whole_papers=False,
            prior_weight=PRIOR_WEIGHT,
            null_bias=NULL_BIAS,
            readings=READINGS,
            calibration=model.calibration(),
            is_default=True,
            description="SmolLM2-135M, trained to fill parameter sets (Apache-2.0)",
        )
    }


def _folder() -> Path:
    from dsx_reader.model import folder

    return folder()
