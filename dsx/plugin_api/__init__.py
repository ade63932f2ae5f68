"""All that a plugin may import, beside `dsx` itself; docs/hooks.md says what each hook gives.

here        the mark of a hook, the types that flow, the errors; light, for the top of a plugin's module
loaders     from characters, lines or markup to a Document
engines     chat templates, grammars, confidences from log-probabilities
training    for those who train a model to read: the questions that dsx asks, and their right answers
checked     the papers of a run with the values that people checked, to train on
testing     for a plugin's own tests: what is loaded, which promises it breaks
"""

from __future__ import annotations

from dsx.answers.limits import longest_quote
from dsx.ask.default_prompts import default_prompts
from dsx.errors import DecodeError, DsxError, LoadError, ModelError, PaperError, PluginError, SchemaError, UsageError
from dsx.plugins.hookspecs import hookimpl
from dsx.types import (
    Box,
    Choice,
    Completion,
    Confidence,
    Document,
    Engine,
    EngineFactory,
    EngineSettings,
    Evidence,
    Exporter,
    ExportOptions,
    Failure,
    Json,
    Loader,
    LocalEngine,
    NamedModel,
    Normaliser,
    Page,
    PaperResult,
    Parameter,
    ParameterSet,
    Places,
    PromptSet,
    Question,
    QuestionId,
    Record,
    RecordType,
    Repair,
    Section,
    Shown,
    Status,
    Table,
    Usage,
    Value,
    WorkedExample,
)

__all__ = [
    "Box",
    "Choice",
    "Completion",
    "Confidence",
    "DecodeError",
    "Document",
    "DsxError",
    "Engine",
    "EngineFactory",
    "EngineSettings",
    "Evidence",
    "ExportOptions",
    "Exporter",
    "Failure",
    "Json",
    "LoadError",
    "Loader",
    "LocalEngine",
    "ModelError",
    "NamedModel",
    "Normaliser",
    "Page",
    "PaperError",
    "PaperResult",
    "Parameter",
    "ParameterSet",
    "Places",
    "PluginError",
    "PromptSet",
    "Question",
    "QuestionId",
    "Record",
    "RecordType",
    "Repair",
    "SchemaError",
    "Section",
    "Shown",
    "Status",
    "Table",
    "Usage",
    "UsageError",
    "Value",
    "WorkedExample",
    "default_prompts",
    "hookimpl",
    "longest_quote",
]
