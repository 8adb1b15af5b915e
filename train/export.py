"""What leaves the folder of a run: a merged model, and files on the hub."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from dotenv import dotenv_values
from huggingface_hub import HfApi, get_token
from transformers import AutoConfig, AutoTokenizer

from ..errors import first_line
from ..evaluate.engines import Loading
from ..evaluate.engines.checkpoint import fingerprint
from ..evaluate.engines.hub import unreachable
from ..evaluate.engines.loading import LoadedBase, load_base
from ..evaluate.engines.model_path import ModelPath
from ..evaluate.engines.spec import ModelSpec
from ..evaluate.runs.shards import Shard
from ..files import replacing_folder, write_atomically
from .folder import RECIPE
from .heldout.questions import HeldOutQuestions, Place, clear_other, loading, place
from .lora import check_tied
from .model_card import card
from .quiet import quiet
from .recipe.recipe import Recipe
from .trl.checkpoints import saving
from .types import TrainingError

MERGED = "merged"
"""The folder of the merged model, beside the adapter."""

_PUBLIC = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model", "*.txt", "README.md", RECIPE)


def merge(recipe: Recipe, adapter: Path, steps: int) -> Path:
    """Write the adapter merged into its base, at full precision, to ``merged/`` in its folder; return that folder.

    The base is loaded anew and never quantised, whatever it was trained on: merging into 4 bits would round the
    adapter away. Sums are computed in float32 and written in the base's own dtype, or in ``export.dtype``. The
    folder appears whole or not at all. Raises :class:`TrainingError` when it cannot be written.
    """
    out = adapter / MERGED
    trust = recipe.model.trust_remote_code
    base = load_base(recipe.model.base, Loading(dtype="float32", device="cpu", trust_remote_code=trust))
    check_tied(recipe.lora, base.model)
    base.add_adapter(adapter)
    with quiet():
        model = base.model.merge_and_unload(safe_merge=True).to(_dtype(recipe, base))
    with saving(out, f"The adapter in {adapter} is whole."), replacing_folder(out) as unfinished:
        _write(model, base, unfinished)
        shutil.copy(adapter / RECIPE, unfinished)
        write_atomically(unfinished / "README.md", card(recipe, steps, merged=True))
        shutil.rmtree(out, ignore_errors=True)
    return out


def _dtype(recipe: Recipe, base: LoadedBase) -> Any:
    if recipe.export.dtype != "auto":
        return getattr(torch, recipe.export.dtype)
    config = AutoConfig.from_pretrained(base.folder, trust_remote_code=recipe.model.trust_remote_code)
    return config.dtype or torch.float32


def _write(model: Any, base: LoadedBase, folder: Path) -> None:
    """Write weights and tokenizer, and the base's own generation settings, which training put aside."""
    with quiet():
        model.save_pretrained(folder)
        trust = base.loading.trust_remote_code
        AutoTokenizer.from_pretrained(base.folder, trust_remote_code=trust).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    own = base.folder / "generation_config.json"
    if own.is_file():
        shutil.copy(own, folder)


def merged_loading(recipe: Recipe) -> Loading:
    """Return how a merged model is loaded for the same evaluation: as its base is, but not quantised."""
    return replace(loading(recipe), quantization=None)


def merged_places(recipe: Recipe, adapter: Path, questions: Sequence[HeldOutQuestions]) -> list[Place]:
    """Return where the merged model's answers to each of ``questions`` are, or are to be; none where none was merged.

    Answers of a model that was merged before, in another dtype, make room.
    """
    if not recipe.export.merge:
        return []
    folder = adapter / MERGED
    spec, weights = ModelSpec(MERGED, ModelPath(str(folder))), fingerprint(folder)
    for run in (adapter / one.folder / MERGED for one in questions):
        clear_other(run, weights)
    Shard.current().wait()
    return [place(recipe, spec, one, weights, adapter / one.folder) for one in questions]


def check_push(repository: str) -> None:
    """Raise :class:`TrainingError`, before anything is trained, when ``push`` could not work."""
    _client()
    away = unreachable()
    if away:
        raise TrainingError(f"--push-to-hub {repository}: the hub cannot be reached ({away}).")


def push(folder: Path, repository: str) -> str:
    """Upload :func:`pushed_files` of ``folder`` to a private repository on the hub; return its address."""
    client = _client()
    try:
        address = client.create_repo(repository, private=True, exist_ok=True)
        client.upload_folder(
            repo_id=repository, folder_path=folder, allow_patterns=pushed_files(folder), commit_message="Add the model"
        )
    except Exception as error:  # the hub's client lets its transport's errors through, of whichever library
        reason = first_line(error)
        raise TrainingError(f"--push-to-hub {repository}: {reason} The model in {folder} is whole.") from None
    return str(address)


def pushed_files(folder: Path) -> list[str]:
    """Return the files that are published: the model, its tokenizer, card and recipe.

    Nothing of the run itself: no checkpoints, no completions, no logs.
    """
    return sorted({path.name for pattern in _PUBLIC for path in folder.glob(pattern) if path.is_file()})


def _client() -> HfApi:
    """Return the hub's client with the token of the environment, of ``.env`` here, or of ``hf auth login``."""
    token = os.environ.get("HF_TOKEN") or dotenv_values(".env").get("HF_TOKEN") or get_token()
    if not token:
        raise TrainingError("--push-to-hub needs a token: set HF_TOKEN, in the environment or in .env.")
    return HfApi(token=token)
