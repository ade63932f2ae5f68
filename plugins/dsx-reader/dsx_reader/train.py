"""Trains a model to read for dsx: all weights of a small one, a LoRA adapter of a large one. Resumable.

The loss is that of the answer alone. Batches are padded on the right: with causal attention the padding is then seen by
nobody, and no mask is needed.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dsx.plugin_api import UsageError
from dsx_reader.dataset import batches, check_bytes, rounded, tokenizer_in
from dsx_reader.epochs import Parts
from dsx_reader.setting import Setting

log = logging.getLogger("dsx.reader")
WHOLE_LIMIT = 700e6
"""Parameters up to which all weights are trained."""
RESUME = "resume.pt"
COMPILED_DIFFERS = 0.05
"""Share of the loss by which that of the compiled model may differ; rounding in bf16 makes less."""
MODELS_OWN = ("config.json", "generation_config.json", "model.safetensors.index.json")
"""Files of a model's folder that are written with its weights; all others of the base's are its tokenizer's."""


@dataclass(slots=True)
class Progress:
    """How far a training is. part, batch: where it is. done: tokens that were seen. examples: digest of its `Parts`."""

    step: int = 0
    part: int = 0
    batch: int = 0
    done: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    examples: str = ""


def train(setting: Setting) -> Path:
    """The folder of the trained model."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(setting.seed)
    setting.out.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_in(setting.base)
    check_bytes(tokenizer)
    with Parts(tokenizer, setting) as parts:
        progress = begun(setting.out)
        if progress.step and progress.examples != parts.digest:
            raise UsageError(f"{setting.out} holds a training on other data; delete it, or give another --out")
        progress.examples = parts.digest
        parts.begin(progress.part)  # before a GPU is used
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = AutoModelForCausalLM.from_pretrained(
            setting.base, dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
        ).to(device)
        learner = Learner(_prepared(model, setting), device, setting.learning_rate)
        learner.resume(setting.out)
        if setting.compiled and device == "cuda":
            learner.compile()
        _steps(learner, parts, setting, progress)
    folder = save(learner.model, setting)
    (setting.out / RESUME).unlink(missing_ok=True)
    return folder


def begun(folder: Path) -> Progress:
    """How far the training of a folder is; the weights are not read."""
    import torch

    file = folder / RESUME
    if not file.is_file():
        return Progress()
    return Progress(**torch.load(file, map_location="cpu", weights_only=True, mmap=True)["progress"])


def _prepared(model: Any, setting: Setting) -> Any:
    """With an adapter where it is large, or one is asked for."""
    size = sum(parameter.numel() for parameter in model.parameters())
    if setting.rank or size > WHOLE_LIMIT:
        model = adapted(model, setting.rank or 32)
    if size > 3e8:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    return model


class Learner:
    """A model and its optimizer. On a GPU the model computes in bf16, and its weights are also kept in float32."""

    def __init__(self, model: Any, device: str, learning_rate: float) -> None:
        import torch

        self.model, self.device, self.learning_rate = model, device, learning_rate
        self.compiled, self._is_checked = False, False
        if device == "cuda":
            model.to(torch.bfloat16)
        self._used = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self.weights = {name: value.detach().float().clone() for name, value in self._used.items()}
        self.optimizer = torch.optim.AdamW(
            list(self.weights.values()), lr=learning_rate, weight_decay=0.01, betas=(0.9, 0.95), fused=device == "cuda"
        )
        model.train()

    def step(self, batch: Sequence[dict[str, Any]], rate: float) -> float:
        """Learns from a batch at a share of the learning rate; its loss."""
        import torch

        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * rate
        loss = self._learned(batch)
        for name, value in self._used.items():
            self.weights[name].grad = None if value.grad is None else value.grad.float()
            value.grad = None
        torch.nn.utils.clip_grad_norm_(list(self.weights.values()), 1.0)
        self.optimizer.step()
        self._copy()
        return float(loss.detach())

    def compile(self, backend: Any = "inductor") -> None:
        """From now on the layers are compiled, for any shape; where that fails it goes on without.

        Layers and not the model: compiled, its code (transformers 5.23 with torch 2.13) would make a mask, which
        keeps attention from its fast kernel.
        """
        for layer in getattr(body_of(self.model), "layers", ()):
            layer.compile(dynamic=True, backend=backend)
        self.compiled = True

    def _learned(self, batch: Sequence[dict[str, Any]]) -> Any:
        """The loss of a batch, whose gradients the model has then."""
        import torch
        import torch._dynamo.config

        try:
            with torch._dynamo.config.patch(suppress_errors=False):  # who imports outlines has them suppressed
                loss = loss_of(self.model, batch, self.device)
            if self.compiled and not self._is_checked:
                self._check(batch, float(loss.detach()))
            loss.backward()
        except Exception as problem:  # the compiler raises errors of many kinds
            if not self.compiled:
                raise
            log.warning("The model is not compiled: %s", str(problem).split("\n", 1)[0])
            self.compiled = False
            torch.compiler.set_stance("force_eager")
            self.model.zero_grad()
            loss = loss_of(self.model, batch, self.device)
            loss.backward()
        return loss

    def _check(self, batch: Sequence[dict[str, Any]], loss: float) -> None:
        """Raises ArithmeticError where the compiled model's loss is not the model's."""
        import torch

        with torch.no_grad(), torch.compiler.set_stance("force_eager"):
            expected = float(loss_of(self.model, batch, self.device))
        if not abs(loss - expected) <= COMPILED_DIFFERS * expected:
            raise ArithmeticError(f"compiled, its loss is {loss:.4f} in place of {expected:.4f}")
        self._is_checked = True

    def _copy(self) -> None:
        import torch

        with torch.no_grad():
            for name, value in self._used.items():
                value.copy_(self.weights[name])

    def checkpoint(self, folder: Path, progress: Progress) -> None:
        """What a stopped training goes on from."""
        import torch

        state = {"weights": self.weights, "optimizer": self.optimizer.state_dict(), "progress": asdict(progress)}
        making = folder / "resume.making"
        torch.save(state, making)
        making.rename(folder / RESUME)

    def resume(self, folder: Path) -> None:
        """Takes the weights of a stopped training, if there is one."""
        import torch

        file = folder / RESUME
        if not file.is_file():
            return
        state = torch.load(file, map_location="cpu", weights_only=True)
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.weights[name].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        self._copy()


def _steps(learner: Learner, parts: Parts, setting: Setting, progress: Progress) -> None:
    from tqdm import tqdm

    share = 0.0
    before, started, saved = progress.seconds, time.monotonic(), time.monotonic()
    with tqdm(initial=progress.step, unit="step", mininterval=10) as bar:
        while progress.part < parts.total:
            rows = parts.rows(progress.part)
            plan = list(batches(rows, setting.tokens, parts.seed(progress.part)))
            for indices in plan[progress.batch :]:
                share = parts.share(progress.part, progress.batch / len(plan))
                rate = 1 - 0.95 * (over := max(share, progress.seconds / (setting.minutes * 60)))
                if over >= 1:
                    break
                batch = [rows[index] for index in indices]
                loss = learner.step(batch, min(1.0, (progress.step + 1) / 50) * rate)
                progress.step += 1
                progress.batch += 1
                progress.done += sum(len(row["prompt"]) + len(row["answer"]) for row in batch)
                progress.seconds = before + time.monotonic() - started
                bar.update()
                if progress.step % 20 == 0:
                    progress.losses.append(round(loss, 4))
                    bar.total = round(progress.step / over)
                    bar.set_postfix(loss=progress.losses[-1], tokens_s=round(progress.done / progress.seconds))
                    _log(setting, progress, share)
                if time.monotonic() - saved > setting.save_minutes * 60:
                    learner.checkpoint(setting.out, progress)
                    saved = time.monotonic()
            if progress.batch < len(plan):
                break
            progress.part, progress.batch = progress.part + 1, 0
    _log(setting, progress, share)


def body_of(model: Any) -> Any:
    """The part of a model that gives hidden states."""
    return (model.get_base_model() if hasattr(model, "get_base_model") else model).model


def loss_of(model: Any, batch: Sequence[dict[str, Any]], device: str) -> Any:
    """The weighted cross-entropy of the answers."""
    import torch

    longest = rounded(max(len(row["prompt"]) + len(row["answer"]) for row in batch))
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    labels = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for index, row in enumerate(batch):
        start, answer = len(row["prompt"]), row["answer"]
        ids[index, : start + len(answer)] = torch.tensor(row["prompt"] + answer)
        labels[index, start - 1 : start - 1 + len(answer)] = torch.tensor(answer)
        weights[index, start - 1 : start - 1 + len(answer)] = torch.tensor(row["weights"])
    ids, labels, weights = ids.to(device), labels.to(device).flatten(), weights.to(device).flatten()
    hidden = body_of(model)(input_ids=ids, use_cache=False).last_hidden_state.flatten(0, 1)
    kept = weights > 0
    logits = model.get_output_embeddings()(hidden[kept])
    losses = torch.nn.functional.cross_entropy(logits.float(), labels[kept], reduction="none")
    return (losses * weights[kept]).sum() / weights[kept].sum()


def adapted(model: Any, rank: int) -> Any:
    """The model with a LoRA adapter on all its linear layers but the head."""
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", lora_dropout=0.0))


# ---- what is kept ----


def save(model: Any, setting: Setting) -> Path:
    """The folder of the trained model, in bf16: an adapter merged into it, the base's tokenizer beside it."""
    import torch

    if hasattr(model, "merge_and_unload"):
        model.save_pretrained(setting.out / "adapter")
        model = model.merge_and_unload()
    folder = setting.out / "model"
    model.to(torch.bfloat16).save_pretrained(folder)
    for file in setting.base.iterdir():
        if file.suffix in (".json", ".jinja", ".txt", ".model") and file.name not in MODELS_OWN:
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def _log(setting: Setting, progress: Progress, share: float) -> None:
    """share: of the epochs."""
    line: dict[str, Any] = {"step": progress.step, "share": round(share, 4), "tokens": progress.done}
    line |= {"seconds": round(progress.seconds, 1), "loss": progress.losses[-1] if progress.losses else None}
    with (setting.out / setting.log_file).open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")
