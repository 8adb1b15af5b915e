"""Where the files of a model that judges are, and the fingerprint of what it computes."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import first_line
from ..text import RewardError

FILES = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt"]
"""What is fetched of a model on the hub: no pickles and no code."""

OF_THE_TEXT = ("tokenizer.json", "tokenizer.model", "vocab.*", "merges.txt", "chat_template.jinja")
"""The files by which prompt and completion become tokens."""

HUB_SECONDS = 5.0
"""How long the hub may take to answer at all."""

ADAPTER = "adapter_config.json"


class JudgePath(NamedTuple):
    """The folders of a model that judges: ``adapter`` is the one that was named, None where it is no adapter."""

    base: Path
    adapter: Path | None

    @property
    def named(self) -> Path:
        """The folder that was named, whose tokenizer counts where it has one."""
        return self.adapter or self.base


def located(model: str) -> JudgePath:
    """Return the folders of a model, fetched from the hub where it is a hub id.

    Raises :class:`RewardError` for what is neither, and where the hub cannot be reached.
    """
    named = _folder(model)
    if not (named / ADAPTER).is_file():
        return JudgePath(_base(named), None)
    _with_weights(named, "adapter_model.safetensors")
    if (named / "config.json").is_file():
        raise RewardError(
            f"reward_model: {named} holds a checkpoint and an adapter; put each into a folder of its own."
        )
    base = read_json(named / ADAPTER).get("base_model_name_or_path")
    if not base:
        raise RewardError(f"reward_model: the adapter {named} names no base; add base_model_name_or_path to {ADAPTER}.")
    return JudgePath(_base(_folder(str(base))), named)


def _base(folder: Path) -> Path:
    if (folder / ADAPTER).is_file():  # transformers would load what that names in place of the folder's own weights
        raise RewardError(f"reward_model: the base {folder} holds an adapter; give that of a checkpoint alone.")
    return _with_weights(folder, "*.safetensors")


def _with_weights(folder: Path, pattern: str) -> Path:
    if not any(folder.glob(pattern)):
        raise RewardError(f"reward_model: there is no {pattern} in {folder}; pickled weights are not loaded.")
    return folder


def _folder(model: str) -> Path:
    path = Path(os.path.expanduser(model))  # Path's own raises where nobody has that home
    if path.is_dir():
        return path
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise RewardError(f"reward_model: no folder {model}; give that of a checkpoint, or a hub id such as org/model.")
    # only a mix with a reward model pays for it
    from huggingface_hub import constants, get_session, snapshot_download

    try:
        try:
            return Path(snapshot_download(model, allow_patterns=FILES, local_files_only=True))
        except Exception:  # it is not on this machine; the hub is asked once, which downloading would do for minutes
            get_session().head(constants.ENDPOINT, timeout=HUB_SECONDS)
            return Path(snapshot_download(model, allow_patterns=FILES))
    except Exception as error:  # the hub and the way to it raise kinds of their own
        raise RewardError(
            f"reward_model: no folder {model} here, and the hub does not give it: {first_line(error)}"
        ) from None


def read_json(file: Path) -> dict[str, Any]:
    """Return the settings in a file; raise :class:`RewardError` where it holds none."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RewardError(f"reward_model: cannot read {file}: {first_line(error)}") from None
    if not isinstance(values, dict):
        raise RewardError(f"reward_model: cannot read {file}: it holds {type(values).__name__} and no settings.")
    return values


def weights_of(model: str) -> str:
    """Return sixteen hex digits over the tensors of a model, its base's too, and the files that make its tokens.

    Raises :class:`RewardError` where there is no such model.
    """
    path = located(model)
    digests = [
        _digest(file, *_state(file))
        for folder in dict.fromkeys((path.base, path.named))
        for pattern in ("*.safetensors", "config.json", ADAPTER, *OF_THE_TEXT)
        for file in sorted(folder.glob(pattern))
    ]
    return hashlib.sha256(b"".join(digests)).hexdigest()[:16]


def _state(file: Path) -> tuple[int, int]:
    status = os.stat(file)
    return status.st_size, status.st_mtime_ns


@cache
def _digest(file: Path, size: int, changed: int) -> bytes:
    """Return the SHA-256 of a file, read once for as long as its size and time stay."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()
