"""`dsx show`: what dsx reads in a document, for people and programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pymupdf
import pytest
from click.testing import CliRunner, Result

from dsx.cli.show import command
from dsx.errors import UsageError
from dsx.load.pdf import load_pdf

SAMPLE = Path(__file__).parent.parent / "examples" / "papers" / "sample.pdf"


def show(*arguments: str) -> Result:
    return CliRunner().invoke(command, [str(SAMPLE), *arguments])


def test_outline_names_sections_and_tables() -> None:
    printed = show().output
    assert "sample.pdf: 4 pages" in printed
    assert "Participants  [participants, " in printed
    assert "[table of 8 rows]" in printed


def test_json_holds_the_whole_text_and_offsets_fit() -> None:
    shown = json.loads(show("--json").output)
    assert set(shown) >= {"file", "id", "loader", "pages", "sections", "tables"}
    text = "".join(page["text"] for page in shown["pages"])
    assert text == load_pdf(SAMPLE).text
    for section in shown["sections"]:
        assert text[section["start"] :].startswith(section["title"])
        assert section["page"] in {page["number"] for page in shown["pages"]}
    (table,) = shown["tables"]
    assert table["caption"].startswith("Table 1.")
    assert table["rows"][2] == ["15°", "14.1 ± 1.6", "3.2 ± 2.9", "10.9 ± 2.8", "8.9 ± 2.6"]
    assert "   ".join(table["rows"][2]) in text[table["start"] : table["end"]]


def test_page_and_section() -> None:
    assert show("--page", "4").output in load_pdf(SAMPLE).text
    assert show("--section", "participants").output.startswith("Participants\n")
    assert show("--section", "Data analysis").output.startswith("Data analysis\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--page", "9"), "has pages 1 to 4"),
        (("--section", "colophon"), "kinds: "),
        (("--loader", "no-such"), "there are: "),
    ],
)
def test_what_is_not_there_lists_what_is(arguments: tuple[str, ...], said: str) -> None:
    problem = show(*arguments).exception
    assert isinstance(problem, UsageError)
    assert said in str(problem)


def test_a_marked_copy_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    text = tmp_path / "a.md"
    text.write_text("# A study\n\nForty people took part.\n")
    for source, target, said in (
        (SAMPLE, "none/m.pdf", r"none is no folder; make it, or choose another with --marked"),
        (SAMPLE, ".", r"is a folder; name a file in it with --marked"),
        (text, "m.pdf", "not a PDF"),
    ):
        problem = CliRunner().invoke(command, [str(source), "--marked", str(tmp_path / target)]).exception
        assert isinstance(problem, UsageError)
        assert re.search(said, str(problem))


def test_only_a_marked_copy_is_overwritten(tmp_path: Path) -> None:
    own, other = tmp_path / "marked.pdf", tmp_path / "other.pdf"
    for _ in range(2):
        assert show("--marked", str(own)).exit_code == 0
    for content in (SAMPLE.read_bytes(), b"my notes"):
        other.write_bytes(content)
        problem = show("--marked", str(other)).exception
        assert isinstance(problem, UsageError)
        assert str(problem) == f"{other} is there and no marked copy; choose another with --marked"
        assert other.read_bytes() == content


def test_marked_copy_frames_headings_and_tables(tmp_path: Path) -> None:
    target = tmp_path / "marked.pdf"
    assert show("--marked", str(target)).output == ""
    with pymupdf.open(SAMPLE) as before, pymupdf.open(target) as after:
        assert len(after) == len(before)
        assert "participants" in after[0].get_text().split("\n")
        assert "table" in after[2].get_text().split("\n")
        drawn = [len(page.get_drawings()) for page in after]
        assert all(now > then for now, then in zip(drawn, (len(p.get_drawings()) for p in before), strict=True))
