"""Built-in repairs."""

from __future__ import annotations
