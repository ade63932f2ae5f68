"""How many threads this process computes with: the processors that it was given, shared with its siblings.

Threads that wait must not spin: two processes of small operations on two cores, with spinning threads, took 158 s a
paper each where one alone took 12 s; with sleeping ones 19 s.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def given_cpus(environment: Mapping[str, str] = os.environ, cgroups: Path = CGROUPS) -> int:
    """Processors that this process may use: of its affinity, its control group, Slurm's and OpenMP's settings the
    least."""
    limits = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1]
    limits += [math.ceil(quota) for quota in _quotas(cgroups)]
    names = ["OMP_NUM_THREADS"]
    if "SLURM_JOB_ID" in environment:
        names.append("SLURM_CPUS_PER_TASK" if "SLURM_CPUS_PER_TASK" in environment else "SLURM_CPUS_ON_NODE")
    for name in names:
        value = environment.get(name, "").strip()
        limits += [int(value)] if value.isascii() and value.isdecimal() and len(value) < 6 else []
    return max(min(limits), 1)


def _quotas(cgroups: Path) -> list[float]:
    """Processors' worth of time that the control groups of this process allow, the own one's and those above."""
    quotas = []
    try:
        own = Path("/proc/self/cgroup").read_text().partition("0::/")[2].splitlines()
        folders = [cgroups / (own[0] if own else "")]
        folders += [parent for parent in folders[0].parents if parent.is_relative_to(cgroups)]
        for folder in folders:
            if (folder / "cpu.max").is_file():
                quota, period = (folder / "cpu.max").read_text().split()[:2]
                quotas += [int(quota) / int(period)] if quota != "max" else []
        old = cgroups / "cpu"  # version 1
        if (old / "cpu.cfs_quota_us").is_file() and (spent := int((old / "cpu.cfs_quota_us").read_text())) > 0:
            quotas.append(spent / int((old / "cpu.cfs_period_us").read_text()))
    except (OSError, ValueError, ZeroDivisionError):  # no such system, or not to be read
        pass
    return [quota for quota in quotas if quota > 0]


def prepare(threads: int | None) -> None:
    """Before torch is imported: waiting threads sleep, and there are not more than there are processors."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["OMP_NUM_THREADS"] = str(threads or given_cpus())


def use_threads(count: int) -> None:
    """From now on, where torch computes in this process."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != count:
        torch.set_num_threads(count)
