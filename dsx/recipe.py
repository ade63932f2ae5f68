"""All that decides what a run's answers will be: saved whole with the run, compared when it is resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dsx.errors import UsageError
from dsx.refusal import refusal
from dsx.types import ChoicesAsked, EngineSettings, Json, LoadLimits, NamedModel, Order

DEFAULT_REPAIRS = (
    "find-json",
    "comments",
    "separators",
    "python-literals",
    "numbers",
    "doubled-braces",
    "quotes",
    "line-breaks",
    "trailing-commas",
    "unfinished",
    "json-repair",
)
OF_PLACED: dict[str, Json] = {"choices": "together", "readings": 1, "prior_weight": 0}
"""Fields that do nothing for written values, and how those are asked anyway."""

MAX_ANSWER = 1_000_000
"""Tokens of one answer; more than any model's context leaves."""


class Curve(BaseModel):
    """A logistic curve from the log-odds of a confidence to those of the value being right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float
    intercept: float


class FittedCurves(BaseModel):
    """A file of curves: what `dsx eval --calibration` and `dsx-reader calibrate` write (docs/evaluation.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["dsx-calibration/1"] = "dsx-calibration/1"
    about: str = Field("", description="for people")
    model: str | None = Field(None, description="whose answers were checked; None: not known")
    fitted_on: Literal["model", "run"] = Field(
        "run", description="on confidences as the model gives them, or as a run stores them"
    )
    curves: dict[str, Curve] = Field(description="by kind of value; the empty name is for all others")


class Recipe(BaseModel):
    """How papers are read, asked and checked. Unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_name: str
    engine: str = "transformers"
    model: str | None = None
    attention: Literal["auto", "flash_attention_4", "flash_attention_2", "sdpa", "eager"] = "auto"
    quantize: Literal["none", "8bit", "4bit"] = "none"
    max_new_tokens: int = Field(512, ge=32, le=MAX_ANSWER, description="cap of one answer, tokens")
    per_question: int = Field(1, ge=1, description="parameters asked in one question")
    order: Order = "value-quote"
    prompt_set: str | None = Field(None, description="what the model is told and asked; by default the model's own")
    hidden_text: Literal["hide", "show"] = Field("hide", description="what no reader of the paper sees")
    loader: str | None = Field(None, description="by default judged by the file's content")
    passage_tokens: int | None = Field(
        None,
        ge=200,
        description="shown for one question where the paper is not shown whole, and at least 1,000 for which records "
        "there are; by default as the model likes it",
    )
    whole_papers: bool | None = Field(None, description="shown whole where they fit; by default as the model likes it")
    prior_weight: float | None = Field(
        None,
        ge=0,
        le=1,
        description="how much of what the model chooses without a text is taken out; by default as the model likes it",
    )
    null_bias: float | None = Field(
        None,
        ge=-10,
        le=10,
        description="added to the logit of null, of one parameter; by default as the model likes it",
    )
    choices: ChoicesAsked | None = Field(
        None,
        description="lists of choices: each choice is asked, or the list at once; by default as the model likes it",
    )
    readings: int | None = Field(
        None,
        ge=1,
        le=10,
        description="times that a parameter is asked, of more passages, until it has a value; by default as it likes",
    )
    values: Literal["placed", "written"] = Field(
        "placed", description="taken from places in the text, where the engine holds a grammar; or written, and checked"
    )
    front: bool = Field(True, description="title, authors and DOI are read from the first page's layout")
    records: tuple[str, ...] = Field((), description="labels of the records, instead of asking for them")
    samples: int = Field(1, ge=1, le=64)
    alternatives: bool = False
    calibration: FittedCurves | None = Field(None, description="what confidences mean; by default as the model has it")
    repairs: tuple[str, ...] = DEFAULT_REPAIRS
    repair_factor: float = Field(0.8, gt=0, le=1, description="confidence is multiplied by this for each repair")
    load_seconds: float = Field(
        LoadLimits().seconds, gt=0, allow_inf_nan=False, description="wall and CPU limit of loading one file"
    )
    load_megabytes: int = Field(LoadLimits().megabytes, ge=256, description="address space limit of loading one file")
    load_characters: int = Field(LoadLimits().characters, ge=1000, description="most text that one file may hold")
    options: dict[str, str] = Field(default_factory=dict, description="the engine's own, from --set")

    @classmethod
    def read(cls, **given: Any) -> Recipe:
        """From what was typed; UsageError names the option that is wrong and what it takes, or that cannot apply."""
        try:
            typed = cls(**given)
        except ValidationError as problem:
            name, reason = refusal(problem, cls)
            raise UsageError(f"{_option(name)} {reason}") from None
        if typed.values == "written" and (ignored := typed.options_of_placed()):
            raise UsageError(f"{ignored[0]} is for --values placed; leave out one of the two")
        return typed

    def options_of_placed(self) -> list[str]:
        """Those that were typed and do nothing for written values."""
        return [_option(name) for name, idle in OF_PLACED.items() if getattr(self, name) not in (None, idle)]

    def load_limits(self) -> LoadLimits:
        """What reading one file may cost."""
        return LoadLimits(self.load_seconds, self.load_megabytes, self.load_characters)

    def asked_like(self, name: str | None, model: NamedModel | None) -> Recipe:
        """The recipe with a model's own ways, where it says nothing else. model: None for one that no plugin brings."""
        own = model or NamedModel(Path)
        chosen = {
            "model": name,
            "prompt_set": self.prompt_set or own.prompt_set,
            "passage_tokens": self.passage_tokens or own.passage_tokens,
            "whole_papers": own.whole_papers if self.whole_papers is None else self.whole_papers,
            "prior_weight": own.prior_weight if self.prior_weight is None else self.prior_weight,
            "readings": self.readings or own.readings,
            "null_bias": own.null_bias if self.null_bias is None else self.null_bias,
            "choices": self.choices or own.choices,
        }
        return self.model_copy(update=chosen)

    def engine_settings(self, folder: Path | None = None) -> EngineSettings:
        """The part that an engine is made from. folder: of a model that a plugin brings."""
        return EngineSettings(
            model=self.model,
            folder=folder,
            max_new_tokens=self.max_new_tokens,
            attention=self.attention,
            quantize=self.quantize,
            samples=self.samples,
            alternatives=self.alternatives,
            prior_weight=self.prior_weight or 0.0,
            null_bias=self.null_bias or 0.0,
            options=dict(self.options),
        )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
