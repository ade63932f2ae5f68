"""The public functions, as `import dsx` gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from dsx.errors import UsageError, short
from dsx.types import (
    Document,
    Json,
    LoadLimits,
    PaperResult,
    ParameterSet,
    Record,
    RecordPath,
    RecordStep,
    RecordType,
    Value,
)

if TYPE_CHECKING:
    import pandas
    from pydantic import BaseModel

    from dsx.evaluation.evaluate import Evaluation
    from dsx.run.export import ExportChoices
    from dsx.run.session import Session
    from dsx.store import RunFolder

Model = TypeVar("Model", bound="BaseModel")


def load_document(path: Path | str, *, loader: str | None = None, limits: LoadLimits | None = None) -> Document:
    """What dsx reads in a file: text in reading order, with the page and box of each character.

    loader: the name of one (`dsx plugins list`); None: judged by the file's content. Raises LoadError.
    """
    from dsx.load import DocumentReader, open_cache
    from dsx.plugins import load_plugins

    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders, limits or LoadLimits(), open_cache())
    return reader.read(Path(path), loader)


def parameter_set(
    source: type[BaseModel] | ParameterSet | Path | str | Mapping[str, Json], name: str | None = None
) -> ParameterSet:
    """What is to be asked of each paper.

    source: a Pydantic class, a JSON Schema or its file, or the name of an installed set (`dsx schema list`).
    name: what the set is called where a class or schema has no title. Raises SchemaError with every problem, UsageError
        for what is none of these.
    """
    if isinstance(source, ParameterSet):
        return source
    if isinstance(source, str | Path):
        from dsx.plugins import load_plugins
        from dsx.run.parameter_source import find_parameters

        return find_parameters(str(source), load_plugins())
    from dsx import schema

    if isinstance(source, Mapping):
        return schema.read(source, name or "parameters")
    if not isinstance(source, type):
        raise UsageError(_no_parameter_set(source))
    return schema.parameter_set(source, name or source.__name__)


def _no_parameter_set(source: object) -> str:
    from pydantic import BaseModel

    if isinstance(source, BaseModel):
        name = type(source).__name__
        return f"{name}: this is an object of the class; give the class itself, {name}"
    return f"{short(source)} is no parameter set; give a Pydantic class, a JSON Schema or its file, or a set's name"


@dataclass(frozen=True, slots=True)
class Paper(Generic[Model]):
    """What a run found in one paper.

    values: an object of the user's own class, or of one made from the JSON Schema; what is not reported is None, and so
    is what a validator of the class refuses.
    records: the same values, each with its status, confidence and evidence; the first record is the paper's own.
    """

    file: str
    document: str
    values: Model
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()

    def value(self, parameter: str, record: str | None = None) -> Value:
        """One value with its evidence. record: a record's label; None: the paper's own values."""
        for each in self.records:
            if each.label == record and parameter in each.values and (record is not None or each is self.records[0]):
                return each.values[parameter]
        raise UsageError(f"{self.file} has no value {parameter!r} of {record or 'the paper itself'}")


class Run(Generic[Model]):
    """A run folder as a sequence of papers. `extract` and `open_run` make it.

    Iterating gives the papers that are stored; where `extract` made it, the others too, as each is filled: a run that
    is not iterated asks nothing. A paper that fails, or that the class refuses even without values, is named in
    `failures`, and the iteration goes on.
    """

    def __init__(
        self,
        path: Path,
        parameters: ParameterSet,
        model: type[Model],
        session: Session | None = None,
        own_class: bool = False,
    ) -> None:
        self.path, self.parameters, self.model = path, parameters, model
        self._session, self._own_class = session, own_class
        self._refused: dict[str, dict[str, Json]] = {}

    def __iter__(self) -> Iterator[Paper[Model]]:
        from dsx.schema import validated

        for stored in self._folder().results() if self._session is None else self._session.results():
            try:
                result, values = validated(stored, self.parameters, self.model)
            except UsageError as problem:
                reason = str(problem).removeprefix(f"{stored.file}: ")
                self._refused[stored.document] = {"document": stored.document, "file": stored.file, "reason": reason}
            else:
                self._refused.pop(stored.document, None)
                yield Paper(result.file, result.document, values, result.records, result.notes)

    def __repr__(self) -> str:
        from dsx.store import is_run
        from dsx.terminal import counted

        if not is_run(self.path):
            return f"<Run {self.path}: not begun>"
        folder = self._folder()
        done = counted(len(folder.results()), "paper")
        return f"<Run {self.path}: {done} done, {len(folder.failures())} failed>"

    def finish(self) -> Run[Model]:
        """Fills all papers that are left."""
        for _ in self if self._session is not None else ():
            pass
        return self

    @property
    def failures(self) -> dict[str, str]:
        """File → reason, of the papers that failed, and of those with answers to an earlier parameter set only.

        A paper that cannot be read, or that the class refuses even without values, is among them once the iteration
        has come to it.
        """
        from dsx.run.history import reasons

        unreadable = self._session.unreadable if self._session is not None else {}
        files = [{"document": "", "file": path.name, "reason": reason} for path, reason in unreadable.items()]
        return reasons([*self._folder().missing(), *files, *self._refused.values()])

    def export(self, path: Path | str, format: str | None = None, **choices: Any) -> None:
        """Writes what is stored, as `dsx export` does. format: None: as the file's name ends.

        choices: long, evidence, excel, codebook, force (True or False); decisions (a file, a folder of such files, or
        several), calibration (a file), min_confidence (what is less sure is left blank), papers (their folder).
        """
        import sys

        from dsx.plugins import load_plugins
        from dsx.run.export import export_run

        chosen = _export_choices(format=format, **choices)
        export_run(self._folder(), Path(path), chosen, load_plugins().exporters, sys.stdout, self._checked)

    def frame(self, *, long: bool = False, evidence: bool = False, **choices: Any) -> pandas.DataFrame:
        """What is stored as a data frame: a row a record, or with `long` a row a value. Needs pandas.

        evidence: status, confidence, quote and page behind each value. choices: decisions, calibration, min_confidence,
        as `export`.
        """
        from dsx.run.export import frame_of

        return frame_of(self._folder(), _export_choices(long=long, evidence=evidence, **choices), self._checked)

    def _folder(self) -> RunFolder:
        from dsx.store import read_run

        return read_run(self.path)

    def _checked(self, result: PaperResult) -> PaperResult:
        """Without what the validators of the user's own class refuse; stored values fit a class that dsx made."""
        from dsx.schema import validated

        return validated(result, self.parameters, self.model)[0] if self._own_class else result


def _export_choices(**choices: Any) -> ExportChoices:
    """With paths where names of files were given. Raises UsageError for a choice that there is not."""
    from dsx.run.export import ExportChoices

    known = [each.name for each in fields(ExportChoices)]
    for name in choices:
        if name not in known:
            raise UsageError(f"no choice {name!r} of an export; there are: {', '.join(known)}")
    decisions = choices.pop("decisions", ())
    files = [decisions] if isinstance(decisions, Path | str) else decisions
    paths = {name: Path(choices[name]) for name in ("calibration", "papers") if choices.get(name) is not None}
    return ExportChoices(**{**choices, **paths}, decisions=tuple(map(Path, files)))


def evaluate(
    run: Path | str,
    gold: Path | str,
    *,
    schema: ParameterSet | Path | str | None = None,
    min_confidence: float | None = None,
) -> Evaluation:
    """How right a run is, by gold that people made: scores, errors, calibration.

    run: a run folder, or an export; then schema is its parameter set, as `parameter_set` takes it.
    gold: a folder of gold files (docs/evaluation.md), or a file of decisions. min_confidence: values that are less sure
    are judged as left blank; None: as `Run.export` leaves them, of an export none. Raises UsageError.
    """
    from dsx.evaluation.evaluate import evaluate as evaluate_run

    asked = None if schema is None else _parameter_set(schema)
    return evaluate_run(run, gold, parameter_set=asked, min_confidence=min_confidence)


@overload
def open_run(path: Path | str, model: type[Model]) -> Run[Model]: ...
@overload
def open_run(path: Path | str) -> Run[BaseModel]: ...
def open_run(path: Path | str, model: type[BaseModel] | None = None) -> Run[Any]:
    """A run that is there. model: the class of its parameter set. Raises RunError where the folder is no run's."""
    from dsx.schema import read
    from dsx.store import read_run

    manifest = read_run(Path(path)).manifest
    parameters = read(manifest["schema"], manifest["schema_name"])
    return Run(Path(path), parameters, _model(parameters, model), own_class=model is not None)


@overload
def extract(
    parameter_set: type[Model],
    papers: Sequence[Path | str] | Path | str,
    *,
    model: str | None = None,
    run: Path | str | None = None,
    papers_in_flight: int = 1,
    update: bool = False,
    **recipe: Any,
) -> Run[Model]: ...
@overload
def extract(
    parameter_set: ParameterSet | Path | str,
    papers: Sequence[Path | str] | Path | str,
    *,
    model: str | None = None,
    run: Path | str | None = None,
    papers_in_flight: int = 1,
    update: bool = False,
    **recipe: Any,
) -> Run[BaseModel]: ...
def extract(
    parameter_set: type[BaseModel] | ParameterSet | Path | str,
    papers: Sequence[Path | str] | Path | str,
    *,
    model: str | None = None,
    run: Path | str | None = None,
    papers_in_flight: int = 1,
    update: bool = False,
    **recipe: Any,
) -> Run[Any]:
    """Fills a parameter set from papers while the run is iterated.

        for paper in dsx.extract(Study, "papers/", model="Qwen/Qwen3-32B"):
            print(paper.values.participants, paper.value("participants").evidence)

    papers: files, or folders of PDFs. model: a Hugging Face id, folder or GGUF file; None: the small embedded one.
    run: the run folder; the same call again goes on where it was. papers_in_flight: papers that are answered together.
    update: go on with a run of another parameter set; only what has changed is asked.
    recipe: fields of `dsx.Recipe`, such as `engine`.
    Everything that can be checked is checked before it returns; raises UsageError.
    """
    from dsx.recipe import Recipe
    from dsx.run.papers import as_paths
    from dsx.run.plan import Call, plan_run
    from dsx.run.session import Session

    name: str | None = None
    if isinstance(parameter_set, str | Path):
        name = str(parameter_set)
    parameters = _parameter_set(parameter_set)
    user_class = parameter_set if isinstance(parameter_set, type) else None
    result_class = _model(parameters, user_class)
    files = as_paths(papers)
    chosen = Recipe.read(schema_name=name or parameters.name, model=model, **recipe)
    call = Call(papers_in_flight=max(papers_in_flight, 1), update=update)
    planned = plan_run(files, chosen, None if run is None else Path(run), call, parameters)
    return Run(planned.folder, parameters, result_class, Session(planned), user_class is not None)


_parameter_set = parameter_set


def _model(parameters: ParameterSet, model: type[BaseModel] | None) -> type[BaseModel]:
    """The class of results; UsageError for a user's that does not allow None where a paper may not report a value."""
    from pydantic import ValidationError

    from dsx.schema import pydantic_model, to_object

    if model is None:
        return pydantic_model(parameters)
    empty = PaperResult("", "", tuple(_empty(parameters.root, ())))
    try:
        model.model_validate(to_object(empty, parameters))
    except ValidationError as problem:
        places = [".".join(map(str, error["loc"])) for error in problem.errors()]
        name = places[0].rpartition(".")[2]
        raise UsageError(
            f"{model.__name__}: {', '.join(places)} must allow None, for a paper may not report it; "
            f"write `{name}: {_annotation(model, places[0])} | None = None`"
        ) from None
    return model


def _annotation(model: type[BaseModel], place: str) -> str:
    """How a field of the class is annotated, where that has a short name."""
    field = model.model_fields.get(place)
    kind = field.annotation if field is not None else None
    return kind.__name__ if type(kind) is type else "…"


def _empty(kind: RecordType, path: RecordPath) -> Iterator[Record]:
    """One record of each kind without any value."""
    yield Record(path[-1].label if path else None, kind.name, {}, None, path)
    for child in kind.children:
        yield from _empty(child, (*path, RecordStep(child.name, "1")))
