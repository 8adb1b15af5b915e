"""The engine over the model that is being trained: no second load."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save
from torch import nn
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor
from transformers import PreTrainedTokenizerBase
from trl.distributed import DistributedBackend
from trl.models.utils import unwrap_model_for_generation

from ...evaluate.engines.checkpoint import adapter_digest, combined, digests, locate
from ...evaluate.engines.loading import ADAPTER_WEIGHTS, LoadedBase
from ...evaluate.engines.transformers import TransformersEngine
from ..heldout.questions import loading
from ..recipe.recipe import Recipe
from .isolation import isolated
from .rollouts import ADAPTER
from .trainer import GuardedTrainer


@dataclass
class LiveBase(LoadedBase):
    """A trainer's base. Its one adapter can also answer with the weights in ``start``, the folder it goes on from."""

    start: Path | None = None

    @contextmanager
    def active(self, adapter: Path | None) -> Iterator[Any]:
        """Give the model with ``adapter`` switched on; the weights in training come back bit for bit."""
        if adapter is None or adapter != self.start:
            with super().active(adapter) as model:
                yield model
            return
        own = get_peft_model_state_dict(self.model, adapter_name=ADAPTER)
        own = {name: tensor.clone() for name, tensor in own.items()}
        set_peft_model_state_dict(self.model, load_file(adapter / ADAPTER_WEIGHTS), adapter_name=ADAPTER)
        try:
            with super().active(adapter) as model:
                yield model
        finally:
            set_peft_model_state_dict(self.model, own, adapter_name=ADAPTER)


@dataclass
class SnapshotEngine(TransformersEngine):
    """Answers with the weights of this moment, which are named as they would be on disk."""

    fingerprint: str = ""

    @cached_property
    def weights(self) -> str:
        """The fingerprint of the weights that answer."""
        return self.fingerprint


@dataclass(frozen=True)
class Snapshot:
    """A trainer's base, with the adapter of this moment on it.

    ``adapter`` has the very bytes of ``adapter_model.safetensors`` that PEFT would save; ``start`` is the folder of
    the adapter that training goes on from.
    """

    base: LoadedBase
    base_digests: Sequence[bytes]
    adapter_digest: bytes
    out: Path
    adapter: bytes
    start: Path | None = None

    def engine(self, name: str, *, tuned: bool) -> SnapshotEngine:
        """Return the engine of what training began with, or of the base with the adapter.

        Before the first step the adapter is the one that training goes on from, where there is one.
        """
        own = [hashlib.sha256(self.adapter).digest(), self.adapter_digest] if tuned else []
        if not tuned and self.start is not None:
            own = digests(self.start)
        folder = self.out if own else None
        return SnapshotEngine(name, self.base, folder, fingerprint=combined([*self.base_digests, *own]))


def _settings(model: Any) -> bytes:
    """Return the digest of the adapter's configuration, by the very file that PEFT would save."""
    with TemporaryDirectory() as folder:
        model.peft_config[ADAPTER].save_pretrained(folder)
        return adapter_digest(Path(folder))


def _gathered(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor whole, of which FSDP 2 may have left each process a part."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor.contiguous()


class FrozenModel:
    """A trainer's model held still for questions: whole on every process, in evaluation mode, random states kept."""

    def __init__(self, trainer: GuardedTrainer, recipe: Recipe, out: Path) -> None:
        self.trainer = trainer
        self.recipe = recipe
        self.out = out
        self._folder = locate(recipe.model.base)
        self._digests = digests(self._folder)
        self._start = recipe.model.start.adapter_folder

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Give the model of this moment for the time of the block, in which training stands still."""
        with self._unwrapped() as model:
            plugin = getattr(self.trainer.accelerator.state, "fsdp_plugin", None)
            # first: under FSDP 2, to read the weights is to spread them again
            state = get_peft_model_state_dict(model, adapter_name=ADAPTER)
            whole = {name: _gathered(tensor) for name, tensor in state.items()}
            adapter = save(whole, metadata={"format": "pt"})
            with _unsharded(model, again=bool(plugin and plugin.reshard_after_forward)), isolated(model):
                tokenizer = cast(PreTrainedTokenizerBase, self.trainer.processing_class)
                adapters = {folder: ADAPTER for folder in (self.out, self._start) if folder is not None}
                merges = set(adapters) if self.trainer.rollouts.merges else set()
                base = LiveBase(self._folder, model, tokenizer, loading(self.recipe), adapters, merges, self._start)
                yield Snapshot(base, self._digests, _settings(model), self.out, adapter, self._start)

    @contextmanager
    def _unwrapped(self) -> Iterator[Any]:
        """Give the model as TRL does to generate."""
        trainer = self.trainer
        with (
            unwrap_model_for_generation(
                trainer.model_wrapped,
                trainer.accelerator,
                gather_deepspeed3_params=trainer.args.ds3_gather_for_generation,
                gradient_checkpointing_kwargs=trainer.args.gradient_checkpointing_kwargs,
            ) as model,
            DistributedBackend(trainer.accelerator).summon_full_params(trainer.model_wrapped, recurse=False),
        ):
            yield model


@contextmanager
def _unsharded(model: nn.Module, *, again: bool) -> Iterator[None]:
    """Keep the weights that FSDP 2 has spread over processes whole on each; then spread them again after each use.

    Else every forward pass gathers them, and processes with fewer rows to answer would leave the others waiting.
    """
    sharded = [module for module in model.modules() if isinstance(module, FSDPModule)]
    try:
        for module in sharded:
            module.set_reshard_after_forward(False, recurse=False)
            module.unshard()
        yield
    finally:
        for module in sharded:
            module.reshard()
            module.set_reshard_after_forward(again, recurse=False)
