"""dsx fills parameter sets from scientific PDFs: typed values, each with its verbatim quote, page and box.

    import dsx

    for paper in dsx.extract(Study, "papers/", model="Qwen/Qwen3-32B", run="runs/study"):
        print(paper.file, paper.values, paper.value("participants").evidence)

Study is a Pydantic class, a JSON Schema file or the name of an installed parameter set. Plugins import
`dsx.plugin_api`. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsx.api import Paper as Paper
    from dsx.api import Run as Run
    from dsx.api import evaluate as evaluate
    from dsx.api import extract as extract
    from dsx.api import load_document as load_document
    from dsx.api import open_run as open_run
    from dsx.api import parameter_set as parameter_set
    from dsx.errors import AnotherRun as AnotherRun
    from dsx.errors import DecodeError as DecodeError
    from dsx.errors import DsxError as DsxError
    from dsx.errors import LoadError as LoadError
    from dsx.errors import ModelError as ModelError
    from dsx.errors import PaperError as PaperError
    from dsx.errors import PluginError as PluginError
    from dsx.errors import RunError as RunError
    from dsx.errors import SchemaError as SchemaError
    from dsx.errors import UnknownName as UnknownName
    from dsx.errors import UsageError as UsageError
    from dsx.plugins.hookspecs import hookimpl as hookimpl
    from dsx.recipe import Recipe as Recipe
    from dsx.types import Confidence as Confidence
    from dsx.types import Document as Document
    from dsx.types import Evidence as Evidence
    from dsx.types import LoadLimits as LoadLimits
    from dsx.types import Page as Page
    from dsx.types import Parameter as Parameter
    from dsx.types import ParameterSet as ParameterSet
    from dsx.types import Record as Record
    from dsx.types import RecordType as RecordType
    from dsx.types import Section as Section
    from dsx.types import Status as Status
    from dsx.types import Table as Table
    from dsx.types import Value as Value

__version__ = "0.1.0"
_ERRORS = (
    "AnotherRun", "DecodeError", "DsxError", "LoadError", "ModelError", "PaperError", "PluginError", "RunError",
    "SchemaError", "UnknownName", "UsageError",
)  # fmt: skip
_TYPES = (
    "Confidence", "Document", "Evidence", "LoadLimits", "Page", "Parameter", "ParameterSet", "Record", "RecordType",
    "Section", "Status", "Table", "Value",
)  # fmt: skip
_HOMES = {
    **dict.fromkeys(("Paper", "Run", "evaluate", "extract", "load_document", "open_run", "parameter_set"), "dsx.api"),
    **dict.fromkeys(_ERRORS, "dsx.errors"),
    **dict.fromkeys(_TYPES, "dsx.types"),
    "Recipe": "dsx.recipe",
    "hookimpl": "dsx.plugins.hookspecs",
}
"""Public name → the module that it is imported from when it is first used."""
__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dsx' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
