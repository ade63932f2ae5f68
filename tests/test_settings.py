"""`dsx.toml`: the folder's goes before the user's; what is wrong in one is said; every variable is on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsx import doctor
from dsx.errors import RunError, UsageError
from dsx.paths import cache_folder
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.folders import default_folder
from dsx.run.plan import with_model
from dsx.settings import Settings, read_settings, user_file
from dsx.store import newest_run

ROOT = Path(__file__).parents[1]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a configuration folder without any file, and no variable set."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DSX_CACHE", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    user_file().parent.mkdir(parents=True)
    return tmp_path


def test_the_folders_file_goes_before_the_users(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings() == Settings()
    user_file().write_text('model = "someone/large"\ncache = "cache"\n')
    assert read_settings() == Settings("someone/large", user_file().parent / "cache", Path("runs"), (user_file(),))
    Path("dsx.toml").write_text('model = "someone/small"\nruns = "results"\n')
    both = read_settings()
    assert (both.model, both.runs, both.files) == ("someone/small", Path("results"), (Path("dsx.toml"), user_file()))
    assert cache_folder() == user_file().parent / "cache"
    monkeypatch.setenv("DSX_CACHE", "/elsewhere")
    assert cache_folder() == Path("/elsewhere")
    assert default_folder([], {"schema_name": "s"}).parent == Path("results")
    with pytest.raises(RunError, match="no run in results/"):
        newest_run()


def test_the_model_is_that_of_a_local_engine_that_was_given_none(place: Path) -> None:
    plugins = load_plugins()
    user_file().write_text('model = "someone/large"')
    assert with_model(Recipe.read(schema_name="s"), plugins).model == "someone/large"
    assert with_model(Recipe.read(schema_name="s", model="mine"), plugins).model == "mine"
    assert with_model(Recipe.read(schema_name="s", engine="server"), plugins).model is None
    (user_file().parent / "weights").mkdir()
    user_file().write_text('model = "weights"')
    assert read_settings().model == str(user_file().parent / "weights")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model = ", "dsx.toml is no TOML"),
        ('modle = "a"', "no setting 'modle'; 'model' is meant? there are model, cache, runs"),
        ("runs = 3", "runs must be text in quotes"),
        ('model = ""', "model is empty; say which, or take the line out"),
        ('runs = " "', "runs is empty; say which, or take the line out"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(place: Path, text: str, said: str) -> None:
    Path("dsx.toml").write_text(text)
    with pytest.raises(UsageError) as problem:
        read_settings()
    assert said in str(problem.value)


def test_a_folder_of_that_name_is_said(place: Path) -> None:
    Path("dsx.toml").mkdir()
    with pytest.raises(UsageError, match=r"^dsx\.toml is a folder; rename it, "):
        read_settings()


def test_a_cache_that_cannot_be_one_is_said_with_where_it_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("two.pdf").write_text("")
    Path("dsx.toml").write_text('cache = "two.pdf"')
    assert doctor.find_cache().text == "two.pdf: File exists; let cache in dsx.toml be a folder of your own"
    monkeypatch.setenv("DSX_CACHE", "two.pdf")
    assert doctor.find_cache().text == "two.pdf: File exists; set DSX_CACHE to a folder of your own"


@pytest.mark.slow
def test_the_doctor_shows_what_is_set(place: Path) -> None:
    def shown() -> dict[str, str]:
        return {finding.what: finding.text for finding in doctor.examine(load_plugins(), None)}

    assert shown()["settings"] == f"no dsx.toml here or at {user_file()}"
    Path("dsx.toml").write_text('model = "someone/not-here"')
    assert shown()["settings"] == "model someone/not-here, runs runs; of dsx.toml"
    assert "someone/not-here" in shown()["model"]


def test_every_variable_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    sources = (path.read_text("utf-8") for path in (ROOT / "dsx").rglob("*.py"))
    named = {name for text in sources for name in re.findall(r"\bDSX_[A-Z_]*[A-Z]\b", text)}
    assert named == set(re.findall(r"^\| `(DSX_\w+)`", page, re.MULTILINE))
