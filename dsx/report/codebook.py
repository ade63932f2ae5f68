"""What each column of an export means: as rows, as a CSV beside it, and as Psych-DS's dataset_description.json."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from dsx.errors import UsageError
from dsx.report.cells import neutral, written
from dsx.report.columns import Column
from dsx.report.tables import RecordTable
from dsx.report.writing import is_foreign, replacing
from dsx.schema.leaves import LARGEST
from dsx.types import ExportOptions, Json, ParameterSet

COLUMNS = ("column", "list", "type", "unit", "description", "choices", "synonyms", "minimum", "maximum")
"""Of the codebook. type: as in JSON Schema, "list of number" for a list; choices: JSON, choice → what it means."""
DESCRIPTION = "dataset_description.json"
TECHNIQUE = "dsx: values taken from papers by a language model"
"""By which a description of ours is known; schema.org has this property for a dataset."""
DATA_FILE = re.compile("([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\\.csv")
"""How Psych-DS wants a file of data to be named."""
OURS = {
    "file": "File name of the paper",
    "document": "SHA-256 of the paper's file",
    "list": "The list that the record stands in; empty for the paper itself",
    "record": "Label of the record; empty for the paper itself",
    "failed": "Why the paper has no values, or which parameters have no answer and why",
}
OF_VALUES = {
    "status": "stated, derived, inferred, unsupported, not_reported, failed, or does_not_apply to the row's list",
    "confidence": "How sure the model was, 0 to 1",
    "quote": "The words of the paper that carry the value",
    "page": "Page of the quote, from 1",
    "machine": "The model's value where a reviewer decided otherwise",
}


def codebook(columns: tuple[Column, ...]) -> Iterator[dict[str, Json]]:
    """One row a parameter, with all of COLUMNS."""
    for column in columns:
        parameter = column.parameter
        items = parameter.schema.get("items", parameter.schema)
        bounds = items if isinstance(items, dict) else {}
        yield {
            "column": column.name,
            "list": "/".join(column.lists),
            "type": type_name(parameter.schema),
            "unit": parameter.unit,
            "description": parameter.description,
            "choices": written({flat_choice(choice.value): choice.description for choice in parameter.choices})
            if parameter.choices
            else None,
            "synonyms": written(list(parameter.synonyms)) if parameter.synonyms else None,
            "minimum": _stated(bounds.get("minimum", bounds.get("exclusiveMinimum"))),
            "maximum": _stated(bounds.get("maximum", bounds.get("exclusiveMaximum"))),
        }


def _stated(bound: float | None) -> float | None:
    """A bound of the schema; None for the one that dsx sets where there is none."""
    return None if bound is None or abs(bound) >= LARGEST else bound


def flat_choice(value: Json) -> str:
    """A choice as a key of an object."""
    return value if isinstance(value, str) else written(value)


def type_name(schema: dict[str, Json] | Json) -> str:
    """The type of a parameter's value, in the words of JSON Schema."""
    if "anyOf" in schema:
        return " or ".join(type_name(branch) for branch in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema['items'])}" if isinstance(schema.get("items"), dict) else "list"
    return "choice" if "enum" in schema else str(schema.get("type", "string"))


def write_codebook(parameters: ParameterSet, options: ExportOptions, export: Path) -> str | None:
    """Writes NAME.codebook.csv beside the export and dataset_description.json where Psych-DS wants it.

    That is beside the folder `data` where the export stands in one, else beside the export. Returns what keeps the
    folder from being a Psych-DS dataset. UsageError where one of the two files is there and another program's.
    """
    table = RecordTable.of(parameters, options)
    book = export.with_name(f"{export.name.split('.')[0]}.codebook.csv")
    folder = export.absolute().parent
    description = (folder.parent if folder.name == "data" else folder) / DESCRIPTION
    for path, is_ours in ((description, _is_ours), (book, _is_codebook)):
        if is_foreign(path, is_ours):
            raise UsageError(f"{path} is not dsx's and stays as it is; export to another folder")
    with replacing(book, binary=False) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in codebook(table.columns):
            writer.writerow([neutral(part) if isinstance(part, str) else part for part in row.values()])
    with replacing(description, binary=False) as out:
        json.dump(psych_ds(parameters, table), out, ensure_ascii=False, indent=1)
        out.write("\n")
    if folder.name == "data" and DATA_FILE.fullmatch(export.name) is None:
        return f"Psych-DS wants {export.name} named like study-trials_data.csv"
    return None


def psych_ds(parameters: ParameterSet, table: RecordTable) -> dict[str, Json]:
    """Psych-DS's description of a dataset: schema.org's Dataset, each column a variable."""
    described = {column.name: column.parameter for column in table.columns}
    variables = []
    for name in table.header:
        parent, _, part = name.rpartition(".")
        if name in described:
            parameter = described[name]
            variable = {"@type": "PropertyValue", "name": name, "description": parameter.description}
            variables.append({**variable, **({"unitText": parameter.unit} if parameter.unit else {})})
        else:
            text = OURS.get(name) or f"{parent}: {OF_VALUES[part]}"
            variables.append({"@type": "PropertyValue", "name": name, "description": text})
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": parameters.name,
        "description": parameters.description or f"Values of the parameter set {parameters.name}, taken from papers",
        "variableMeasured": variables,
        "measurementTechnique": TECHNIQUE,
    }


def _is_ours(path: Path) -> bool:
    content = json.loads(path.read_bytes())
    return isinstance(content, dict) and content.get("measurementTechnique") == TECHNIQUE


def _is_codebook(path: Path) -> bool:
    with path.open(encoding="utf-8") as lines:
        return lines.readline().rstrip("\n") == ",".join(COLUMNS)
