"""slurm/extract.sbatch with its settings filled in, for those who do not want to edit it."""

from __future__ import annotations

import importlib.resources
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence

from dsx.errors import UsageError

SETTINGS = "# ---- settings"
"""How the wrapper's line begins after which values are put."""
ARRAY_LOG = "%x-%A_%a.log"
"""The log of an array's task, as sbatch names it: by the job's name, the array's number and the task's."""


def script(words: Sequence[str], settings: Mapping[str, str], options: Mapping[str, str]) -> str:
    """The wrapper for `dsx extract WORDS`.

    settings: the wrapper's own, by name (RUN, SHARE, …). options: sbatch's, by long name without dashes; a value of
    "" is a switch. Each takes the place of the wrapper's own line, or is added. The logs of an array's tasks are named
    by its number and theirs.
    """
    if "array" in options:
        options = {"output": ARRAY_LOG, **options}
    text = (importlib.resources.files("dsx") / "sbatch" / "extract.sbatch").read_text(encoding="utf-8")
    for name in settings:
        if not re.search(rf'^: "\${{{re.escape(name)}:=', text, re.M):
            known = ", ".join(re.findall(r'^: "\${(\w+):=', text, re.M))
            raise UsageError(f"the wrapper has no setting {name}; there are: {known}")
    for name, value in options.items():
        line = f"#SBATCH --{name}{'=' if value else ''}{value}"
        text, replaced = re.subn(rf"^#SBATCH --{re.escape(name)}(=.*)?$", line.replace("\\", r"\\"), text, flags=re.M)
        if not replaced:
            text = text.replace("#SBATCH", f"{line}\n#SBATCH", 1)
    values = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    lines = text.splitlines()
    after = next(number for number, line in enumerate(lines, 1) if line.startswith(SETTINGS))
    lines[after:after] = [*values, f"set -- {shlex.join(words)}"]
    return "\n".join(lines) + "\n"


def submit(text: str) -> str:
    """The job's number. Raises UsageError, with what sbatch said, where it does not take the script."""
    try:
        done = subprocess.run(["sbatch", "--parsable"], input=text, capture_output=True, text=True)
    except FileNotFoundError:
        raise UsageError("there is no sbatch here; write the script with --print and submit it elsewhere") from None
    if done.returncode:
        raise UsageError(f"sbatch: {done.stderr.strip()}")
    return done.stdout.strip().split(";")[0]
