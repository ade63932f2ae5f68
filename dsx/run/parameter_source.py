"""What `--schema` names: an installed parameter set, a JSON Schema file, a Pydantic class, or fields in one line."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from dsx.errors import UnknownName, UsageError, one_line
from dsx.plugins import Plugins
from dsx.schema import parameter_set, read_fields, read_schema
from dsx.types import ParameterSet

if TYPE_CHECKING:
    from pydantic import BaseModel

FIELDS = "fields:"


def find_parameters(name: str, plugins: Plugins) -> ParameterSet:
    """The parameter set of a plugin, of a file NAME.json, of `model.py:Class` or `package.module:Class`, or `fields:…`.

    A Python file or module is imported, so its code runs. Raises SchemaError, UnknownName or UsageError.
    """
    if name in plugins.parameter_sets:
        return plugins.parameter_sets[name]
    if name.startswith(FIELDS):
        return read_fields(name.removeprefix(FIELDS))
    source, colon, class_name = name.rpartition(":")
    if colon:
        return parameter_set(_model(source, class_name), class_name)
    path = Path(name)
    if path.suffix == ".py":
        raise UsageError(f"{name}: say which of its classes, like {name}:Trial; {_listed(_module(name))}")
    if path.suffix == ".json" or "/" in name:
        if not path.is_file():
            beside = sorted(str(file) for file in path.parent.glob("*.json")) if path.parent.is_dir() else []
            existing = [*beside, *sorted(plugins.parameter_sets)]
            nearest = next((f" {near} is meant?" for near in get_close_matches(str(path), existing, 1)), "")
            raise UsageError(f"no schema file {name};{nearest} there are: {', '.join(existing) or 'none'}")
        return read_schema(path)
    return plugins.parameter_sets[name]


def _model(source: str, class_name: str) -> type[BaseModel]:
    models = _models(_module(source))
    if class_name not in models:
        raise UnknownName(f"Pydantic class of {source}", class_name, models)
    return models[class_name]


def _models(module: ModuleType) -> dict[str, type[BaseModel]]:
    from pydantic import BaseModel

    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel
    }


def _listed(module: ModuleType) -> str:
    return f"there are: {', '.join(sorted(_models(module))) or 'none'}"


def _module(source: str) -> ModuleType:
    """A Python file by its path, or an installed module or one below the working folder by its name."""
    path = Path(source)
    is_file = path.suffix == ".py"
    if is_file and not path.is_file():
        raise UsageError(f"no file {source}")
    with _importable_from(path.absolute().parent if is_file else Path.cwd()):
        try:
            return _import_file(path) if is_file else importlib.import_module(source)
        except (Exception, SystemExit) as problem:  # the user's own code
            raise UsageError(f"{source} cannot be imported: {one_line(problem)}") from problem


def _import_file(path: Path) -> ModuleType:
    name = f"dsx_parameters_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a path that ends in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Pydantic looks up names of annotations there
    spec.loader.exec_module(module)
    return module


@contextmanager
def _importable_from(folder: Path) -> Iterator[None]:
    before = sys.path[:]
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before
