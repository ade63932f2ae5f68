"""From `dsx plugins new` to values of a paper, in an environment of its own; and what broken plugins leave standing."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BROKEN: dict[str, dict[str, str]] = json.loads((ROOT / "tests" / "corpus" / "broken_plugins.json").read_text("utf-8"))
SAMPLE = ROOT / "examples" / "papers" / "sample.pdf"

PYPROJECT = """
[project]
name = "dsx-{name}"
version = "0.3"

[project.entry-points.dsx]
{name} = "dsx_{name}"

[tool.setuptools]
py-modules = ["dsx_{name}"]
"""


class Environment:
    """A virtual environment with dsx installed from a wheel; dependencies are those of this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
        self.python = folder / "venv" / "bin" / "python"
        packages = sysconfig.get_path("purelib", vars={"base": str(folder / "venv"), "platbase": str(folder / "venv")})
        here = dict.fromkeys([*site.getsitepackages(), *(path for path in sys.path if path.endswith("site-packages"))])
        (Path(packages) / "dependencies.pth").write_text("\n".join(here), "utf-8")
        self.site = Path(packages)

    def install(self, *packages: Path) -> None:
        flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--ignore-installed"]
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", *flags]
        done = subprocess.run([*pip, *map(str, packages)], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr

    def dsx(self, *arguments: str, plugins: str = "none") -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "DSX_"))}
        return subprocess.run(
            [str(self.python), "-m", "dsx", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=600,
            env={**environment, "DSX_PLUGINS": plugins},
        )  # fmt: skip


def source(folder: Path) -> Path:
    """A copy to build from: a build in the repository would find there what an older one left."""
    shutil.copytree(ROOT / "dsx", folder / "dsx", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("clean"))
    made.install(source(made.folder / "source"))
    for name, kind in {"people": "parameters", "words": "engine"}.items():
        done = made.dsx("plugins", "new", name, "--kind", kind)
        assert done.returncode == 0, done.stderr
    made.install(made.folder / "dsx-people", made.folder / "dsx-words")
    return made


def values(environment: Environment, run: str) -> dict[str, dict[str, object]]:
    exported = environment.dsx("export", run, "--format", "jsonl", plugins="people")
    assert exported.returncode == 0, exported.stderr
    [line] = map(json.loads, exported.stdout.splitlines())
    parameters: dict[str, dict[str, object]] = line["parameters"]
    return parameters


def test_from_new_to_values(environment: Environment) -> None:
    where = environment.dsx("--version")
    assert where.returncode == 0, where.stderr
    command = ["extract", str(SAMPLE), "--schema", "people", "--engine", "words", "--run", "run"]
    done = environment.dsx(*command, plugins="people,words")
    assert done.returncode == 0, done.stderr
    filled = values(environment, "run")
    assert set(filled) == {"participants", "age", "design"}
    assert filled["participants"]["value"] is not None
    assert filled["participants"]["page"] is not None


def test_broken_plugins_leave_the_rest_standing(environment: Environment) -> None:
    for name, broken in BROKEN.items():
        package = environment.folder / "broken" / name
        package.mkdir(parents=True)
        (package / f"dsx_{name}.py").write_text(broken["code"], "utf-8")
        (package / "pyproject.toml").write_text(PYPROJECT.format(name=name), "utf-8")
    environment.install(*(environment.folder / "broken").iterdir())
    plugins = ",".join(["people", "words", *BROKEN])
    listed = environment.dsx("plugins", "list", plugins=plugins).stdout
    assert all(broken["reason"] in listed for broken in BROKEN.values())
    command = ["extract", str(SAMPLE), "--schema", "people", "--engine", "words", "--run", "other"]
    done = environment.dsx(*command, plugins=plugins)
    assert done.returncode == 0, done.stderr
    assert set(values(environment, "other")) == {"participants", "age", "design"}
    needed = environment.dsx("extract", str(SAMPLE), "--schema", "people", "--engine", "mine", plugins=plugins)
    assert needed.returncode == 2
    assert "plugin unimportable of dsx-unimportable 0.3 is broken" in needed.stderr
    clashing = environment.dsx("export", "other", "--format", "csv", plugins=plugins)
    assert clashing.returncode == 2
    assert "exporter 'csv' is given by exporters and by clashing" in clashing.stderr
