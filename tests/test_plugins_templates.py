"""templates/: each is a package that installs, is listed, keeps all promises and passes its own test as it comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsx.errors import UsageError
from dsx.templates import TEMPLATES, new_plugin, renamed

pytestmark = pytest.mark.slow

KINDS = sorted(path.parent.name for path in TEMPLATES.glob("*/dsx_example.py"))


def run(*arguments: str, site: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "DSX_PLUGINS": ",".join(f"my-{kind}" for kind in KINDS)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which a plugin of each kind was installed."""
    folder = tmp_path_factory.mktemp("plugins")
    for kind in KINDS:
        new_plugin(f"my-{kind}", kind, folder / f"dsx-my-{kind}")
    target = folder / "site"
    command = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
    packages = [str(folder / f"dsx-my-{kind}") for kind in KINDS]
    done = subprocess.run([sys.executable, "-m", *command, *packages], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return target


def test_there_is_a_template_for_each_kind() -> None:
    assert KINDS == ["engine", "exporter", "loader", "model", "normaliser", "parameters", "prompt", "repair"]


def test_new_plugins_pass_their_own_tests(site: Path) -> None:
    tests = [f"dsx-my-{kind}/tests/test_dsx_my_{kind}.py" for kind in KINDS]
    tested = run("-m", "pytest", "-v", "-p", "no:cacheprovider", "--rootdir=.", *tests, site=site, folder=site.parent)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert all(f"{test}::" in tested.stdout for test in tests), tested.stdout


def test_new_plugins_are_listed_and_keep_all_promises(site: Path) -> None:
    program = (  # `dsx plugins check`, of all of them in one process
        "from dsx.conformance import check; from dsx.plugins import load_plugins\n"
        "plugins = load_plugins()\n"
        "mine = [report for report in plugins.reports if report.name.startswith('my-')]\n"
        "print(*(outcome.line() for report in mine for outcome in check(plugins, report)), sep='\\n')"
    )
    checked = run("-c", program, site=site, folder=site)
    assert checked.returncode == 0, checked.stderr
    assert "FAIL" not in checked.stdout, checked.stdout
    listed = run("-m", "dsx", "plugins", "list", site=site, folder=site).stdout
    for kind in KINDS:
        thing = {"parameters": "parameter set", "prompt": "prompt set"}.get(kind, kind)
        assert f"ok   {thing} my-{kind}: " in checked.stdout
        assert f"my-{kind}  (dsx-my-{kind} 0.1.0)\n    {thing} my-{kind}\n" in listed


def test_nothing_of_the_template_is_left(site: Path) -> None:
    for path in site.parent.glob("dsx-my-*/**/*"):
        assert "example" not in path.name
        if path.suffix in (".py", ".toml", ".md"):
            assert "dsx_example" not in path.read_text("utf-8")


def test_renaming() -> None:
    text = 'name = "dsx-example" module dsx_example and example, not examples'
    assert renamed(text, "my-mice") == 'name = "dsx-my-mice" module dsx_my_mice and my-mice, not examples'


@pytest.mark.parametrize("name", ["My Plugin", "dsx-", "-mine", "mine-", "my--mine", "my_mine", "3", "é", "m" * 61])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no name for a plugin: lower-case letters and digits, parted by '-'"):
        new_plugin(name, "repair", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "kind", "owner"),
    [
        ("quotes", "repair", "the plugin repairs gives the repair 'quotes'"),
        ("csv", "exporter", "the plugin exporters gives the exporter 'csv'"),
        ("dsx-transformers", "engine", "the plugin engines gives the engine 'transformers'"),
        ("default", "prompt", "the plugin prompts gives the prompt set 'default'"),
        ("pymupdf", "loader", "the plugin loaders gives the loader 'pymupdf'"),
        ("doi", "normaliser", "the plugin normalisers gives the normaliser 'doi'"),
        ("loaders", "repair", "a plugin of dsx-extract [0-9.]+ is called so"),
        ("extract", "repair", "the distribution dsx-extract is installed"),
        ("none", "repair", "DSX_PLUGINS=none means something else"),
        ("all", "repair", "DSX_PLUGINS=all means something else"),
    ],
)
def test_names_that_are_taken(name: str, kind: str, owner: str, tmp_path: Path) -> None:
    taken = f"^the name '{name.removeprefix('dsx-')}' is taken: {owner}; choose another name$"
    with pytest.raises(UsageError, match=taken):
        new_plugin(name, kind, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_name_of_an_installed_plugin_is_taken_though_it_is_not_loaded(site: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(site), "DSX_PLUGINS": "none"}
    command = [sys.executable, "-m", "dsx", "plugins", "new", "my-loader", "--kind", "repair", "--output", "other"]
    done = subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "dsx: the name 'my-loader' is taken: an installed plugin is called so; choose another name\n"


@pytest.mark.parametrize("name", ["class", "import", "csv"])
def test_a_keyword_or_another_kinds_name_is_a_name(name: str, tmp_path: Path) -> None:
    assert (new_plugin(name, "repair", tmp_path / "new") / f"dsx_{name}.py").exists()


def test_folders_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="exists; choose another folder with --output"):
        new_plugin("mine", "repair", tmp_path)
    for folder in (tmp_path / "file" / "x", Path("/proc/nope"), tmp_path / ("n" * 300)):
        with pytest.raises(UsageError, match=r"cannot be made \(.*\); choose another with --output"):
            new_plugin("mine", "repair", folder)
