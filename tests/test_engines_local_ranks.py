"""A model that is split over two processes, which on the CPU meet through gloo, gives what it gives in one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from multiprocessing import Pipe
from pathlib import Path

import psutil
import pytest
import torch
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

from dsx.engines.local.attention.kv_cache import KVCache, LayerShape
from dsx.engines.local.engine import TransformersEngine
from dsx.engines.local.load_rank import LoadJob
from dsx.engines.local.model_files import ModelFiles
from dsx.engines.local.parallel import obstacle
from dsx.engines.local.ranks import Rank, Ranks, start_rank
from dsx.errors import DsxError, MachineError, ModelError
from dsx.schema import read
from dsx.types import EngineSettings, Passage, Question, QuestionId, Shown

pytestmark = pytest.mark.slow
TEXT = "Twelve adults moved a cursor with the left hand in study"
SCHEMA = {
    "type": "object",
    "properties": {"hand": {"enum": ["right", "left", "both"]}, "people": {"type": "string", "maxLength": 200}},
}
OPTIONS = {"dtype": "float32", "device": "cpu", "cache_gigabytes": "0.01"}
TENSOR = OPTIONS | {"parallel": "tensor", "cards": "2"}


def questions(texts: int = 2) -> list[Question]:
    """Two about each text: one that chooses, one that writes more than the slots it is given at first."""
    asked = []
    for text in range(texts):
        shown = Shown(f"{TEXT} {text}.", (Passage(0, len(TEXT)),), True)
        for parameter in read(SCHEMA, "small").root.parameters:
            key = QuestionId(f"paper {text}", names=(parameter.name,))
            prompt = f"Which {parameter.name}?"
            asked.append(Question(key, "Read.", shown, prompt, "parameters", (parameter,), may_be_null=False))
    return asked


def answers(folder: str, options: dict[str, str]) -> dict[QuestionId, tuple[str, dict[str, float]]]:
    """The text of each answer, and the confidence in its values."""
    engine = TransformersEngine(EngineSettings(model=folder, max_new_tokens=90, options=options))
    try:
        return {
            each.question_id: (each.text, {name: value.value for name, value in each.confidence.items()})
            for each in engine.answer(questions())
        }
    finally:
        engine.close()


def rank_processes() -> list[psutil.Process]:
    """The other ranks' processes."""
    return [child for child in psutil.Process().children() if "dsx.engines.local.rank_process" in child.cmdline()]


@pytest.fixture
def qwen3_folder(random_folder: str, tmp_path: Path) -> str:
    """With norms of each head, and a head of its own weights; large ones, for uneven probabilities."""
    torch.manual_seed(1)
    config = Qwen3Config(
        vocab_size=49152,
        hidden_size=64,
        intermediate_size=128,
        head_dim=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=False,
    )
    model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)
    AutoTokenizer.from_pretrained(random_folder).save_pretrained(tmp_path)
    model.save_pretrained(tmp_path)
    return str(tmp_path)


def test_two_processes_answer_as_one(qwen3_folder: str, caplog: pytest.LogCaptureFixture) -> None:
    """And agree that no kernels of this package's own are used, which is said only where these were asked for."""
    caplog.set_level("INFO", "dsx.engines.local")
    alone = answers(qwen3_folder, OPTIONS)
    assert "this package's kernels" not in caplog.text
    split = answers(qwen3_folder, TENSOR | {"kernels": "own"})
    said = "Decode steps are not attended by this package's kernels: no kernel for torch.float32 on cpu"
    assert caplog.text.count(said) == 1
    assert len({text for text, _ in alone.values()} - {"null"}) > 1
    assert alone.keys() == split.keys()
    for key, (text, confidence) in alone.items():
        assert split[key][0] == text
        assert split[key][1] == pytest.approx(confidence, abs=1e-4)
    assert not rank_processes()


def test_two_processes_answer_in_16_bits_too(qwen3_folder: str) -> None:
    """Each has half of the head's weights, whose logits are put together in float32."""
    split = answers(qwen3_folder, TENSOR | {"dtype": "bfloat16"})
    assert split.keys() == answers(qwen3_folder, OPTIONS | {"dtype": "bfloat16"}).keys()
    assert all(text for text, _ in split.values())


@pytest.fixture
def split(random_folder: str) -> Iterator[TransformersEngine]:
    """Of a Llama, whose head has the weights of its embedding."""
    engine = TransformersEngine(EngineSettings(model=random_folder, max_new_tokens=90, options=TENSOR))
    yield engine
    engine.close()


def test_a_killed_process_ends_the_run_with_one_line_and_no_other_answer(
    split: TransformersEngine, random_folder: str
) -> None:
    alone, answering = answers(random_folder, OPTIONS), split.answer(questions(4))
    first = next(answering)
    assert first.text == alone[first.question_id][0]
    [rank] = rank_processes()
    rank.send_signal(signal.SIGTERM)  # which is the parent's to act on
    assert next(answering)
    rank.kill()
    started = time.monotonic()
    with pytest.raises(MachineError, match=r"the process on cpu has ended \(killed by signal 9\)") as raised:
        list(answering)
    assert raised.value.exit_code == 75
    with pytest.raises(MachineError):
        list(split.answer(questions()))
    assert time.monotonic() - started < 10


def test_a_rank_ends_with_its_parent() -> None:
    """Not with the socket alone, whose other end another process may hold."""
    program = (
        "import os, subprocess, sys\n"
        "from multiprocessing import Pipe\n"
        "ours, theirs = Pipe()\n"
        "rank = [sys.executable, '-m', 'dsx.engines.local.rank_process', str(theirs.fileno()), str(os.getpid())]\n"
        "print(subprocess.Popen(rank, pass_fds=[ours.fileno(), theirs.fileno()], stdout=subprocess.DEVNULL).pid)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while psutil.pid_exists(int(ended.stdout)):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_rank_imports_nothing_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dsx.py").write_text("raise SystemExit('a file of the user')")
    monkeypatch.chdir(tmp_path)
    rank = start_rank("cpu")
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            rank.process.wait(2)
    finally:
        rank.process.kill()
        rank.process.wait()
        rank.connection.close()
        rank.errors.close()


def test_a_gpu_that_is_named_is_not_split_over() -> None:
    reason = obstacle(Qwen3Config(), ModelFiles("none", Path()), "none", "cuda:1", 2)
    assert reason == "--set device=cuda:1 is one GPU"


SCRIPTED = """
import os
import sys
from datetime import timedelta
from multiprocessing.connection import Connection
import torch
connection, replies = Connection(int(sys.argv[1])), eval(sys.argv[2])
_, rank, _, meeting = connection.recv()
connection.send(None)
store = torch.distributed.FileStore(str(meeting), 2)
torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2, timeout=timedelta(seconds=60))
if isinstance(replies, int):
    os._exit(replies)
connection.recv()
connection.send(None)
for reply in replies:
    connection.recv()
    connection.send(reply)
connection.recv()
"""


def scripted(replies: list[str | None] | int) -> Callable[[str], Rank]:
    """A rank that has no model, and replies to one command after the other. A number: it ends so."""

    def start(device: str) -> Rank:
        ours, theirs = Pipe()
        command = [sys.executable, "-c", SCRIPTED, str(theirs.fileno()), str(replies)]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL)
        theirs.close()
        return Rank(device, process, ours, BytesIO())

    return start


def test_memory_that_runs_out_on_one_rank_costs_the_pass_alone() -> None:
    """Replies: to a pass; to one that fails there; to settle; to one that fails here; to settle; to a broken one."""
    job = LoadJob(ModelFiles("none", Path()), EngineSettings(), torch.float32, True, False, 1, 2)
    ranks = Ranks(job, ["cpu", "cpu"], scripted([None, "cuda:1: CUDA out of memory", None, None, None, None]))
    try:
        kv_cache = KVCache([LayerShape(1, 4, 4, torch.float32, torch.device("cpu"))], 60)
        ranks.share(kv_cache)
        slots = kv_cache.reallocate(kv_cache.allocate(4), 8, 4)
        free = kv_cache.num_free_slots
        with pytest.raises(torch.OutOfMemoryError, match="cuda:1"):
            kv_cache.reallocate(slots, 16, 8)
        assert kv_cache.num_free_slots == free
        with pytest.raises(MemoryError), kv_cache.together("prefill"):
            raise MemoryError
        with pytest.raises(ValueError, match="a fault"), kv_cache.together("prefill"):
            raise ValueError("a fault of the program, after which nobody knows who did what")
        with pytest.raises(MachineError, match="not at the same pass"):
            kv_cache.reallocate(slots, 16, 8)
    finally:
        ranks.close()


@pytest.mark.parametrize(("code", "error"), [(1, MachineError), (ModelError.exit_code, ModelError)])
def test_a_rank_that_is_lost_while_the_model_loads_is_the_machine_s_trouble(code: int, error: type[DsxError]) -> None:
    """What rank 0 then says of the model stands only where the lost rank said so too."""
    job = LoadJob(ModelFiles("none", Path()), EngineSettings(), torch.float32, True, False, 1, 2)
    ranks = Ranks(job, ["cpu", "cpu"], scripted(code))
    try:
        with pytest.raises(error, match="has ended" if error is MachineError else "could not load none"):
            ranks.load()
    finally:
        ranks.close()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"cards": "3"}, "key heads cannot be divided by 3"),
        ({"cards": "1"}, "not a number of GPUs"),
    ],
)
def test_a_model_that_cannot_be_split_is_refused(random_folder: str, options: dict[str, str], reason: str) -> None:
    with pytest.raises(ModelError, match=f"--set parallel=tensor: .*{reason}"):
        TransformersEngine(EngineSettings(model=random_folder, options=TENSOR | options))
