"""Where the papers of a run are; the pages of one: their pictures, their words and the words' boxes."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from dsx.errors import LoadError
from dsx.load import DocumentReader, document_id, with_hidden
from dsx.recipe import Recipe
from dsx.review.words import AROUND, Span, packed, placed_words, words_around
from dsx.store import RunFolder
from dsx.types import Document, Json

if TYPE_CHECKING:
    import pymupdf

SCALE = 1.6
"""Pixels a point: a page is some 960 pixels wide, and the page pane 560 to 1100."""
LONGEST_SIDE = 2000
"""Pixels; a poster is drawn smaller."""
GREYS = 6
"""Greys of a picture: a page takes 61 KB without loss, with 8 greys 67 KB, as lossy colour twice as much."""


def find_papers(run: RunFolder, files: Mapping[str, str], places: Sequence[Path]) -> dict[str, Path]:
    """Document → its file. files: document → file name. places: files or folders to look in first.

    Else it is where the run read it. A file counts only if its content is what the run read.
    """
    named: dict[str, list[Path]] = {}
    for place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            named.setdefault(path.name, []).append(path)
    read_at = {event.get("document"): Path(event["path"]) for event in run.logs() if "path" in event}
    papers: dict[str, Path] = {}
    for document, file in files.items():
        candidates = [*named.get(PurePath(file).name, ()), *([read_at[document]] if document in read_at else [])]
        match = next((path for path in candidates if _is(path, document)), None)
        if match is not None:
            papers[document] = match
    return papers


def _is(path: Path, document: str) -> bool:
    try:
        return path.is_file() and document_id(path) == document
    except (LoadError, OSError):
        return False


@dataclass(slots=True)
class PaperSource:
    """One paper's pages. path: None where the file is gone. document: None where its text is gone too."""

    path: Path | None
    document: Document | None
    _pdf: Any = None

    @classmethod
    def open(cls, path: Path | None, document_id: str, reader: DocumentReader, recipe: Recipe) -> PaperSource:
        """The paper read as the run read it; from the cache of documents where the file is gone."""
        try:
            document = None if path is None else reader.read(path, recipe.loader)
        except LoadError:
            path = document = None
        if document is None and reader.cache is not None:
            document = reader.cache.by_any_loader(document_id)
        if document is not None and recipe.hidden_text == "show":
            document = with_hidden(document)
        return cls(path, document)

    def page(self, number: int, quotes: Iterable[Span] = ()) -> dict[str, Json] | None:
        """A page as the review shows it; None where nothing is known of it.

        {"number", "of" how many, "width", "height", "picture": WebP in base64} and its words, packed; without a picture
        the words around the quotes, which have no boxes.
        """
        page = next((page for page in self.document.pages if page.number == number), None) if self.document else None
        if self.document is None or page is None:
            return None
        place: dict[str, Json] = {"number": number, "of": len(self.document.pages)}
        picture = self._picture(number)
        if picture is None:
            start_of_page = (page.start, min(page.end, page.start + 2 * AROUND))
            return {**place, **packed(words_around(self.document.text, quotes, start_of_page))}
        size = {"width": round(page.width, 1), "height": round(page.height, 1)}
        drawn = base64.b64encode(picture).decode()
        return {**place, **size, "picture": drawn, **packed(placed_words(self.document, number))}

    def close(self) -> None:
        """Gives back the file."""
        if self._pdf is not None:
            self._pdf.close()
            self._pdf = None

    def _picture(self, number: int) -> bytes | None:
        import pymupdf

        if self._pdf is None and self.path is not None and _has_boxes(self.document):
            try:
                self._pdf = pymupdf.open(self.path, filetype="pdf")
            except (RuntimeError, ValueError):  # not a PDF, whatever it is called
                self.path = None
        return None if self._pdf is None else page_picture(self._pdf[number - 1])


def page_picture(page: pymupdf.Page) -> bytes:
    """The page as a WebP picture in greys, without loss but for the colours."""
    import pymupdf
    from PIL import Image

    scale = min(SCALE, LONGEST_SIDE / max(page.rect.width, page.rect.height, 1))
    drawn = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY)
    step = 255 / (GREYS - 1)
    greys = [round(round(level / step) * step) for level in range(256)]
    picture = Image.frombytes("L", (drawn.width, drawn.height), drawn.samples).point(greys)
    content = io.BytesIO()
    picture.convert("RGB").save(content, "WEBP", lossless=True, quality=50, method=1)
    return content.getvalue()


def _has_boxes(document: Document | None) -> bool:
    import numpy

    return document is not None and not bool(numpy.isnan(document.char_boxes[:, 0]).all())
