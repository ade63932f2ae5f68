"""Built-in exporters."""

from __future__ import annotations
