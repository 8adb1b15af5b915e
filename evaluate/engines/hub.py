"""The model hub: whether it can be reached, and a checkpoint from it, fetched or in the cache."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import first_line
from ..types import EvaluationError

TIMEOUT_S = 10.0

CHECKPOINT_FILES = ("*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt")


def unreachable() -> str | None:
    """Return why the hub cannot be asked, in one line, or None when it answers; any answer will do.

    The hub's own client says so only after half a minute of retries.
    """
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "offline mode: HF_HUB_OFFLINE is set"
    try:
        with urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=TIMEOUT_S):
            return None
    except HTTPError:
        return None
    except OSError as error:
        return str(getattr(error, "reason", error))


def has_model(hub_id: str, revision: str | None) -> bool | None:
    """Return whether the hub has a model, without fetching it; None where it cannot be asked, or does not say."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return None
    token = os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"{constants.ENDPOINT}/api/models/{hub_id}/revision/{revision or 'main'}"
    try:
        with urlopen(Request(address, headers=headers), timeout=TIMEOUT_S):
            return True
    except HTTPError as error:
        return False if error.code in (401, 404) else None  # 401: to a stranger, what is not there may be private
    except OSError:
        return None


def fetch(hub_id: str, revision: str | None, *, code: bool = False) -> Path:
    """Return the folder of a checkpoint in the hub's cache, fetched first where it is not there yet.

    Raises :class:`EvaluationError` when the hub cannot be reached or has no such model.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    away, files = unreachable(), [*CHECKPOINT_FILES, *(["*.py"] if code else [])]
    try:
        return Path(snapshot_download(hub_id, revision=revision, allow_patterns=files, local_files_only=bool(away)))
    except GatedRepoError:
        raise EvaluationError(f"{hub_id} is gated: accept its licence on its page and set HF_TOKEN.") from None
    except RepositoryNotFoundError:
        raise EvaluationError(f"no folder {hub_id} here, and the hub has no model of that name.") from None
    except (HfHubHTTPError, OSError, ValueError) as error:  # unreachable, offline mode, or a broken answer
        reason = away or first_line(error)
        raise EvaluationError(f"no folder {hub_id} here, and the hub cannot be reached ({reason}).") from None


def cached(hub_id: str, revision: str | None, file: str) -> Path | None:
    """Return a file of a checkpoint in the hub's cache on this machine; None where it is not there.

    The cache's layout is documented, and the hub's client takes long to import.
    """
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE) / f"models--{hub_id.replace('/', '--')}"
    named = folder / "refs" / (revision or "main")  # a branch or tag; otherwise the revision is a commit
    commit = named.read_text(encoding="utf-8") if named.is_file() else named.name
    path = folder / "snapshots" / commit / file
    return path if path.is_file() else None
