"""plugins.py: what is loaded, whose it is, what is said of the broken ones. Each hook has a test_hook_ of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

import dsx.cli
from dsx.ask.default_prompts import default_prompts
from dsx.commands import COMMANDS
from dsx.conformance import check
from dsx.doctor import examine
from dsx.errors import ModelError, PluginError, UnknownName, UsageError
from dsx.plugins import HOOKS, Plugins, load_plugins
from dsx.plugins.hookspecs import hookimpl
from dsx.recipe import Recipe
from dsx.run.job import make_engine
from dsx.run.plan import with_model
from dsx.types import (
    Completion,
    Document,
    Engine,
    EngineSettings,
    Exporter,
    Loader,
    NamedModel,
    Normaliser,
    Parameter,
    ParameterSet,
    PromptSet,
    RecordType,
    Repair,
    WorkedExample,
)

ROOT = Path(__file__).resolve().parent.parent
COUNT = Parameter("n_total", {"type": "integer"}, "participants")


def plugin(**hooks: Any) -> SimpleNamespace:
    return SimpleNamespace(**{name: hookimpl(function) for name, function in hooks.items()})


def loaded(monkeypatch: pytest.MonkeyPatch, **plugins: Any) -> Plugins:
    monkeypatch.setenv("DSX_PLUGINS", "none")
    return load_plugins(plugins.items())


def problems(plugins: Plugins) -> dict[str, list[str]]:
    return {report.name: report.problems for report in plugins.reports if report.problems}


# ---- every hook ----


def test_hook_register_parameter_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    mice = ParameterSet("mice", "", {"type": "object"}, RecordType("", "", (COUNT,)))
    plugins = loaded(monkeypatch, mine=plugin(register_parameter_sets=lambda: {"mice": mice}))
    assert plugins.parameter_sets["mice"] is mice


def load_nothing(path: Path) -> Document:
    raise AssertionError


def test_hook_register_loaders(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Loader(load_nothing, "1")
    assert loaded(monkeypatch, mine=plugin(register_loaders=lambda: {"mine": mine})).loaders["mine"] is mine


def test_hook_find_loader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mine = plugin(
        register_loaders=lambda: {"mine": Loader(load_nothing, "1")},
        find_loader=lambda path: "mine" if path.suffix == ".mine" else None,
    )
    needless = plugin(find_loader=lambda: None)
    broken = {
        "raising": plugin(find_loader=lambda path: path.no_such_attribute),
        "exiting": plugin(find_loader=lambda path: sys.exit(4)),
        "dreaming": plugin(find_loader=lambda path: "nosuch"),
        "nodding": plugin(find_loader=lambda path: True),
    }
    plugins = loaded(monkeypatch, mine=mine, needless=needless, **broken)
    assert plugins.find_loader(Path("a.mine")) == "mine"
    assert plugins.find_loader(Path("b.mine")) == "mine"
    unknown = tmp_path / "a.unknown"
    unknown.write_bytes(b"\0\0")
    assert plugins.find_loader(unknown) is None
    said = {
        "raising": "find_loader(a.mine): AttributeError: 'PosixPath' object has no attribute 'no_such_attribute'",
        "exiting": "find_loader(a.mine): SystemExit: 4",
        "dreaming": "find_loader(a.mine) gives 'nosuch', which is no loader; there are: html, mine, pymupdf, text",
        "nodding": "find_loader(a.mine) gives True, which is no loader; there are: html, mine, pymupdf, text",
    }
    assert problems(plugins) == {name: [problem] for name, problem in said.items()}
    assert sorted(caplog.messages) == sorted(
        f"plugin {name} of extra  is broken: {problem}" for name, problem in said.items()
    )


def test_hook_register_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(settings: EngineSettings) -> Engine:
        raise AssertionError(settings)

    assert loaded(monkeypatch, mine=plugin(register_engines=lambda: {"mine": make})).engines["mine"] is make


def test_hook_register_prompt_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = PromptSet("Be brief.", "", "{{ parameters }}", "Which?", "A paper.", (WorkedExample(COUNT, {"quote": "x"}),))
    typo = PromptSet("{{ record }}", "", "", "")
    plugins = loaded(monkeypatch, mine=plugin(register_prompt_sets=lambda: {"mine": mine, "typo": typo}))
    assert plugins.prompt_sets["mine"] is mine
    assert plugins.prompt_sets.owner("default") == "prompts"
    about = "FAIL prompt set"
    assert failures(plugins, "mine") == [
        f"{about} mine: names what it asks for (a question about n_total and posture of Study 2 lacks 'Study 2')",
        f"{about} mine: has examples that quote their paper (the quote 'x' does not stand in example_paper)",
        f"{about} typo: names what it asks for (UndefinedError: 'record' is undefined)",
    ]


def test_hook_register_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken() -> Path:
        raise KeyError("weights")

    def missing() -> Path:
        raise ModelError("put the weights there")

    (tmp_path / "config.json").write_text("{}")
    usual = NamedModel(lambda: tmp_path, "brief", 500, False, prior_weight=1, null_bias=-1, is_default=True)
    models = {
        "usual": usual,
        "broken": NamedModel(broken),
        "missing": NamedModel(missing),
        "empty": NamedModel(lambda: tmp_path / "empty", calibration={"colour": (1.0, 0.0)}),
    }
    brief = {"brief": replace(default_prompts(), system="Be brief.")}
    plugins = loaded(monkeypatch, mine=plugin(register_models=lambda: models, register_prompt_sets=lambda: brief))
    assert plugins.models["usual"] is usual
    assert failures(plugins, "mine") == [
        "FAIL model broken: has a folder that holds a model (KeyError: 'weights')",
        "FAIL model empty: is asked in ways that there are (calibration: no kind of parameter 'colour')",
        f"FAIL model empty: has a folder that holds a model ({tmp_path / 'empty'} holds no model)",
    ]
    recipe = Recipe(schema_name="any")
    chosen = with_model(recipe, plugins)
    assert (chosen.model, chosen.prompt_set) == ("usual", "brief")
    assert (chosen.passage_tokens, chosen.whole_papers) == (500, False)
    assert (chosen.prior_weight, chosen.null_bias) == (1, -1)
    served = with_model(Recipe(schema_name="any", engine="server", model="usual"), plugins)
    assert (served.prompt_set, served.passage_tokens) == ("brief", 500)
    assert (served.prior_weight, served.null_bias) == (0, 0), "a server takes none, so none is taken from the model"
    typed = with_model(Recipe(schema_name="any", engine="server", model="usual", prior_weight=0.5), plugins)
    assert (typed.prior_weight, typed.null_bias) == (0.5, 0), "what was typed is left for the engine to refuse"
    assert plugins.model_folder(chosen.model) == tmp_path
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model.safetensors").write_bytes(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}")
    taken = next(finding for finding in examine(plugins, None) if finding.what == "model")
    assert taken.text.startswith(f"usual in {tmp_path}"), "the doctor looks for the model that extract takes"
    own = with_model(Recipe(schema_name="any", prompt_set="default", passage_tokens=900, whole_papers=True), plugins)
    assert (own.prompt_set, own.passage_tokens, own.whole_papers) == ("default", 900, True)
    other = with_model(Recipe(schema_name="any", model="someone/else"), plugins)
    assert (other.model, other.prompt_set, other.passage_tokens, other.whole_papers) == (
        "someone/else",
        "default",
        1000,
        True,
    )
    assert plugins.model_folder("someone/else") is None
    assert with_model(Recipe(schema_name="any", engine="server"), plugins).model is None, "it is for local engines"
    with pytest.raises(PluginError, match=r"^model 'broken' of the plugin mine failed: KeyError: 'weights'"):
        plugins.model_folder("broken")
    with pytest.raises(ModelError, match="put the weights there"):
        make_engine(Recipe(schema_name="any", model="missing"), plugins)


def test_a_model_that_two_plugins_bring_is_nobodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = plugin(register_models=lambda: {"mine": NamedModel(lambda: tmp_path)})
    yours = plugin(register_models=lambda: {"mine": NamedModel(lambda: tmp_path)})
    plugins = loaded(monkeypatch, one=mine, two=yours)
    with pytest.raises(PluginError, match="model 'mine' is given by one and by two"):
        with_model(Recipe(schema_name="any", model="mine"), plugins)


def test_hook_register_repairs(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Repair(str.strip)
    plugins = loaded(monkeypatch, mine=plugin(register_repairs=lambda: {"mine": mine}))
    assert plugins.repairs["mine"] is mine
    assert plugins.repairs.owner("find-json") == "repairs"


def test_hook_register_normalisers(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Normaliser(lambda value, unit, parameter: value)
    assert loaded(monkeypatch, mine=plugin(register_normalisers=lambda: {"mine": mine})).normalisers["mine"] is mine


def test_hook_register_exporters(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Exporter(lambda results, parameters, out: None)
    assert loaded(monkeypatch, mine=plugin(register_exporters=lambda: {"mine": mine})).exporters["mine"] is mine


def adds(*names: str) -> SimpleNamespace:
    def add(group: click.Group) -> None:
        for name in names:
            group.add_command(click.Command(name, help=f"Says {name}."))

    return plugin(register_commands=add)


def test_hook_register_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {
        "raising": plugin(register_commands=lambda group: 1 / 0),
        "exiting": plugin(register_commands=lambda group: sys.exit(4)),
        "wordy": plugin(register_commands=lambda group: group.commands.update(mine="a word")),
    }
    plugins = loaded(monkeypatch, mine=adds("mine", "other"), **broken)
    plugins.register_commands()
    assert list(plugins.commands) == ["mine", "other"]
    assert plugins.commands.owner("mine") == "mine"
    assert problems(plugins) == {
        "raising": ["register_commands: ZeroDivisionError: division by zero"],
        "exiting": ["register_commands: SystemExit: 4"],
        "wordy": ["command 'mine' is str, not a click.Command with a name"],
    }


def test_a_command_given_twice_is_nobodys_and_dsx_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = loaded(monkeypatch, one=adds("mine", "extract"), two=adds("mine", "sound"), three=adds("mine"))
    plugins.register_commands()
    plugins.register_commands()
    assert list(plugins.commands) == ["sound"]
    twice = "command 'mine' is given by one and by two and by three; uninstall one, or leave one out with DSX_PLUGINS"
    assert problems(plugins) == {
        "one": ["command 'extract' is given by dsx and by one; dsx's stays, rename yours", twice],
        "two": [twice],
        "three": [twice],
    }
    assert failures(plugins, "one")[1] == f"FAIL plugin one: loads ({twice})"
    assert failures(plugins, "two") == [f"FAIL plugin two: loads ({twice})"]


def test_every_hook_has_a_test() -> None:
    assert {f"test_hook_{name}" for name in HOOKS} == {name for name in globals() if name.startswith("test_hook_")}


def test_the_reference_of_the_hooks_is_up_to_date() -> None:
    path = ROOT / "docs" / "make_hooks.py"
    spec = importlib.util.spec_from_file_location("make_hooks", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "hooks.md").read_text("utf-8") == module.text(), "run python docs/make_hooks.py"


def test_the_built_in_commands_are_those_of_the_command_line() -> None:
    modules = {path.stem for path in (ROOT / "dsx" / "cli").glob("*.py")} - {"__init__", "complete"}
    assert set(COMMANDS) == modules


# ---- names ----


def test_a_miss_lists_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match=r"no repair 'find'; there are: comments, .*find-json"):
        loaded(monkeypatch).repairs["find"]


@pytest.mark.parametrize("raised", [KeyError("weights"), SystemExit(4)])
def test_what_a_plugins_thing_raises_names_the_plugin(monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> None:
    def factory(settings: EngineSettings) -> Engine:
        raise raised

    plugins = loaded(monkeypatch, mine=plugin(register_engines=lambda: {"odd": factory}))
    with pytest.raises(PluginError, match=rf"^engine 'odd' of the plugin mine failed: {type(raised).__name__}: "):
        make_engine(Recipe(schema_name="any", engine="odd"), plugins)
    with pytest.raises(UsageError, match="colour"), plugins.engines.calling("odd"):
        raise UsageError("colour: no such option")
    with pytest.raises(OSError, match="full"), plugins.engines.calling("odd", but=OSError):
        raise OSError("full")


def test_a_name_given_twice_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    same = plugin(register_repairs=lambda: {"mine": Repair(str.strip), "find-json": Repair(str.strip)})
    plugins = loaded(monkeypatch, one=same, two=plugin(register_repairs=lambda: {"mine": Repair(str)}))
    for name, owners in {"mine": ("one", "two"), "find-json": ("one", "repairs")}.items():
        assert name not in plugins.repairs
        with pytest.raises(PluginError, match=f"repair '{name}' is given by .*") as caught:
            plugins.repairs[name]
        assert all(owner in str(caught.value) for owner in owners)
    assert set(problems(plugins)) == {"one", "two", "repairs"}
    assert "comments" in plugins.repairs


# ---- installed and broken ----

NOTHING = "from dsx import hookimpl\n@hookimpl\ndef register_repairs(): return {}\n"
BROKEN: dict[str, dict[str, str]] = json.loads((ROOT / "tests" / "corpus" / "broken_plugins.json").read_text("utf-8"))


def install(folder: Path, name: str, code: str) -> None:
    """As a wheel would leave it."""
    (folder / f"dsx_{name}.py").write_text(code, "utf-8")
    info = folder / f"dsx_{name}-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dsx-{name}\nVersion: 0.3\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[dsx]\n{name} = dsx_{name}\n", "utf-8")


def dsx_command(*arguments: str, path: Path, plugins: str = "all") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path), "DSX_PLUGINS": plugins}
    return subprocess.run(
        [sys.executable, "-m", "dsx", *arguments], env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def broken_site(tmp_path: Path) -> Path:
    for name, broken in BROKEN.items():
        install(tmp_path, name, broken["code"])
    return tmp_path


def test_broken_plugins_are_named_with_their_distribution_and_reason(broken_site: Path) -> None:
    done = dsx_command("plugins", "list", "--json", path=broken_site, plugins=",".join(BROKEN))
    assert done.returncode == 0, done.stderr
    reports = {report["name"]: report for report in map(json.loads, done.stdout.splitlines())}
    for name, broken in BROKEN.items():
        assert reports[name]["distribution"] == f"dsx-{name}"
        assert reports[name]["version"] == "0.3"
        assert broken["reason"] in reports[name]["problems"][0]
        assert len(reports[name]["problems"][0].splitlines()) == 1
    assert done.stdout.count("loaded") == 0, "what plugins print is no result"
    assert "repair find-json" in reports["repairs"]["provides"]
    assert reports["engines"]["problems"] == []


@pytest.mark.slow
def test_the_doctor_names_broken_plugins_with_their_distribution_and_reason(broken_site: Path) -> None:
    done = dsx_command("doctor", path=broken_site, plugins=",".join(BROKEN))
    assert done.returncode == 1
    lines = {line.split()[2]: line for line in done.stdout.splitlines() if line.split()[1] == "plugin"}
    for name, broken in BROKEN.items():
        assert lines[name].startswith("BAD  plugin ")
        assert f"dsx-{name} 0.3: " in lines[name]
        assert broken["reason"] in lines[name]


def test_a_broken_plugin_stops_only_what_needs_it(broken_site: Path) -> None:
    names = "unimportable,clashing"
    program = "from dsx.plugins import load_plugins; p = load_plugins(); p.repairs['quotes']; p.engines['mine']"
    environment = {**os.environ, "PYTHONPATH": str(broken_site), "DSX_PLUGINS": names}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "no engine 'mine'; there are:" in done.stderr
    assert "plugin unimportable of dsx-unimportable 0.3 is broken: import of dsx_unimportable" in done.stderr


@pytest.mark.slow
def test_what_is_loaded_can_be_limited(broken_site: Path) -> None:
    program = (
        "import json, os, sys\n"
        "from dsx.errors import UsageError\n"
        "from dsx.plugins import load_plugins\n"
        "for os.environ['DSX_PLUGINS'] in sys.argv[1:]:\n"
        "    try: loaded = [report.distribution for report in load_plugins().reports]\n"
        "    except UsageError as problem: loaded = str(problem)\n"
        "    print(json.dumps(loaded))\n"
    )
    wrong = {"raisin": "raisin", "none,raising": "none", ",": "nothing (',')"}
    command = [sys.executable, "-c", program, "none", "dsx-raising", "", " ", "all", *wrong]
    environment = {**os.environ, "PYTHONPATH": str(broken_site)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    none, one, *every, _, _, _ = loaded = [json.loads(line) for line in done.stdout.splitlines()]
    assert set(none) == {"dsx-extract"}
    assert set(one) == {"dsx-extract", "dsx-raising"}
    assert len(every) == 3
    assert all({"dsx-raising", "dsx-unimportable"} <= set(distributions) for distributions in every)
    for said, named in zip(loaded[5:], wrong.values(), strict=True):
        assert f"DSX_PLUGINS names {named}; give all, none, or some of those installed: " in said


def test_names_that_no_plugin_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSX_PLUGINS", "none")
    one, other = adds("one"), adds("other")
    plugins = load_plugins([("none", adds("a")), ("mine", one), ("mine", other), ("again", one), ("engines", other)])
    assert problems(plugins) == {
        "none (extra)": ["the plugin name 'none' is a word of DSX_PLUGINS; rename the entry point"],
        "mine (extra)": ["the plugin name 'mine' is taken; rename the entry point"],
        "again": ["it is the same object as the plugin mine; take one of the two entry points out"],
        "engines (extra)": ["the plugin name 'engines' is taken; rename the entry point"],
    }


@pytest.mark.slow
def test_commands_of_plugins(tmp_path: Path) -> None:
    code = "from dsx import hookimpl\n@hookimpl\ndef register_commands(group):\n"
    for name, added in {"one": ("hello", "twice"), "two": ("twice", "recover")}.items():
        lines = [f"    @group.command({each!r})\n    def {each}(): print('{each} of {name}')\n" for each in added]
        install(tmp_path, name, code + "".join(lines))
    said = {
        "hello": (0, "hello of one\n", ""),
        "twice": (2, "", "dsx: command 'twice' is given by one and by two; uninstall one, or leave one out with"),
        "hallo": (
            2,
            "",
            "dsx: no command 'hallo'; there are: bench, doctor, eval, export, extract, hello, models, plugins, ",
        ),
        "recover": (2, "", "dsx recover: Missing option '--schema'"),
    }
    for command, (code_of_exit, out, error) in said.items():
        done = dsx_command(command, path=tmp_path, plugins="one,two")
        assert (done.returncode, done.stdout) == (code_of_exit, out)
        assert done.stderr.startswith(error)
    checked = dsx_command("plugins", "check", "two", path=tmp_path, plugins="one,two")
    assert checked.returncode == 1
    assert "FAIL plugin two: loads (command 'recover' is given by dsx and by two;" in checked.stdout
    assert "FAIL plugin two: loads (command 'twice' is given by one and by two;" in checked.stdout


# ---- dsx plugins check ----


def failures(plugins: Plugins, name: str) -> list[str]:
    report = next(report for report in plugins.reports if report.name == name)
    return [outcome.line() for outcome in check(plugins, report) if outcome.passed is False]


@pytest.mark.parametrize("name", ["loaders", "prompts", "repairs", "normalisers", "exporters"])
def test_the_built_ins_keep_all_promises(name: str) -> None:
    assert failures(load_plugins(), name) == []


def load_anything(path: Path) -> Any:
    return path.read_bytes()


def test_check_says_which_promise_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = (
        Parameter("n", {"type": ["integer", "null"]}, "number"),
        Parameter("n", {"type": "integer"}, "number", normalisers=("no-such",)),
    )
    lock = threading.Lock()
    mine = plugin(
        register_loaders=lambda: {"Mine!": Loader(load_anything, ""), "local": Loader(lambda path: lock, "1")},  # type: ignore[arg-type,return-value]
        register_repairs=lambda: {
            "mine": Repair(lambda text: text.replace('\\"', '"')),
            "leaving": Repair(lambda text: sys.exit(3)),
        },
        register_normalisers=lambda: {
            "mine": Normaliser(lambda value, unit, parameter: value + 1),
            "ages": Normaliser(lambda value, unit, parameter: 3, takes="ranges"),  # type: ignore[arg-type]
            "spans": Normaliser(lambda value, unit, parameter: 3, takes="range"),
        },
        register_exporters=lambda: {"mine": Exporter(lambda results, parameters, out: None)},
        register_engines=lambda: {"mine": lambda settings: Silent()},
        register_parameter_sets=lambda: {"mine": ParameterSet("mine", "", {"type": 3}, RecordType("", "", parameters))},
        register_commands=lambda group: group.add_command(click.Command("My command")),
        find_loader=lambda path: "nosuch" if path.suffix == ".pdf" else None,
    )
    plugins = loaded(monkeypatch, mine=mine)
    said = "\n".join(failures(plugins, "mine"))
    for expected in (
        "loader Mine!: has a name that a command line takes",
        "loader Mine!: has a version",
        "loader Mine!: refuses an empty file with a LoadError (it made a document of it)",
        "loader local: can be sent to a process of its own (LoadError: the loader cannot be sent to a subprocess",
        "repair mine: leaves valid JSON as it is",
        "repair leaving: leaves valid JSON as it is (SystemExit: 3)",
        "normaliser mine: gives a value or a ValueError (TypeError",
        "normaliser ages: says what it takes ('ranges' is neither 'any' nor 'range')",
        "normaliser spans: takes a range of numbers (it makes 3 of '18–34', which is no text)",
        "exporter mine: writes results (it wrote nothing)",
        "engine mine: refuses an unknown option with a UsageError",
        "engine mine: answers N questions with N completions (3 questions gave completions for [])",
        "parameter set mine: its schema is a JSON Schema",
        "parameter set mine: its parameters can be asked (n twice in the paper)",
        "command My command: has a name that a command line takes",
        "command My command: has a help text (write one",
        "plugin mine: names a loader for a file, or none (find_loader(paper.pdf) gives 'nosuch', which is no loader;",
    ):
        assert f"FAIL {expected}" in said


@pytest.mark.parametrize("answer", [lambda path: sys.exit(4), lambda path: 1 / 0, lambda path: True])
def test_check_asks_find_loader(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    [failure] = failures(loaded(monkeypatch, mine=plugin(find_loader=answer)), "mine")
    assert failure.startswith("FAIL plugin mine: names a loader for a file, or none (find_loader(empty.bin)")


class Silent:
    grammar = "none"
    context_tokens = 10

    def count_tokens(self, text: str) -> int:
        return 1

    def answer(self, questions: Any) -> Any:
        return iter(())

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass


class Loose(Silent):
    """Says that a grammar held its answers, which do not fit."""

    grammar = "json_schema"

    def answer(self, questions: Any) -> Any:
        return (Completion(each.id, '{"value": "many", "quote": "n = 16"}', constrained=True) for each in questions)


def test_check_says_where_an_engines_answers_do_not_validate(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(settings: EngineSettings) -> Engine:
        if settings.options:
            raise UsageError("no options")
        return Loose()

    [failure] = failures(loaded(monkeypatch, mine=plugin(register_engines=lambda: {"mine": make})), "mine")
    assert failure.startswith("FAIL engine mine: answers N questions with N completions (n_total: ")
    assert failure.endswith('the answer was {"value": "many", "quote": "n = 16"})')


def test_check_names_heavy_imports(tmp_path: Path) -> None:
    install(tmp_path, "heavy", f"import numpy\nprint('torch')\n{NOTHING}")
    done = dsx_command("plugins", "check", "heavy", path=tmp_path, plugins="heavy")
    assert done.returncode == 1
    assert "FAIL plugin heavy: imports nothing heavy (importing it imports numpy;" in done.stdout


def test_a_plugin_in_whose_import_dsx_is_interrupted_is_named(tmp_path: Path) -> None:
    install(tmp_path, "rude", "raise KeyboardInterrupt")
    done = dsx_command("plugins", "list", path=tmp_path, plugins="rude")
    assert done.returncode == 130
    assert "interrupted in import of dsx_rude, plugin rude of dsx-rude 0.3; if nobody did so, " in done.stderr


def test_check_of_an_unknown_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSX_PLUGINS", "none")
    result = CliRunner().invoke(dsx.cli.cli, ["plugins", "check", "nobody"])
    assert isinstance(result.exception, UnknownName)
