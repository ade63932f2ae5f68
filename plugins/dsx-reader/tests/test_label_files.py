"""dsx-reader: the files of labels, which one process at a time goes on in, and always with the same settings."""

from __future__ import annotations

import gzip
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from dsx_reader.command import cli
from dsx_reader.dataset import tokenizer_in
from dsx_reader.examples import read_annotations
from dsx_reader.label import Labelling, deciding
from dsx_reader.labels import Label, going_on, learnt, read_labels, written
from dsx_reader.sources import Sources, passages

from dsx.plugin_api import UsageError

HERE = Path(__file__).parent
VALUE = Label(0, "ponds", "Fill in.", "Nine newts swam.", "n (integer)", '{"value":9,"quote":"Nine newts"}', 0.9, 0.8)
SETTING = {"model": "large", "seed": 0, "passage tokens": [400, 700]}


def add(file: Path, *labels: Label) -> None:
    """As a labelling does."""
    with file.open("ab") as end:
        end.write(written(labels))


def test_a_labelling_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "new" / "labels.jsonl.gz"
    with going_on(file, SETTING) as done:
        assert done == set()
        add(file, VALUE)
    assert learnt([file]) == [[VALUE]]
    file.write_bytes(file.read_bytes() + written([replace(VALUE, text=1)] * 9)[:-20])
    for _ in range(2):
        with going_on(file, SETTING) as done:
            assert done >= {0}
    add(file, replace(VALUE, text=2))
    assert [label.text for label in read_labels(file)][-1] == 2
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("name", list(SETTING))
def test_labels_of_other_settings_are_not_mixed(tmp_path: Path, name: str) -> None:
    file, other = tmp_path / "labels.jsonl.gz", {**SETTING, name: "other"}
    with going_on(file, other):
        pass  # it ended before any answer
    with going_on(file, SETTING):
        add(file, VALUE)
    before = file.read_bytes()
    with pytest.raises(UsageError, match=f"holds labels of other {name}; name another --out"), going_on(file, other):
        pass
    assert file.read_bytes() == before


def test_what_decides_the_labels_is_all_but_which_texts_are_asked_about(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"texts")
    setting = Labelling(tmp_path, Sources((), tmp_path / "a.gz"), tmp_path / "out.gz")
    same = deciding(setting)
    assert deciding(replace(setting, shard=(1, 2), minutes=1.0, limit=3, processes=2, options={"rows": "4"})) == same
    for other in (
        replace(setting, sources=replace(setting.sources, seed=1)),
        *(replace(setting, questions=3), replace(setting, shown=(400,)), replace(setting, null_bias=1.0)),
        replace(setting, model=tmp_path / "other"),
    ):
        assert deciding(other) != same
    (tmp_path / "a.gz").write_bytes(b"other texts")
    assert deciding(setting) != same


@pytest.mark.parametrize(
    "content",
    [
        b"text",
        gzip.compress(b"[1]\n", mtime=0),
        gzip.compress(b'{"a": 1}\n', mtime=0),
        gzip.compress(b"words\n" * 99, mtime=0)[:-9],
        written([VALUE]),
    ],
)
def test_another_file_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "labels.jsonl.gz"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="does not say what `dsx-reader label` made it with"), going_on(file, SETTING):
        pass
    assert file.read_bytes() == content


def test_what_cannot_be_written_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UsageError, match=r"--out .*: (File exists|Not a directory)"),
        going_on(tmp_path / "file/x", SETTING),
    ):
        pass
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="name another --out"), going_on(tmp_path / "folder", SETTING):
        pass


def test_one_process_at_a_time_writes_a_file(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl.gz"
    code = f"""
from pathlib import Path
from dsx_reader.labels import going_on
with going_on(Path({str(file)!r}), {SETTING!r}):
    pass
"""
    with going_on(file, SETTING):
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"another process writes to {file}; name another --out" in second.stderr
    subprocess.run([sys.executable, "-c", code], check=True)


def test_labels_that_are_not_there_are_no_training_data(tmp_path: Path) -> None:
    (tmp_path / "empty.gz").touch()
    with pytest.raises(UsageError, match="holds no labels"):
        learnt([tmp_path / "empty.gz"])
    with pytest.raises(UsageError, match="holds no labels"):
        learnt([tmp_path])


@pytest.mark.parametrize(
    "content",
    [
        b"text",
        gzip.compress(b"words\n", mtime=0),
        gzip.compress(b"[1]\n", mtime=0),
        gzip.compress(b'{"a": 1}\n' * 9, mtime=0)[:-9],
    ],
)
def test_annotations_that_are_none_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    for path in (tmp_path / "a.gz", tmp_path):
        with pytest.raises(UsageError, match="holds no annotations"):
            read_annotations(path)


@pytest.mark.parametrize(
    "wrong",
    [("--annotations", "."), ("--questions", "0"), ("--limit", "-1"), ("--minutes", "-1"), ("--null-bias", "nan")],
)
def test_what_no_labelling_can_take_is_refused_by_its_option(tmp_path: Path, wrong: tuple[str, str]) -> None:
    (tmp_path / "a.gz").touch()
    words = ["label", "--model", tmp_path, "--passages", tmp_path, "--annotations", tmp_path / "a.gz", *wrong]
    refused = CliRunner().invoke(cli, [str(word) for word in [*words, "--out", tmp_path / "out.gz"]])
    assert refused.exit_code == 2
    assert f"Invalid value for '{wrong[0]}'" in refused.output
    assert not (tmp_path / "out.gz").exists()


def test_passages_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("Some words.", "utf-8")
    for path in (tmp_path / "words.txt", tmp_path):
        with pytest.raises(UsageError, match=f"{path.name} holds no passages"):
            passages([path])
    (tmp_path / "words.txt").unlink()
    with pytest.raises(UsageError, match="holds no passages"):
        passages([tmp_path])
    assert passages([HERE / "ponds-1.txt"]) == []


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"{")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(UsageError, match=f"{path} is no folder of a model with its tokenizer: .+") as refused:
            tokenizer_in(path)
        assert "\n" not in str(refused.value)
