"""Typeset the sample papers from their sources, byte for byte the same each time.

    pip install typst==0.15.2
    python examples/make_sample.py            # writes papers/sample.pdf and papers_clinical/clinical.pdf
    python examples/make_sample.py --check    # writes nothing; exit status 1 if a committed PDF differs

The fonts are those bundled with the typesetter; fonts of the system are ignored, and a PDF's date is the one that
its source gives. Another version of the typesetter may break lines elsewhere: then the quotes and pages in gold/
have to be gone through again, so the version is pinned.
"""

from __future__ import annotations

import argparse
import re
import sys
import zlib
from pathlib import Path

import typst

TYPST_VERSION = "0.15.2"
HERE = Path(__file__).resolve().parent
PDF_OF = {
    HERE / "sample.typ": HERE / "papers" / "sample.pdf",
    HERE / "sample_clinical.typ": HERE / "papers_clinical" / "clinical.pdf",
}
COMPRESSED_CMAP = re.compile(rb"<</Length (\d+)/Type/CMap/Filter/FlateDecode(/WMode 0>>\nstream\n)")
XREF_ENTRY = re.compile(rb"(\d{10})( 00000 n\r\n)")


def with_plain_hyphens(pdf: bytes) -> bytes:
    """The same pages, whose text layer gives U+002D for every hyphen that is drawn.

    The typesetter maps the hyphen glyph of a broken word to U+00AD; most journals' PDFs give the plain character,
    which leaves it to the reader of the text whether "right-" and "handed" are one word. The few tables that map
    glyphs to characters are stored uncompressed, so that the result does not depend on the version of zlib, and
    the offsets in the (PDF 1.4, plain text) cross-reference table are moved along.
    """
    pieces, moves, done = [], [], 0
    for match in COMPRESSED_CMAP.finditer(pdf):
        end = match.end() + int(match[1])
        cmap = zlib.decompress(pdf[match.end() : end]).replace(b"<00AD>", b"<002D>")
        replaced = b"<</Length %d/Type/CMap%b%b" % (len(cmap), match[2], cmap)
        pieces += [pdf[done : match.start()], replaced]
        moves.append((end, len(replaced) - (end - match.start())))
        done = end

    def moved(offset: int) -> int:
        return offset + sum(by for end, by in moves if end <= offset)

    table = pdf.rindex(b"\nxref\n") + 1
    pieces.append(pdf[done:table])
    tail = XREF_ENTRY.sub(lambda entry: b"%010d%b" % (moved(int(entry[1])), entry[2]), pdf[table:])
    pieces.append(tail.replace(b"startxref\n%d\n" % table, b"startxref\n%d\n" % moved(table)))
    return b"".join(pieces)


def typeset(source: Path) -> bytes:
    """The PDF's bytes: version 1.4 and without tags, as most journals' PDFs are."""
    compiler = typst.Compiler(source, root=source.parent, ignore_system_fonts=True)
    pdf = compiler.compile(format="pdf", pdf_standards="1.4", pdf_tags=False)
    if not isinstance(pdf, bytes):
        raise TypeError(f"expected one PDF, got {type(pdf).__name__}")
    return with_plain_hyphens(pdf)


def main() -> int:
    """Exit status: 0 written, or all equal under --check; 1 one differs under --check."""
    parser = argparse.ArgumentParser(description="Typeset the sample papers.")
    parser.add_argument("--check", action="store_true", help="compare with the committed PDFs instead of writing them")
    check = parser.parse_args().check
    differing = 0
    for source, path in PDF_OF.items():
        pdf = typeset(source)
        if not check:
            path.write_bytes(pdf)
        elif not path.exists() or path.read_bytes() != pdf:
            print(f"{path.name}: differs from what {source.name} gives", file=sys.stderr)
            differing += 1
    return min(differing, 1)


if __name__ == "__main__":
    sys.exit(main())
