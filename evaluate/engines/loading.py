"""One load of a base checkpoint that all its adapters share, with a proof that each adapter does something."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..types import EvaluationError
from .checkpoint import locate

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SMALL_MODEL = 10_000_000
"""Below this many parameters a second CPU thread costs more than it gives."""


@dataclass
class LoadedBase:
    """A base checkpoint in memory. ``adapters`` maps the folder of each adapter to its name within PEFT.

    ``model`` is a PreTrainedModel, and a PeftModel around it once an adapter is loaded.
    """

    folder: Path
    model: Any
    tokenizer: PreTrainedTokenizerBase
    adapters: dict[Path, str] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return torch.device(self.model.device)

    @contextmanager
    def active(self, adapter: Path | None) -> Iterator[Any]:
        """Give the model with ``adapter`` switched on, or with none, for the time of the block."""
        if adapter is not None:
            self.model.set_adapter(self.adapters[adapter])
            yield self.model
        elif self.adapters:
            with self.model.disable_adapter():
                yield self.model
        else:
            yield self.model

    def add_adapter(self, folder: Path) -> float:
        """Load an adapter beside the base; return the largest change it makes to a logit of a probe prompt.

        Raises :class:`EvaluationError` when the adapter belongs to another base or changes nothing.
        """
        if folder not in self.adapters:
            name = f"adapter{len(self.adapters)}"
            self.model = _attach(self, folder, name)
            self.adapters[folder] = name
        change = (self._probe(folder) - self._probe(None)).abs().max().item()
        if not change > 0:
            raise EvaluationError(
                f"adapter {folder} changes nothing: with it and without it the logits of a probe prompt are equal. "
                "It is untrained (its B matrices are zero) or its weights were not found."
            )
        return change

    def _probe(self, adapter: Path | None) -> torch.Tensor:
        ids = torch.arange(min(8, self.model.config.vocab_size), device=self.device)[None]
        with self.active(adapter) as model, torch.inference_mode():
            logits: torch.Tensor = model(input_ids=ids).logits
        return logits.float()


def load_base(base: str, revision: str | None = None, *, dtype: str = "auto", device: str = "auto") -> LoadedBase:
    """Load a checkpoint for generation. dtype ``auto``: float32 on a CPU, the checkpoint's own on a GPU."""
    from transformers import AutoModelForCausalLM

    folder = locate(base, revision)
    where = _device(device)
    wanted = dtype if dtype != "auto" else ("float32" if where == "cpu" else "auto")
    with quiet():
        try:
            model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype=wanted, use_safetensors=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:  # what transformers raises on broken folders
            raise EvaluationError(f"cannot load checkpoint {folder}: {_first_line(error)}") from None
    if model.num_parameters() < SMALL_MODEL and where == "cpu":
        torch.set_num_threads(1)
    tokenizer = load_tokenizer(folder)
    model.generation_config = _plain_generation_config(model, tokenizer)
    model.to(where)  # type: ignore[arg-type]  # transformers types a decorated method wrongly
    return LoadedBase(folder, model.eval(), tokenizer)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a checkpoint for generation: padding on the left, with a padding token."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    except (OSError, ValueError, KeyError) as error:
        raise EvaluationError(f"cannot load the tokenizer of {folder}: {_first_line(error)}") from None
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # one GPU a process under a launcher


def _plain_generation_config(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Any:
    """Keep of the checkpoint's generation settings the end tokens alone: the task says how to sample."""
    from transformers import GenerationConfig

    own = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])} - {None}
    return GenerationConfig(
        eos_token_id=sorted(ends) or None, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id
    )


def _attach(loaded: LoadedBase, folder: Path, name: str) -> Any:
    from peft import PeftModel

    _check_adapter(folder)
    try:
        with quiet():
            if loaded.adapters:
                loaded.model.load_adapter(str(folder), adapter_name=name)
                return loaded.model.eval()
            return PeftModel.from_pretrained(loaded.model, str(folder), adapter_name=name).eval()
    except (RuntimeError, ValueError, KeyError) as error:  # shapes or module names of another base
        raise EvaluationError(
            f"adapter {folder} does not fit base {loaded.folder}: {_first_line(error)} Give the base that it was "
            "trained on."
        ) from None


def _check_adapter(folder: Path) -> None:
    if not (folder / "adapter_config.json").is_file():
        raise EvaluationError(f"{folder} holds no adapter: there is no adapter_config.json in it.")
    if not any(folder.glob("adapter_model*.safetensors")):
        raise EvaluationError(f"{folder} holds no adapter weights: there is no adapter_model.safetensors in it.")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars and warnings of loading, which would break the lines of our own progress bar."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
