"""Weights of 8 or 4 bits, by bitsandbytes."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

import torch
from transformers import BitsAndBytesConfig, PreTrainedModel

from dsx.errors import ModelError


def check(quantize: str) -> None:
    """Raises ModelError where the package is missing."""
    if quantize != "none" and importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(f"--quantize {quantize} needs bitsandbytes: pip install 'bitsandbytes>=0.48'")


def config_of(quantize: str, dtype: torch.dtype) -> BitsAndBytesConfig:
    """How weights are stored. dtype: that products are computed in."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it warns at each product of matrices
    return BitsAndBytesConfig(
        load_in_8bit=quantize == "8bit",
        load_in_4bit=quantize == "4bit",
        bnb_4bit_quant_type="nf4",  # a normal distribution's quantiles (Dettmers et al. 2023), as weights are
        bnb_4bit_compute_dtype=dtype,
    )


def quantize_drawn(model: PreTrainedModel, config: BitsAndBytesConfig) -> None:
    """Weights that were drawn in 16 bits, where transformers quantizes only those that it reads."""
    import bitsandbytes.nn as bnb

    for module in model.modules():
        if not isinstance(module, bnb.Linear8bitLt | bnb.Linear4bit):
            continue
        drawn: torch.Tensor = module.weight.data
        how: dict[str, Any] = {"requires_grad": False}
        if isinstance(module, bnb.Linear8bitLt):  # on the way to its device, alone
            weight: torch.nn.Parameter = bnb.Int8Params(drawn.cpu(), has_fp16_weights=False, **how)
        else:
            weight = bnb.Params4bit(drawn, quant_type=config.bnb_4bit_quant_type, **how)
        module.weight = weight.to(drawn.device)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # of the 16 bits
