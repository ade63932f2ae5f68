"""Checks of this machine, a line each, with what to do where something is wrong."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dsx
from dsx.errors import DsxError
from dsx.plugins import Plugins
from dsx.settings import NAME, read_settings, user_file


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ok: None where it is neither good nor bad."""

    what: str
    ok: bool | None
    text: str


def examine(plugins: Plugins, model: str | None) -> Iterator[Finding]:
    """Python, torch, GPUs, flash-attn, the model, the caches and the plugins, in this order."""
    yield Finding("dsx", None, f"{dsx.__version__} in {Path(dsx.__file__).parent}")
    version = platform.python_version()
    yield Finding("python", sys.version_info >= (3, 11), f"{version} at {sys.executable}")
    yield from _packages()
    yield from _gpus()
    yield from _flash_attention()
    yield _settings()
    yield find_model(model or read_settings().model, plugins)
    yield find_cache()
    yield _offline()
    plugins.register_commands()
    for report in plugins.reports:
        name = f"plugin {report.name}"
        if report.problems:
            yield Finding(name, False, f"{report.distribution} {report.version}: {'; '.join(report.problems)}")
        elif report.distribution != "dsx-extract":
            yield Finding(name, True, f"{report.distribution} {report.version}: {', '.join(report.provides)}")


def _settings() -> Finding:
    settings = read_settings()
    if not settings.files:
        return Finding("settings", None, f"no {NAME} here or at {user_file()}")
    chosen = {"model": settings.model, "cache": settings.cache, "runs": settings.runs}
    values = ", ".join(f"{key} {value}" for key, value in chosen.items() if value is not None)
    return Finding("settings", True, f"{values}; of {', '.join(map(str, settings.files))}")


def _packages() -> Iterator[Finding]:
    for name in ("torch", "transformers", "outlines", "llguidance", "pymupdf"):
        try:
            yield Finding(name, True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, False, f"not installed: pip install {name}")


def _gpus() -> Iterator[Finding]:
    import torch

    if not torch.cuda.is_available():
        built = "" if torch.version.cuda else " (this torch is built for the CPU only)"
        yield Finding("gpu", None, f"none: the CPU is used{built}")
        return
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        yield Finding(f"gpu {index}", True, f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")


def _flash_attention() -> Iterator[Finding]:
    import torch

    from dsx.engines.local.attention.triton_backend import HOPPER

    gpus = [torch.cuda.get_device_capability(index) for index in range(torch.cuda.device_count())]
    for package, module, extra, is_useful in (
        ("flash-attn", "flash_attn", "gpu", bool(gpus)),
        ("flash-attn-4", "flash_attn.cute", "flash4", HOPPER in gpus),
    ):
        try:
            version = importlib.metadata.version(package)
            importlib.import_module(module)
            yield Finding(package, True, version)
        except importlib.metadata.PackageNotFoundError:
            if is_useful or package == "flash-attn":
                needed = f": pip install 'dsx-extract[{extra}]'" if is_useful else ""
                yield Finding(package, None, f"not installed{needed}")
        except Exception as problem:  # built for another torch: ImportError, OSError, or what its extension raises
            said = " ".join(str(problem).split())[:200]
            yield Finding(package, False, f"broken, other attention is used instead: {said}")


def find_model(named: str | None, plugins: Plugins) -> Finding:
    """Whether the model is here. None: the one that is taken where none is named."""
    from dsx.engines.local.model_files import EMBEDDED, embedded_is_here, find

    model = named or plugins.default_model
    is_small = "" if named else " (where none is named; for real work give --model)"
    if model is None and embedded_is_here():  # it is converted when it is first used
        return Finding("model", True, f"{EMBEDDED}{is_small}")
    try:
        files = find(model, plugins.model_folder(model))
    except DsxError as problem:
        return Finding("model", False if named else None, str(problem))
    return Finding("model", True, f"{files.name} in {files.folder}{is_small}")


def find_cache() -> Finding:
    """Whether documents can be kept, and nobody else can put something there."""
    from dsx.paths import cache_folder, other_cache, private_folder

    cache = cache_folder()
    try:
        private_folder(cache)
        free = shutil.disk_usage(cache).free / 2**30
        (cache / f".doctor-{os.getpid()}").touch()  # a quota shows only when something is written
        (cache / f".doctor-{os.getpid()}").unlink()
    except OSError as problem:
        return Finding("cache", False, f"{cache}: {problem.strerror}; {other_cache()}")
    return Finding("cache", free > 1, f"{cache}, {free:.0f} GiB free")


def _offline() -> Finding:
    names = [name for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE") if os.environ.get(name)]
    return Finding("network", None, f"not used in a run ({', '.join(names)} set)" if names else "not used in a run")
