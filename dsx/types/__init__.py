"""The values that flow, in the order in which they come to be. All are frozen.

Offsets count characters of `Document.text`; pages count from 1; boxes are (x0, y0, x1, y1) in PDF points (1/72 inch),
the origin at the page's top left, after the page's own rotation.

document   Load: what a person would read, with a way back to the page.
parameter  The parameter set: what is asked.
question   Select and prompt: what is shown and asked.
answer     Decode and recover: what the model wrote, and what it answered with that.
result     Ground and normalise: what is kept.
decision   Review: what a person decided about a value.
plugin     What plugins give: named things.
"""

from dsx.types.answer import Answer, Completion, Confidence, Usage
from dsx.types.decision import Action, Asked, Decision, Quote, Slot, record_key, record_path
from dsx.types.document import DAMAGED, Box, Document, HiddenText, Json, LoadLimits, Page, Section, Table, TableCell
from dsx.types.groups import QuestionGroups, groups_of
from dsx.types.parameter import Choice, ChoicesAsked, Parameter, ParameterSet, RecordType, UnitSource
from dsx.types.plugin import (
    NO_OPTIONS,
    Engine,
    EngineFactory,
    EngineSettings,
    Exporter,
    ExportOptions,
    Loader,
    LocalEngine,
    NamedModel,
    Normaliser,
    PromptSet,
    Repair,
    WorkedExample,
)
from dsx.types.question import (
    PASSAGE_BREAK,
    AnswerForm,
    Order,
    Passage,
    Places,
    Question,
    QuestionId,
    RecordPath,
    RecordStep,
    Shown,
)
from dsx.types.result import Evidence, Failure, Flag, PaperResult, Record, Status, Value

__all__ = [
    "DAMAGED",
    "NO_OPTIONS",
    "PASSAGE_BREAK",
    "Action",
    "Answer",
    "AnswerForm",
    "Asked",
    "Box",
    "Choice",
    "ChoicesAsked",
    "Completion",
    "Confidence",
    "Decision",
    "Document",
    "Engine",
    "EngineFactory",
    "EngineSettings",
    "Evidence",
    "ExportOptions",
    "Exporter",
    "Failure",
    "Flag",
    "HiddenText",
    "Json",
    "LoadLimits",
    "Loader",
    "LocalEngine",
    "NamedModel",
    "Normaliser",
    "Order",
    "Page",
    "PaperResult",
    "Parameter",
    "ParameterSet",
    "Passage",
    "Places",
    "PromptSet",
    "Question",
    "QuestionGroups",
    "QuestionId",
    "Quote",
    "Record",
    "RecordPath",
    "RecordStep",
    "RecordType",
    "Repair",
    "Section",
    "Shown",
    "Slot",
    "Status",
    "Table",
    "TableCell",
    "UnitSource",
    "Usage",
    "Value",
    "WorkedExample",
    "groups_of",
    "record_key",
    "record_path",
]
