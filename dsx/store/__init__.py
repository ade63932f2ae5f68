"""Store: one file a paper, there whole or not at all; a run can be killed at any instant and started again.

atomic    files that are whole or absent
claims    who is at which paper
decisions what reviewers decided about values
folder    the run folder: manifest, records, failures, logs
manifest  what of a run's manifest decides answers, and another parameter set in it
restating decisions in terms of today's parameter set
results   the results of a run as a sequence that is read as it goes
serial    results as JSON and back
"""

from dsx.store.claims import EXPIRY_SECONDS, Claims
from dsx.store.decisions import (
    DecisionFile,
    Reviewed,
    add_decisions,
    agree,
    apply_decisions,
    joined,
    parse_decisions,
    read_decisions,
    read_reviews,
    review_path,
    settle,
    to_plain,
    write_decisions,
)
from dsx.store.folder import (
    RunFolder,
    free,
    is_run,
    newest_run,
    no_run,
    open_run,
    probe,
    read_run,
    runs_in,
)
from dsx.store.manifest import compare, schema_sha256, updated
from dsx.store.restating import asked_of, restate, stale_note
from dsx.store.results import StoredResults
from dsx.store.serial import flag_text, from_json, read_flag, to_json

__all__ = [
    "EXPIRY_SECONDS",
    "Claims",
    "DecisionFile",
    "Reviewed",
    "RunFolder",
    "StoredResults",
    "add_decisions",
    "agree",
    "apply_decisions",
    "asked_of",
    "compare",
    "flag_text",
    "free",
    "from_json",
    "is_run",
    "joined",
    "newest_run",
    "no_run",
    "open_run",
    "parse_decisions",
    "probe",
    "read_decisions",
    "read_flag",
    "read_reviews",
    "read_run",
    "restate",
    "review_path",
    "runs_in",
    "schema_sha256",
    "settle",
    "stale_note",
    "to_json",
    "to_plain",
    "updated",
    "write_decisions",
]
