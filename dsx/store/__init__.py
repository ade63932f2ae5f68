"""Store: one file a paper, there whole or not at all; a run can be killed at any instant and started again.

atomic    files that are whole or absent
claims    who is at which paper
folder    the run folder: manifest, records, failures, logs
serial    results as JSON and back
"""

from dsx.store.claims import Claims
from dsx.store.folder import RunFolder, compare, free, is_run, open_run, probe, read_run
from dsx.store.serial import flag_text, from_json, to_json

__all__ = [
    "Claims",
    "RunFolder",
    "compare",
    "flag_text",
    "free",
    "from_json",
    "is_run",
    "open_run",
    "probe",
    "read_run",
    "to_json",
]
