"""Clean environments: each plugin's wheel beside dsx's, all of them, and from `dsx plugins new` to values of a paper.

An environment is made without a network: it holds links to those installed distributions that its wheels' metadata
ask for, directly or through each other, and nothing else. So a dependency that is used and not declared is missing.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
PLUGINS = {path.name: tomllib.loads((path / "pyproject.toml").read_text("utf-8"))["project"] for path in PACKAGES[1:]}
BROKEN: dict[str, dict[str, str]] = json.loads((ROOT / "tests" / "corpus" / "broken_plugins.json").read_text("utf-8"))
SAMPLE = ROOT / "examples" / "papers" / "sample.pdf"
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "runs")


def left_out(folder: str, names: list[str]) -> set[str]:
    """What no package's sources hold. The plugins' own packages lie within the repository, not within dsx's."""
    return LEFT_OUT(folder, names) | ({"plugins"} if Path(folder) == ROOT else set())


def declared(wheel: Path) -> Iterator[Requirement]:
    """What a wheel asks for, extras left out."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode("utf-8").split("\n\n")[0].splitlines()
    for line in lines:
        if line.startswith("Requires-Dist: "):
            yield Requirement(line.removeprefix("Requires-Dist: "))


def closure(wheels: list[Path]) -> dict[str, importlib.metadata.Distribution]:
    """The installed distributions that the wheels need, by name, and those that these need."""
    ours = {canonicalize_name(wheel.name.split("-")[0]) for wheel in wheels}
    found: dict[str, importlib.metadata.Distribution] = {}
    asked = [(requirement, "") for wheel in wheels for requirement in declared(wheel)]
    while asked:
        requirement, extra = asked.pop()
        name = canonicalize_name(requirement.name)
        if name in ours or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        known = name in found
        found.setdefault(name, importlib.metadata.distribution(name))
        assert requirement.specifier.contains(found[name].version, prereleases=True), requirement
        more = [Requirement(line) for line in found[name].requires or ()]
        asked += [(one, each) for each in requirement.extras for one in more]
        asked += [] if known else [(one, "") for one in more]
    return found


def link(distribution: importlib.metadata.Distribution, site: Path) -> None:
    """Makes a distribution importable from `site`, by links to its files' uppermost folders."""
    tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
    for top in tops:
        target = Path(str(distribution.locate_file(top)))
        if target.exists() and not (site / top).exists():
            (site / top).symlink_to(target)


def build(sources: list[Path], target: Path) -> list[Path]:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*pip, "--wheel-dir", str(target), *map(str, sources)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return sorted(target.iterdir())


class Environment:
    """A virtual environment that holds the wheels it was given, and what they declare."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
        self.wheels: list[Path] = []

    def install(self, *wheels: Path) -> Environment:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet", "--no-deps"]
        done = subprocess.run([*pip, "--no-index", *map(str, wheels)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        self.wheels += wheels
        for distribution in closure(self.wheels).values():
            link(distribution, self.site)
        return self

    def run(self, *arguments: object, plugins: str = "all") -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DSX_"))}
        environment = {**kept, "DSX_NO_CACHE": "1", "OMP_NUM_THREADS": "1", "DSX_PLUGINS": plugins}
        command = [self.python, *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)

    def dsx(self, *arguments: object, plugins: str = "all") -> str:
        """What the command prints; it must end well."""
        done = self.run("-m", "dsx", *arguments, plugins=plugins)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def reports(self) -> dict[str, dict[str, Any]]:
        """What `dsx plugins list` says, by distribution."""
        listed = map(json.loads, self.dsx("plugins", "list", "--json").splitlines())
        return {report["distribution"]: report for report in listed}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By distribution. Built from copies: a build in the repository would find there what an older one left."""
    folder = tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        shutil.copytree(package, folder / "source" / package.name, ignore=left_out)
    built = build([folder / "source" / package.name for package in PACKAGES], folder / "out")
    return {canonicalize_name(wheel.name.split("-")[0]): wheel for wheel in built}


@pytest.fixture(scope="module")
def together(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With all wheels."""
    return Environment(tmp_path_factory.mktemp("together")).install(*wheels.values())


@pytest.fixture(scope="module")
def fresh(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With dsx, and a parameter set and an engine that were made in it by `dsx plugins new`."""
    environment = Environment(tmp_path_factory.mktemp("fresh")).install(wheels["dsx-extract"])
    for name, kind in {"people": "parameters", "words": "engine"}.items():
        environment.dsx("plugins", "new", name, "--kind", kind)
    made = [environment.folder / "dsx-people", environment.folder / "dsx-words"]
    return environment.install(*build(made, environment.folder / "wheels"))


# ---- the packages of this repository ----


def test_there_is_a_wheel_of_each_package(wheels: dict[str, Path]) -> None:
    assert set(wheels) == {"dsx-extract", *PLUGINS}


def test_the_wheel_of_dsx_holds_all_its_files(wheels: dict[str, Path]) -> None:
    folders = os.walk(ROOT / "dsx", followlinks=True)  # dsx/sbatch is a link
    paths = [Path(folder) / name for folder, _, names in folders for name in names]
    files = {str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts}
    with zipfile.ZipFile(wheels["dsx-extract"]) as archive:
        held = {name for name in archive.namelist() if name.startswith("dsx/")}
    assert held == files


@pytest.mark.parametrize("name", PLUGINS)
def test_each_plugin_keeps_its_promises_alone_beside_dsx(wheels: dict[str, Path], name: str, tmp_path: Path) -> None:
    environment = Environment(tmp_path).install(wheels["dsx-extract"], wheels[name])
    reports = environment.reports()
    assert set(reports) == {"dsx-extract", name}
    assert reports[name]["version"] == PLUGINS[name]["version"]
    assert reports[name]["problems"] == []
    assert reports[name]["provides"]
    assert "ok   plugin" in environment.dsx("plugins", "check", name)


def test_together_all_plugins_are_sound(together: Environment) -> None:
    reports = together.reports()
    assert set(reports) == {"dsx-extract", *PLUGINS}
    assert {name: report["problems"] for name, report in reports.items() if report["problems"]} == {}


def test_all_come_from_the_wheels_and_the_command_is_there(together: Environment) -> None:
    modules = ["dsx", *(module for project in PLUGINS.values() for module in project["entry-points"]["dsx"].values())]
    program = f"import {', '.join(modules)}; print(*({', '.join(f'{module}.__file__' for module in modules)}))"
    places = together.run("-c", program).stdout.split()
    assert len(places) == len(modules)
    assert all(place.startswith(str(together.folder)) for place in places)
    shown = subprocess.run([together.folder / "bin" / "dsx", "--version"], capture_output=True, text=True)
    assert shown.stdout.startswith("dsx, version ")


@pytest.mark.parametrize(
    ("loader", "file", "words"),
    [
        ("pymupdf", "examples/papers/sample.pdf", "Twenty-four participants"),
        ("pdfium", "examples/papers/sample.pdf", "Twenty-four participants"),
        ("jats", "plugins/dsx-jats/tests/paper.xml", "Sixteen keepers"),
    ],
)
def test_loaders_find_what_they_need(together: Environment, loader: str, file: str, words: str) -> None:
    shown = json.loads(together.dsx("show", "--loader", loader, "--json", ROOT / file))
    assert shown["loader"] == loader
    assert words in "".join(page["text"] for page in shown["pages"])


# ---- from `dsx plugins new` to values; what broken plugins leave standing ----


def values(environment: Environment, run: str) -> dict[str, dict[str, object]]:
    [line] = map(json.loads, environment.dsx("export", run, "--format", "jsonl", plugins="people").splitlines())
    parameters: dict[str, dict[str, object]] = line["parameters"]
    return parameters


def test_from_new_to_values(fresh: Environment) -> None:
    for name in ("people", "words"):
        assert "ok   plugin" in fresh.dsx("plugins", "check", name, plugins="people,words")
    fresh.dsx("extract", SAMPLE, "--schema", "people", "--engine", "words", "--run", "run", plugins="people,words")
    filled = values(fresh, "run")
    assert set(filled) == {"participants", "age", "design"}
    assert filled["participants"]["value"] is not None
    assert filled["participants"]["page"] is not None


def test_broken_plugins_leave_the_rest_standing(fresh: Environment) -> None:
    for name, broken in BROKEN.items():  # as a wheel would leave it
        (fresh.site / f"dsx_{name}.py").write_text(broken["code"], "utf-8")
        info = fresh.site / f"dsx_{name}-0.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dsx-{name}\nVersion: 0.3\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[dsx]\n{name} = dsx_{name}\n", "utf-8")
    plugins = ",".join(["people", "words", *BROKEN])
    listed = fresh.dsx("plugins", "list", plugins=plugins)
    assert all(broken["reason"] in listed for broken in BROKEN.values())
    command = ["extract", SAMPLE, "--schema", "people", "--engine", "words", "--run"]
    fresh.dsx(*command, "sound", plugins="people,words")
    fresh.dsx(*command, "other", plugins=plugins)
    assert values(fresh, "other") == values(fresh, "sound")
    needed = fresh.run("-m", "dsx", "extract", SAMPLE, "--schema", "people", "--engine", "mine", plugins=plugins)
    assert needed.returncode == 2
    assert "plugin unimportable of dsx-unimportable 0.3 is broken" in needed.stderr
    clashing = fresh.run("-m", "dsx", "export", "other", "--format", "csv", plugins=plugins)
    assert clashing.returncode == 2
    assert "exporter 'csv' is given by exporters and by clashing" in clashing.stderr
