"""Where a checkpoint's files are, and the fingerprint of its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import first_line
from ..types import EvaluationError
from .hub import fetch
from .model_path import ModelPath

FINGERPRINT_DIGITS = 16


def locate(path: ModelPath) -> Path:
    """Return the local folder of a model's base, fetched from the hub when it is a hub id.

    Raises :class:`EvaluationError` when the folder does not exist or holds no weights, or when the hub
    cannot be reached or has no such model.
    """
    if path.folder is not None:
        return _with_weights(path.folder)
    if path.hub_id is None:
        raise EvaluationError(f"no folder {path.base}: give the folder of a checkpoint, or a hub id such as org/model.")
    return _with_weights(fetch(path.hub_id, path.revision))


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
        values = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise EvaluationError(f"cannot read {file}: {first_line(error)}") from None
    if not isinstance(values, dict):
        raise EvaluationError(f"cannot read {file}: it holds {type(values).__name__} and no settings.")
    return values


def fingerprint(*folders: Path) -> str:
    """Return sixteen hex digits over the safetensors files of a checkpoint (and its adapter)."""
    return combined([digest for folder in folders for digest in digests(folder)])


def digests(folder: Path) -> list[bytes]:
    """Return the SHA-256 of each safetensors file of a folder, in the order of their names."""
    return [_sha256(file) for file in sorted(folder.glob("*.safetensors"))]


def _sha256(file: Path) -> bytes:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


def combined(digests: Sequence[bytes]) -> str:
    """Return the fingerprint of weights whose files have these digests."""
    return hashlib.sha256(b"".join(digests)).hexdigest()[:FINGERPRINT_DIGITS]
