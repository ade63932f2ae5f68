"""Disks that are full or read-only: one clear line, nothing half written, and the same command goes on afterwards."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

needs_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path, leave: int) -> Path:
    """A file that leaves so many bytes of the disk free."""
    ballast = disk / "ballast"
    state = os.statvfs(disk)
    ballast.write_bytes(b"\0" * max(state.f_bavail * state.f_frsize - leave, 0))
    return ballast


def whole(run: Path) -> bool:
    """Every file of the run can be read to its end, and none is temporary."""
    for path in [*run.glob("*.json"), *run.glob("records/*"), *run.glob("failures/*")]:
        json.loads(path.read_bytes())
    return not list(run.rglob(".tmp-*"))


@needs_mounts
@pytest.mark.parametrize("leave", [0, 8192, 32768])
def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(
    scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path, small_disk: Path, leave: int
) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 8), small_disk / "run"
    ballast = fill(small_disk, leave)
    done = scripted.run("--run", run, papers)
    assert done.returncode == 75, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("dsx: ")]
    assert "No space left on device" in line
    assert str(run) in line
    assert "Traceback" not in done.stderr
    assert whole(run)
    before = stored(run)
    assert len(before) < 8
    assert before or leave < 32768, "the disk was full before the first paper was stored"
    ballast.unlink()
    again = scripted.run("--run", run, papers)
    assert again.returncode == 0, again.stderr
    assert len(stored(run)) == 8
    assert {file: stored(run)[file] for file in before} == before


@needs_mounts
def test_a_folder_that_becomes_read_only(
    scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path, small_disk: Path
) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 2), small_disk / "run"
    assert scripted.run("--run", run, papers / "p00.pdf").returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for folder in (run, small_disk / "other"):
        done = scripted.run("--run", folder, papers)
        assert done.returncode == 2
        assert "Read-only file system" in done.stderr.splitlines()[-1]
        assert "Loading" not in done.stderr
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert scripted.run("--run", run, papers).returncode == 0
    assert len(stored(run)) == 2
    assert whole(run)
