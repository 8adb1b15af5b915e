"""One load of a base checkpoint that all its adapters share, with a proof that each adapter does something."""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, GenerationConfig
from transformers.utils import logging as transformers_logging

from ...errors import first_line
from ..runs.shards import Shard
from ..turns import end_of_turn_ids
from ..types import EvaluationError
from .batch_size import free_memory
from .checkpoint import locate, read_settings
from .model_path import ModelPath
from .spec import Loading

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, re.error, SafetensorError)
"""What the libraries raise for files that are torn, foreign, or of another model's shapes and names."""

ADAPTER_WEIGHTS = "adapter_model.safetensors"
"""The file that PEFT loads. Beside it, or in its absence, it would take a pickle."""

TOKENIZER_FILES = ("tokenizer*", "vocab*", "*.model", "*.tiktoken")

SMALL_MODEL = 10_000_000
"""Below this many parameters a second CPU thread costs more than it gives."""


@dataclass
class LoadedBase:
    """A base checkpoint in memory. ``adapters`` maps the folder of each adapter to its name within PEFT.

    ``merges`` are the folders of those that :meth:`drawing` merges. ``model`` is a PreTrainedModel, and a PeftModel
    around it once an adapter is loaded.
    """

    folder: Path
    model: Any
    tokenizer: PreTrainedTokenizerBase
    loading: Loading
    adapters: dict[Path, str] = field(default_factory=dict)
    merges: set[Path] = field(default_factory=set)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return torch.device(self.model.device)

    @property
    def embedding_rows(self) -> int:
        """How many tokens the model knows: ids from this number on have no row in its embedding."""
        return len(self.model.get_input_embeddings().weight)

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

    @contextmanager
    def drawing(self, adapter: Path | None) -> Iterator[Any]:
        """As :meth:`active`, with the adapter merged into the base's weights where that is exact and has room."""
        with self.active(adapter) as model, ExitStack() as stack:
            if adapter is not None and adapter in self.merges:
                from .merging import merged  # here, as in _attach

                try:
                    stack.enter_context(merged(model, self.adapters[adapter]))
                except ValueError:
                    raise EvaluationError(
                        f"the weights of the adapter {adapter} are no finite numbers; train it with a smaller "
                        "learning_rate."
                    ) from None
            yield model

    def add_adapter(self, folder: Path) -> float:
        """Load an adapter beside the base; return the largest change it makes to a logit of a probe prompt.

        Raises :class:`EvaluationError` when the adapter belongs to another base or changes nothing.
        """
        if folder not in self.adapters:
            name = f"adapter{len(self.adapters)}"
            check_adapter(folder)
            say_base(folder, self.folder)
            self.model = _attach(self, folder, name)
            self.adapters[folder] = name
            if self._has_room(name):
                self.merges.add(folder)
        change = (self._probe(folder) - self._probe(None)).abs().max().item()
        if not change > 0:
            raise EvaluationError(
                f"adapter {folder} changes nothing: with it and without it the logits of a probe prompt are equal. "
                "It is untrained (its B matrices are zero) or its weights were not found."
            )
        return change

    def _has_room(self, name: str) -> bool:
        """Return whether an adapter can be merged: its layers' second copy leaves as much room again for a batch."""
        from .merging import mergeable_layers  # here, as in _attach

        layers = mergeable_layers(self.model, name)
        copy: int = sum(layer.base_layer.weight.nbytes for layer in layers)
        return 0 < 2 * copy <= free_memory(self.device)

    def _probe(self, adapter: Path | None) -> torch.Tensor:
        ids = torch.arange(min(8, self.model.config.vocab_size), device=self.device)[None]
        with self.active(adapter) as model, torch.inference_mode():
            logits: torch.Tensor = model(input_ids=ids).logits
        return logits.float()


def load_base(path: ModelPath, loading: Loading | None = None) -> LoadedBase:
    """Load a model's base for generation. Raises :class:`EvaluationError` when it cannot be used."""
    how = loading or Loading()
    folder = locate(path, code=how.trust_remote_code)
    say_code(folder, trusted=how.trust_remote_code)
    where = _device(how.device)
    with quiet():
        try:
            model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, **_arguments(how, where))
        except (*BROKEN, ImportError) as error:
            raise EvaluationError(f"cannot load checkpoint {folder}: {first_line(error)}") from None
    if model.num_parameters() < SMALL_MODEL and where == "cpu":
        torch.set_num_threads(1)
    tokenizer = load_tokenizer(folder, trust_remote_code=how.trust_remote_code)
    model.generation_config = _plain_generation_config(model, tokenizer)
    base = LoadedBase(folder, model.eval(), tokenizer, how)
    _check_rows(folder, tokenizer, base.embedding_rows)
    return base


def _arguments(how: Loading, device: str) -> dict[str, Any]:
    """Return the arguments of ``from_pretrained``. An automatic dtype is float32 on a CPU."""
    dtype = how.dtype if how.dtype != "auto" or device != "cpu" else "float32"
    arguments: dict[str, Any] = {
        "dtype": dtype,
        "use_safetensors": True,
        "device_map": {"": device},
        "trust_remote_code": how.trust_remote_code,  # None, the default, asks whoever is at the keyboard
    }
    if how.attention:
        arguments["attn_implementation"] = how.attention
    if how.quantization == "4bit":
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float32 if device == "cpu" else torch.bfloat16,
        )
    elif how.quantization == "8bit":
        arguments["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    return arguments


def load_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a checkpoint for generation: padding on the left, with a padding token."""
    if not any(file for pattern in TOKENIZER_FILES for file in folder.glob(pattern)):
        raise EvaluationError(f"{folder} holds no tokenizer: copy tokenizer.json and tokenizer_config.json into it.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", trust_remote_code=trust_remote_code)
    except BROKEN as error:
        raise EvaluationError(f"cannot load the tokenizer of {folder}: {first_line(error)}") from None
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _check_rows(folder: Path, tokenizer: PreTrainedTokenizerBase, rows: int) -> None:
    """Raise :class:`EvaluationError` for a token that every batch or completion needs and the embedding lacks.

    Other tokens that it lacks, such as one for images that a text never holds, matter where a prompt has them.
    """
    numbers = {"pad": tokenizer.pad_token_id, "end": tokenizer.eos_token_id, "begin": tokenizer.bos_token_id}
    for use, number in numbers.items():
        if number is not None and number >= rows:
            raise EvaluationError(
                f"{folder}: the tokenizer is wider than the embedding: {tokenizer.convert_ids_to_tokens(number)!r}, "
                f"the {use} token, is token {number}, and the embedding has {rows} rows. Give the tokenizer that "
                "belongs to these weights, or save them again after resize_token_embeddings(len(tokenizer))."
            )


def say_code(folder: Path, *, trusted: bool) -> None:
    """Say what becomes of code that a checkpoint brings. Raises :class:`EvaluationError` for kernels from the hub."""
    configs = [read_settings(folder / name) for name in ("config.json", "tokenizer_config.json")]
    for name in ("attn_implementation", "_attn_implementation"):
        if "/" in str(configs[0].get(name)):
            raise EvaluationError(f"{folder}/config.json: {name}={configs[0][name]!r} is code on the hub; take it out.")
    if any("auto_map" in config for config in configs) or (folder / "custom_generate").is_dir():
        fate = "runs, as --trust-remote-code says" if trusted else "does not run (--trust-remote-code runs it)"
        note(f"{folder} brings Python code of its own, which {fate}.")


def note(text: str) -> None:
    """Say something on standard error, once for all processes."""
    if Shard.current().first:
        print(f"note: {text}", file=sys.stderr)


def _device(wanted: str) -> str:
    if wanted != "auto":
        try:
            device = torch.device(wanted)
        except RuntimeError:
            raise EvaluationError(f"device {wanted!r}: give one such as cpu, cuda or cuda:1.") from None
        count = torch.cuda.device_count()
        if device.type == "cuda" and (device.index or 0) >= count:
            raise EvaluationError(f"device {wanted!r}: this machine has {count} GPUs that PyTorch can use; give cpu.")
        try:
            torch.zeros(1, device=device).item()
        except Exception as error:  # every backend says in a way of its own that it is not there
            raise EvaluationError(f"device {wanted!r} cannot be used here ({first_line(error)}); give cpu.") from None
        return wanted
    if not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # one GPU per process under a launcher


def _plain_generation_config(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Any:
    """Keep of the checkpoint's generation settings the end tokens alone: the task says how to sample.

    The token that ends a turn in the chat template is one of them, here and so in training.
    """
    own = model.generation_config.eos_token_id
    listed = own if isinstance(own, list) else [own]
    ends = {tokenizer.eos_token_id, *end_of_turn_ids(tokenizer), *listed} - {None}
    return GenerationConfig(
        eos_token_id=sorted(ends) or None, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id
    )


def _attach(loaded: LoadedBase, folder: Path, name: str) -> Any:
    try:
        with quiet():
            from peft import PeftModel  # here, since it imports libraries that talk

            if loaded.adapters:
                loaded.model.load_adapter(str(folder), adapter_name=name)
                return loaded.model.eval()
            return PeftModel.from_pretrained(loaded.model, str(folder), adapter_name=name).eval()
    except BROKEN as error:
        raise EvaluationError(
            f"adapter {folder} does not fit base {loaded.folder}: {first_line(error)} Give the base that it was "
            "trained on."
        ) from None


def check_adapter(folder: Path) -> None:
    """Raise :class:`EvaluationError` when ``folder`` holds no LoRA in safetensors, in the very file that PEFT loads."""
    if not (folder / "adapter_config.json").is_file():
        raise EvaluationError(f"{folder} holds no adapter: there is no adapter_config.json in it.")
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise EvaluationError(f"{folder} holds no adapter weights: there is no {ADAPTER_WEIGHTS} in it.")


def check_trained(folder: Path) -> None:
    """Raise :class:`EvaluationError` for an adapter whose B matrices are all zero, where no logits can be compared."""
    with safe_open(folder / ADAPTER_WEIGHTS, "pt") as tensors:
        outputs = [name for name in tensors.keys() if "lora_B" in name]  # noqa: SIM118  # it is no mapping
        if outputs and not any(tensors.get_tensor(name).any() for name in outputs):
            raise EvaluationError(f"adapter {folder} changes nothing: its B matrices are all zero; it is untrained.")


def say_base(adapter: Path, base: Path) -> None:
    """Say so where an adapter names another base than the one it is put on."""
    named = str(read_settings(adapter / "adapter_config.json").get("base_model_name_or_path") or "")
    if named and Path(named).name != base.name and f"models--{named.replace('/', '--')}" not in base.parts:
        note(f"adapter {adapter} names {named!r} as its base, and is put on {base}.")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars and notices of the libraries, which would break the lines of our own progress bar."""
    notices = logging.getLogger("bitsandbytes")
    heard = notices.level
    level, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    notices.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
            warnings.filterwarnings("ignore", message=".*fan_in_fan_out", category=UserWarning)  # PEFT sets it right
            yield
    finally:
        notices.setLevel(heard)
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()
