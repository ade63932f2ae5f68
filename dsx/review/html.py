"""The review page: one HTML file that needs nothing else, and may do nothing but show itself."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from string import Template

from dsx.errors import UsageError
from dsx.review.contents import ReviewContents
from dsx.store import atomic
from dsx.types import Json

SCRIPTS = ("dom.js", "schema.js", "decisions.js", "list.js", "added.js", "editor.js", "value.js", "paper.js", "app.js")
"""In this order: each uses what those before it define."""
MARK = "<!doctype html>\n<!-- dsx review -->"
"""How a page begins; only such files are overwritten."""


def review_page(contents: ReviewContents, reviewer: str = "", served: bool = False) -> str:
    """The page. reviewer: the name filled in. served: pages of papers and decisions come from and go to a server."""
    scripts = [_asset(name) for name in SCRIPTS]
    style = _asset("style.css")
    pages = {} if served else {document: list(contents.pages(document)) for document in contents.by_attention()}
    numbers = {document: [page["number"] for page in of_paper] for document, of_paper in pages.items()}
    data = {**contents.data(), "pages": numbers, "reviewer": reviewer, "served": served}
    return Template(_asset("page.html")).substitute(
        policy=_policy(style, scripts, served),
        title=_text(f"Review of {data['run']}"),
        style=style,
        data=_json(data),
        pages="\n".join(_embedded(document, page) for document, of_paper in pages.items() for page in of_paper),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def check_page(path: Path) -> None:
    """UsageError where no page can be put at `path`: another kind of file is there, or its folder is not."""
    if path.exists() and (path.is_dir() or not path.read_bytes().startswith(MARK.encode())):
        raise UsageError(f"{path} is no review page and is left alone; name another file with -o")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: No such file or directory; name another file with -o")


def write_page(path: Path, page: str) -> None:
    """Puts the page at `path`, whole or not at all. Raises as `check_page` does."""
    try:
        check_page(path)
        atomic.write(path, page.encode())
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}; name another file with -o") from None


def _embedded(document: str, page: dict[str, Json]) -> str:
    name = _text(f"page-{document}-{page['number']}")
    return f'<script type="application/json" id="{name}">{_json(page)}</script>'


def _policy(style: str, scripts: list[str], served: bool) -> str:
    """Runs and shows just what is in the file; in served mode it may talk to its own server."""
    hashes = " ".join(map(_hash, scripts))
    connect = "'self'" if served else "'none'"
    return (
        f"default-src 'none'; script-src {hashes}; style-src {_hash(style)}; img-src data:; connect-src {connect}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(value: Json) -> str:
    """JSON that ends no script element, whatever a paper says."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "replace").decode()


def _text(text: str) -> str:
    for character, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, name)
    return text


def _asset(name: str) -> str:
    return (files("dsx.review") / "assets" / name).read_text(encoding="utf-8")
