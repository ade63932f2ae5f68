"""The built-in commands, name → one line of help; no plugin may take their names."""

from __future__ import annotations

COMMANDS = {
    "extract": "Fill a parameter set from papers.",
    "export": "Write a run's results as a table or as JSON.",
    "review": "Check values beside the pages that they come from.",
    "eval": "Hold a run against gold, compare runs, measure agreement.",
    "runs": "List runs, show one, try its failures again, merge several.",
    "show": "Print what dsx reads in a document.",
    "slurm": "Submit an extraction as a Slurm job.",
    "recover": "Put one malformed raw answer through the repairs.",
    "schema": "List, show, check and export parameter sets.",
    "plugins": "List, check and make plugins.",
    "models": "List models, or fetch one.",
    "bench": "Time a run on this machine, before any weights are there.",
    "doctor": "Check this machine: Python, torch, GPUs, models, plugins.",
}
"""Command `NAME` is the attribute `command` of the module `dsx.cli.NAME`."""
