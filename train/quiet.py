"""Silence of the libraries during training: our own line of progress says what a person needs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import datasets

from ..evaluate.engines.loading import quiet as quiet_transformers


@contextmanager
def quiet() -> Iterator[None]:
    """Keep deprecation notices, progress bars and information of datasets and transformers off the terminal."""
    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it warns of an optional kernel when imported
    try:
        with warnings.catch_warnings(), quiet_transformers():
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", message=".*pin_memory", category=UserWarning)  # on a CPU
            yield
    finally:
        if not bars:
            datasets.enable_progress_bars()
