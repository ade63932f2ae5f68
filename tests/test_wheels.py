"""The wheels of dsx and of every package in plugins/, in an environment that holds them and what they declare.

The environment is made without a network: it holds links to those installed distributions that the wheels' metadata
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

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
PLUGINS = {path.name: tomllib.loads((path / "pyproject.toml").read_text("utf-8"))["project"] for path in PACKAGES[1:]}
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "runs", "plugins")


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


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Built from copies: a build in the repository would find there what an older one left."""
    folder = tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        shutil.copytree(package, folder / "source" / package.name, ignore=LEFT_OUT)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    sources = [str(folder / "source" / package.name) for package in PACKAGES]
    done = subprocess.run([*pip, "--wheel-dir", str(folder / "out"), *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return sorted((folder / "out").iterdir())


@pytest.fixture(scope="module")
def python(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of the clean environment."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    made = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(made), "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*pip, *map(str, wheels)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for distribution in closure(wheels).values():
        link(distribution, site)
    return made


def run(python: Path, *arguments: object) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DSX_"))}
    environment = {**kept, "DSX_NO_CACHE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, *map(str, arguments)], cwd=python.parent, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_a_wheel_of_each_package(wheels: list[Path]) -> None:
    names = {canonicalize_name(wheel.name.split("-")[0]) for wheel in wheels}
    assert names == {"dsx-extract", *PLUGINS}


def test_the_wheel_of_dsx_holds_all_its_files(wheels: list[Path]) -> None:
    folders = os.walk(ROOT / "dsx", followlinks=True)  # dsx/sbatch is a link
    paths = [Path(folder) / name for folder, _, names in folders for name in names]
    files = {str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts}
    wheel = next(wheel for wheel in wheels if wheel.name.startswith("dsx_extract-"))
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("dsx/")}
    assert held == files


def test_each_plugin_is_listed_and_sound(python: Path) -> None:
    listed = run(python, "-m", "dsx", "plugins", "list", "--json")
    reports = {report["distribution"]: report for report in map(json.loads, listed.splitlines())}
    assert set(reports) == {"dsx-extract", *PLUGINS}
    for name, project in PLUGINS.items():
        assert reports[name]["version"] == project["version"]
        assert reports[name]["problems"] == []
        assert reports[name]["provides"]


def test_all_come_from_the_wheels_and_the_command_is_there(python: Path) -> None:
    modules = ["dsx", *(module for project in PLUGINS.values() for module in project["entry-points"]["dsx"].values())]
    places = run(python, "-c", f"import {', '.join(modules)}; print(*({', '.join(f'{m}.__file__' for m in modules)}))")
    assert all(place.startswith(str(python.parent.parent)) for place in places.split())
    assert "dsx" in subprocess.run([python.parent / "dsx", "--version"], capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", PLUGINS)
def test_each_plugin_keeps_its_promises(python: Path, name: str) -> None:
    assert "ok   plugin" in run(python, "-m", "dsx", "plugins", "check", name)


@pytest.mark.parametrize(
    ("loader", "file", "words"),
    [
        ("pymupdf", "examples/papers/sample.pdf", "Twenty-four participants"),
        ("pdfium", "examples/papers/sample.pdf", "Twenty-four participants"),
        ("jats", "plugins/dsx-jats/tests/paper.xml", "Sixteen keepers"),
    ],
)
def test_loaders_find_what_they_need(python: Path, loader: str, file: str, words: str) -> None:
    shown = json.loads(run(python, "-m", "dsx", "show", "--loader", loader, "--json", ROOT / file))
    assert shown["loader"] == loader
    assert words in "".join(page["text"] for page in shown["pages"])
