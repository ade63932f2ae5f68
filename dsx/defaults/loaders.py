"""Built-in loaders."""

from __future__ import annotations
