"""Built-in normalisers."""

from __future__ import annotations
