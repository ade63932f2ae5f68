"""The real wrapper under a real Slurm of one node with two fake GPUs (up.sh): what happens to jobs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
WRAPPERS = HERE.parents[1] / "slurm"
CONF = {"SLURM_CONF": "/run/dsx-slurm/slurm.conf"}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Up for this module."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.skip("a Slurm for tests needs root and Debian")
    up = subprocess.run([HERE / "up.sh"], capture_output=True, text=True, timeout=300)
    if up.returncode:
        pytest.skip(f"no Slurm for tests: {up.stderr.strip().splitlines()[-1:]}")
    yield
    subprocess.run([HERE / "down.sh"], check=True, timeout=60)


class Cluster:
    """Jobs of the real wrapper with the scripted engine, in a folder of their own."""

    def __init__(self, scripted: Any, folder: Path) -> None:
        self.scripted, self.folder, self.run = scripted, folder, folder / "run"
        self.papers = scripted.papers(folder / "papers", 12)
        command = folder / "dsx"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m dsx "$@"\n')
        command.chmod(0o755)
        settings = {"DSX": str(command), "RUN": str(self.run), "CACHE": str(folder / "cache")}
        self.environment = {**scripted.environment(), **settings, **CONF}

    def submit(
        self,
        *options: str,
        arguments: list[str] | None = None,
        delay: str = "0",
        wrapper: str = "extract.sbatch",
        **settings: str,
    ) -> str:
        """The job's number."""
        words = self.scripted.extract(self.papers)[4:] if arguments is None else arguments
        done = subprocess.run(
            ["sbatch", "--parsable", "--time=10", *options, WRAPPERS / wrapper, *words],
            env={**self.environment, "SCRIPTED_DELAY": delay, **settings},
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def slurm(self, *command: str) -> str:
        """A Slurm command's output."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout.strip()

    def show(self, job: str) -> dict[str, str]:
        """`scontrol show job`, of one job."""
        return dict(re.findall(r"(\S+?)=(\S*)", self.slurm("scontrol", "show", "job", job)))

    def states(self, job: str) -> list[str]:
        """Of the job or its tasks."""
        return self.slurm("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%T").split()

    def ended(self, job: str, seconds: float = 120) -> list[str]:
        """The states in which the job or its tasks ended."""
        going = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD"}
        self.until(lambda: not going & set(self.states(job)), seconds)
        return self.states(job)

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Waits; shows the jobs' logs where it was in vain."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        """All that the jobs wrote."""
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("*.log")))

    def stored(self) -> int:
        """Papers that are done."""
        return len(list(self.run.glob("records/*.json")))


@pytest.fixture
def jobs(scripted: Any, tmp_path: Path) -> Iterator[Cluster]:
    """No job is left over."""
    cluster = Cluster(scripted, tmp_path)
    yield cluster
    cluster.slurm("scancel", "--user=root")
    cluster.until(lambda: not cluster.slurm("squeue", "-h"))


@pytest.fixture
def whole(undisturbed: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """What a run without Slurm stores of the twelve papers."""
    return undisturbed(12)


def test_a_job_sees_both_gpus_and_does_all_papers(
    jobs: Cluster, stored: Callable[[Path], dict[str, Any]], whole: dict[str, Any]
) -> None:
    job = jobs.submit("--gres=gpu:2")
    assert jobs.ended(job) == ["COMPLETED"], jobs.said()
    assert jobs.show(job)["ExitCode"] == "0:0"
    assert "GPUs 0,1" in jobs.said()
    assert "2 of 2 visible; CUDA_VISIBLE_DEVICES=0,1" in jobs.said()
    assert '"gpus": "0,1"' in (jobs.run / "run.json").read_text()
    assert stored(jobs.run) == whole


@pytest.mark.parametrize("share", ["shard", "claim"])
def test_an_array_of_four_finishes_twelve_papers(
    jobs: Cluster, stored: Callable[[Path], dict[str, Any]], whole: dict[str, Any], share: str
) -> None:
    job = jobs.submit("--array=0-3", "--gres=gpu:0", "--mem=1G", "--cpus-per-task=1", SHARE=share)
    assert jobs.ended(job) == ["COMPLETED"] * 4, jobs.said()
    assert stored(jobs.run) == whole
    assert jobs.said().count("12 papers" if share == "shard" else "--claim") == 4


def test_usr1_in_the_middle_requeues_the_job_and_it_completes(
    jobs: Cluster, stored: Callable[[Path], dict[str, Any]], whole: dict[str, Any]
) -> None:
    job = jobs.submit(delay="0.15")
    jobs.until(lambda: jobs.stored() >= 2)
    jobs.slurm("scancel", "--batch", "--signal=USR1", job)
    jobs.until(lambda: jobs.show(job)["Restarts"] == "1")
    assert 2 <= jobs.stored() < 12
    assert jobs.ended(job) == ["COMPLETED"], jobs.said()
    assert jobs.show(job)["ExitCode"] == "0:0"
    assert "stopped by USR1: requeued" in jobs.said()
    assert "done earlier" in jobs.said()
    assert stored(jobs.run) == whole


def test_usr1_during_the_checks_requeues_the_job_too(jobs: Cluster) -> None:
    command = jobs.folder / "dsx"
    slow = '[ "$1" = doctor ] && [ "${SLURM_RESTART_COUNT:-0}" = 0 ] && touch checking && sleep 1\n'
    command.write_text(command.read_text().replace("exec", f"{slow}exec", 1))
    job = jobs.submit()
    jobs.until((jobs.folder / "checking").exists)
    jobs.slurm("scancel", "--batch", "--signal=USR1", job)
    jobs.until(lambda: jobs.show(job)["Restarts"] == "1")
    assert not jobs.run.exists()
    assert jobs.ended(job) == ["COMPLETED"], jobs.said()
    assert jobs.stored() == 12


def test_a_job_that_never_gets_to_a_paper_is_not_requeued_for_ever(jobs: Cluster) -> None:
    command = jobs.folder / "dsx"
    slow = '[ "$1" = doctor ] && touch "checking-${SLURM_RESTART_COUNT:-0}" && sleep 1\n'
    command.write_text(command.read_text().replace("exec", f"{slow}exec", 1))
    job = jobs.submit()
    for restarts in range(3):
        jobs.until((jobs.folder / f"checking-{restarts}").exists)
        jobs.slurm("scancel", "--batch", "--signal=USR1", job)
    assert jobs.ended(job) == ["FAILED"], jobs.said()
    assert (jobs.show(job)["Restarts"], jobs.show(job)["ExitCode"]) == ("2", "75:0")
    assert f"not requeued; submit it once more with RUN={jobs.run} to go on, with a longer --time" in jobs.said()


def test_a_killed_job_says_where_the_next_goes_on(
    jobs: Cluster, stored: Callable[[Path], dict[str, Any]], whole: dict[str, Any]
) -> None:
    words = jobs.scripted.extract("--run", jobs.folder / "mine", jobs.papers)[4:]
    killed = jobs.submit(arguments=words, delay="0.3")
    jobs.run = jobs.folder / "mine"
    jobs.until(lambda: jobs.stored() >= 2)
    pids = [line.split()[0] for line in jobs.slurm("scontrol", "listpids", killed).splitlines()[1:]]
    (extract,) = [pid for pid in pids if b"\0extract\0" in Path("/proc", pid, "cmdline").read_bytes()]
    os.kill(int(extract), signal.SIGKILL)
    assert jobs.ended(killed) == ["FAILED"]
    assert jobs.show(killed)["ExitCode"] == "137:0"
    left = jobs.stored()
    (said,) = re.findall("exit code 137; submit it once more with RUN=(.*) to go on", jobs.said())
    again = jobs.submit(RUN=said)
    assert jobs.ended(again) == ["COMPLETED"], jobs.said()
    assert f"{12 - left} done, {left} done earlier" in jobs.said()
    assert stored(jobs.run) == whole


def test_a_wrong_schema_ends_the_job_before_a_model_is_loaded(jobs: Cluster) -> None:
    schema = jobs.folder / "wrong.json"
    schema.write_text('{"type": "object", "properties": {"a": {"type": "string", "not": {}}}}')
    job = jobs.submit(arguments=["--schema", str(schema), "--engine", "scripted", str(jobs.papers)])
    assert jobs.ended(job) == ["FAILED"]
    assert jobs.show(job)["ExitCode"] == "2:0"
    assert "/properties/a/not" in jobs.said()
    assert "Loading" not in jobs.said()
    assert not jobs.run.exists()


def test_scancel_leaves_a_folder_that_goes_on(
    jobs: Cluster, stored: Callable[[Path], dict[str, Any]], whole: dict[str, Any]
) -> None:
    job = jobs.submit(delay="0.3")
    jobs.until(lambda: jobs.stored() >= 2)
    jobs.slurm("scancel", job)
    assert jobs.ended(job) == ["CANCELLED"]
    jobs.until(lambda: "exit code 75" in jobs.said())
    left = jobs.stored()
    assert 2 <= left < 12
    assert not list(jobs.run.rglob(".tmp-*"))
    again = jobs.submit()
    assert jobs.ended(again) == ["COMPLETED"], jobs.said()
    assert f"{12 - left} done, {left} done earlier" in jobs.said()
    assert stored(jobs.run) == whole


def test_dsx_slurm_submit_submits_the_same_script(jobs: Cluster) -> None:
    words = jobs.scripted.extract("--run", jobs.run, jobs.papers)[4:]
    options = ["--time", "10", "--set", f"DSX={jobs.folder / 'dsx'}", "--set", f"CACHE={jobs.folder / 'cache'}"]
    command = [sys.executable, "-m", "dsx", "slurm", "submit", *options, "--", *words]
    done = subprocess.run(command, env=jobs.environment, cwd=jobs.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert jobs.ended(done.stdout.strip()) == ["COMPLETED"], jobs.said()
    assert jobs.stored() == 12
    array = [*command[:5], "--array", "0-1", "--gpus", "0", "--sbatch", "mem=1G", *command[5:]]
    done = subprocess.run(array, env=jobs.environment, cwd=jobs.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    number = done.stdout.strip()
    assert f"its log is dsx-{number}_*.log here" in done.stderr
    assert jobs.ended(number) == ["COMPLETED"] * 2, jobs.said()
    assert [log.name for log in sorted(jobs.folder.glob(f"dsx-{number}*"))] == [f"dsx-{number}_{n}.log" for n in (0, 1)]
    refused = [*command[:5], "--gpus", "3", *command[5:]]
    done = subprocess.run(refused, env=jobs.environment, cwd=jobs.folder, capture_output=True, text=True)
    assert done.returncode == 2
    assert "sbatch: " in done.stderr


def test_a_server_and_its_client(jobs: Cluster, stored: Callable[[Path], dict[str, Any]]) -> None:
    vllm = jobs.folder / "vllm"
    vllm.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE / "fake_vllm.py"} "$@"\n')
    vllm.chmod(0o755)
    (jobs.folder / "model").mkdir()
    servers = {"VLLM": str(vllm), "MODEL": str(jobs.folder / "model"), "SERVERS": str(jobs.folder / "servers")}
    server = jobs.submit(wrapper="serve.sbatch", arguments=[], **servers)
    words = ["--schema", str(jobs.scripted.schema()), str(jobs.papers)]
    here = {"SERVER": server, "WRAPPERS": str(WRAPPERS), **servers}
    client = jobs.submit(f"--dependency=after:{server}", arguments=words, wrapper="extract-client.sbatch", **here)
    assert jobs.ended(client) == ["COMPLETED"], jobs.said()
    assert "2 GPUs, CUDA_VISIBLE_DEVICES=0,1" in jobs.said()
    assert len(stored(jobs.run)) == 12
    values = [
        value
        for paper in stored(jobs.run).values()
        for record in paper["records"]
        for value in record["values"].values()
    ]
    assert {value["status"] for value in values} == {"not_reported"}
    (address,) = (jobs.folder / "servers").iterdir()
    assert address.stat().st_mode & 0o777 == 0o600
    key = address.read_text().split()[1]
    assert not any(key in path.read_text() for path in [*jobs.run.rglob("*.json*"), *jobs.folder.glob("*.log")])
    jobs.slurm("scancel", server)
    jobs.ended(server)
    jobs.until(lambda: not address.exists())
    late = jobs.submit(arguments=words, wrapper="extract-client.sbatch", **here)
    assert jobs.ended(late) == ["FAILED"]
    assert jobs.show(late)["ExitCode"] == "2:0"


def test_a_client_that_is_stopped_before_its_server_is_there_says_so(jobs: Cluster) -> None:
    server = jobs.submit("--hold", wrapper="serve.sbatch", arguments=[])
    here = {"SERVER": server, "WRAPPERS": str(WRAPPERS)}
    client = jobs.submit(wrapper="extract-client.sbatch", **here)
    jobs.until(lambda: jobs.states(client) == ["RUNNING"])
    time.sleep(1)  # until bash has come to its trap
    jobs.slurm("scancel", "--batch", "--signal=USR1", client)
    assert jobs.ended(client) == ["FAILED"]
    assert jobs.show(client)["ExitCode"] == "75:0"
    assert "submit it once more" in jobs.said()
    impatient = jobs.submit(wrapper="extract-client.sbatch", WAIT_SECONDS="1", **here)
    assert jobs.ended(impatient) == ["FAILED"]
    assert "no server after 1 s" in jobs.said()


@pytest.mark.parametrize("wrapper", sorted(WRAPPERS.glob("*.sbatch")), ids=lambda wrapper: wrapper.name)
def test_slurm_accepts_every_wrapper(jobs: Cluster, wrapper: Path) -> None:
    done = subprocess.run(["sbatch", "--test-only", wrapper], env=jobs.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "to start at" in done.stderr
    refused = subprocess.run(
        ["sbatch", "--test-only", "--gres=gpu:3", wrapper], env=jobs.environment, capture_output=True, text=True
    )
    assert refused.returncode != 0, "this Slurm accepts anything"
