"""Where a checkpoint's files are, and the fingerprint of its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import GrpokitError, first_line
from ...files import read_json
from ...plain_yaml import read_yaml
from ..types import EvaluationError
from .hub import fetch
from .model_path import ModelPath

FINGERPRINT_DIGITS = 16

TOKENIZER = (
    "tokenizer.json",
    "tokenizer.model",
    "*.tiktoken",
    "vocab.*",
    "merges.txt",
    "added_tokens.json",
    "chat_template.jinja",
)
"""The files by which text becomes tokens and tokens text."""

NO_MATTER = frozenset(
    {"_name_or_path", "name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache", "model_max_length"}
    | {"padding_side", "truncation_side", "processor_class", "is_local", "local_files_only"}
)
"""Fields of a checkpoint's configuration that change no text; dtype and context are in the manifest by themselves."""

NO_MATTER_ADAPTER = frozenset(
    {"base_model_name_or_path", "revision", "peft_version", "auto_mapping", "parent_library", "inference_mode"}
    | {"task_type", "lora_dropout"}
)
"""Fields of an adapter's configuration that change no text."""


def locate(path: ModelPath, *, code: bool = False) -> Path:
    """Return the local folder of a model's base, fetched from the hub when it is a hub id, with its ``code`` if asked.

    Raises :class:`EvaluationError` when the folder does not exist or holds no weights, or when the hub
    cannot be reached or has no such model.
    """
    if path.folder is not None:
        return _with_weights(path.folder)
    if path.hub_id is None:
        raise EvaluationError(f"no folder {path.base}: give the folder of a checkpoint, or a hub id such as org/model.")
    return _with_weights(fetch(path.hub_id, path.revision, code=code))


def _with_weights(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        hint = " It holds an adapter: write BASE+ADAPTER." if (folder / "adapter_config.json").is_file() else ""
        raise EvaluationError(f"{folder} holds no checkpoint: there is no config.json in it.{hint}")
    if (folder / "adapter_config.json").is_file():
        raise EvaluationError(
            f"{folder} holds a checkpoint and an adapter, and transformers would load what the adapter names as its "
            "base; put them into folders of their own and write BASE+ADAPTER."
        )
    if not any(folder.glob("*.safetensors")):
        raise EvaluationError(
            f"{folder} holds no weights: there is no *.safetensors in it. Pickled weights are not loaded; "
            "convert them with save_pretrained(safe_serialization=True)."
        )
    return folder


def read_settings(file: Path) -> dict[str, Any]:
    """Return the settings in a JSON file of a checkpoint; none where there is no such file.

    Raises :class:`EvaluationError` for a file that holds no settings.
    """
    try:
        values = read_json(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EvaluationError(f"cannot read {file}: {first_line(error)}") from None
    if not isinstance(values, dict):
        raise EvaluationError(f"cannot read {file}: it holds {type(values).__name__} and no settings.")
    return values


def fingerprint(*folders: Path) -> str:
    """Return sixteen hex digits over what a checkpoint (and its adapter) computes: see :func:`digests`."""
    return combined([digest for folder in folders for digest in digests(folder)])


def digests(folder: Path) -> list[bytes]:
    """Return SHA-256 digests of a folder: of each safetensors file, in the order of their names, and of the settings.

    The settings of a checkpoint are its configuration, end tokens, tokenizer and chat template; those of an adapter,
    which is asked through its base's tokenizer, its configuration: ``lora_alpha`` is not in the tensors. Fields that
    change no text, such as paths and versions, are left out.
    """
    tensors = [_sha256(file) for file in sorted(folder.glob("*.safetensors"))]
    if (folder / "adapter_config.json").is_file():
        return [*tensors, adapter_digest(folder)]
    return [*tensors, _checkpoint_digest(folder)]


def trained_for(folder: Path) -> str | None:
    """Return the mix that the recipe beside an adapter or a merged model names; None where there is no recipe.

    A checkpoint in ``checkpoints/checkpoint-N`` has that of the folder of its training run.
    """
    for place in (folder, folder.parent.parent if folder.parent.name == "checkpoints" else folder):
        try:
            recipe = read_yaml(place / "recipe.yaml")
        except (OSError, ValueError, GrpokitError):  # a file of that name may be anything
            continue
        if isinstance(recipe, dict) and isinstance(recipe.get("rewards"), str):
            return str(recipe["rewards"])
    return None


def adapter_digest(folder: Path) -> bytes:
    """Return the SHA-256 of an adapter's configuration. What is unset, as new fields of PEFT are, does not count."""
    settings = read_settings(folder / "adapter_config.json")
    return _digest({key: value for key, value in settings.items() if value and key not in NO_MATTER_ADAPTER})


def _checkpoint_digest(folder: Path) -> bytes:
    config, tokenizer = read_settings(folder / "config.json"), read_settings(folder / "tokenizer_config.json")
    return _digest(
        {
            "config": {key: value for key, value in config.items() if key not in NO_MATTER},
            "end": read_settings(folder / "generation_config.json").get("eos_token_id"),
            "tokenizer": {key: value for key, value in tokenizer.items() if key not in NO_MATTER},
            "files": [(file.name, _sha256(file).hex()) for name in TOKENIZER for file in sorted(folder.glob(name))],
        }
    )


def _digest(settings: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of settings; of a list of names, such as ``target_modules``, the order does not count."""
    ordered = {key: sorted(value) if _are_names(value) else value for key, value in settings.items()}
    return hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).digest()


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _sha256(file: Path) -> bytes:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


def combined(digests: Sequence[bytes]) -> str:
    """Return the fingerprint of weights whose files have these digests."""
    return hashlib.sha256(b"".join(digests)).hexdigest()[:FINGERPRINT_DIGITS]
