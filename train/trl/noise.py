"""Where dropout and noise belong: in the loss, if they are asked for, and never in what is drawn.

TRL switches off modules of dropout. Older architectures (OPT, XGLM, BioGPT, GPTBigCode) keep a rate as a number of a
layer and drop within its ``forward``, which that does not reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn


def disable_rates(base: nn.Module) -> None:
    """Set the rates of dropout that layers keep as numbers to 0, as TRL's ``disable_dropout`` does with modules."""
    for module in base.modules():
        for name in _rates(module):
            setattr(module, name, 0.0)


@contextmanager
def without_noise(model: Any) -> Iterator[None]:
    """Switch off dropout, and NEFTune's noise on the embeddings, for the time of the block."""
    active = [module for module in model.modules() if module.training and _is_noisy(module)]
    for module in active:
        module.training = False
    try:
        yield
    finally:
        for module in active:
            module.training = True


def _is_noisy(module: Any) -> bool:
    """Attention reads the rate of its own module of dropout, and drops if it trains itself."""
    drops = any(isinstance(one, nn.Dropout) for one in (module, *module.children()))
    return drops or hasattr(module, "neftune_noise_alpha") or bool(_rates(module))


def _rates(module: nn.Module) -> list[str]:
    """Return the names of a layer's own rates of dropout above 0."""
    return [name for name, value in vars(module).items() if "drop" in name and isinstance(value, float) and value > 0]
