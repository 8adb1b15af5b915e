"""Where a checkpoint's files are, and the fingerprint of its weights."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from ...errors import first_line
from ..hub import unreachable
from ..types import EvaluationError

FINGERPRINT_DIGITS = 16
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def locate(base: str, revision: str | None = None) -> Path:
    """Return the local folder of a checkpoint, fetched from the hub when it is a hub id.

    Raises :class:`EvaluationError` when the folder does not exist or holds no weights, or when the hub
    cannot be reached or has no such model.
    """
    if base == "demo":
        from ..demo import checkpoint_path

        return checkpoint_path()
    folder = Path(base).expanduser()
    if folder.is_dir():
        return _with_weights(folder)
    if base.startswith((".", "/", "~")) or not _HUB_ID.fullmatch(base):
        raise EvaluationError(f"no folder {base}: give the folder of a checkpoint, or a hub id such as org/model.")
    return _with_weights(_fetch(base, revision))


def _with_weights(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        hint = " It holds an adapter: write BASE+ADAPTER." if (folder / "adapter_config.json").is_file() else ""
        raise EvaluationError(f"{folder} holds no checkpoint: there is no config.json in it.{hint}")
    if not any(folder.glob("*.safetensors")):
        raise EvaluationError(
            f"{folder} holds no weights: there is no *.safetensors in it. Pickled weights are not loaded; "
            "convert them with save_pretrained(safe_serialization=True)."
        )
    return folder


def _fetch(hub_id: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    wanted = ["*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt"]
    away = unreachable()
    try:
        return Path(snapshot_download(hub_id, revision=revision, allow_patterns=wanted, local_files_only=bool(away)))
    except GatedRepoError:
        raise EvaluationError(f"{hub_id} is gated: accept its licence on its page and set HF_TOKEN.") from None
    except RepositoryNotFoundError:
        raise EvaluationError(f"no folder {hub_id} here, and the hub has no model of that name.") from None
    except (HfHubHTTPError, OSError, ValueError) as error:  # unreachable, offline mode, or a broken answer
        reason = away or first_line(error)
        raise EvaluationError(f"no folder {hub_id} here, and the hub cannot be reached ({reason}).") from None


def fingerprint(*folders: Path) -> str:
    """Return sixteen hex digits over the safetensors files of a checkpoint (and its adapter)."""
    return combined([digest for folder in folders for digest in digests(folder)])


def digests(folder: Path) -> list[bytes]:
    """Return the SHA-256 of each safetensors file of a folder, in the order of their names."""
    found = []
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as handle:
            found.append(hashlib.file_digest(handle, "sha256").digest())
    return found


def combined(found: Sequence[bytes]) -> str:
    """Return the fingerprint of weights whose files have these digests."""
    return hashlib.sha256(b"".join(found)).hexdigest()[:FINGERPRINT_DIGITS]
