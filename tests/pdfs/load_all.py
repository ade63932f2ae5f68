"""Loads each file that is named; a line for each, "document …" or "failure …"; whatever else is raised ends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dsx.errors import LoadError
from dsx.load.pdf import load_pdf

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what libraries print is no answer
for name in sys.argv[1:]:
    try:
        print("document", len(load_pdf(Path(name)).text), file=answers, flush=True)
    except LoadError as problem:
        print("failure", problem, file=answers, flush=True)
