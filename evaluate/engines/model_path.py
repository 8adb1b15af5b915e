"""Where a model's weights are: the embedded demo, a folder or the hub, and an adapter on top."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..demo import checkpoint_path
from ..redaction import without_secrets
from ..types import EvaluationError

DEMO = "demo"
"""The base that comes with this package."""

_HUB_ID = re.compile(r"\w[\w.-]*(/[\w.-]+)?")


@dataclass(frozen=True)
class ModelPath:
    """``BASE[@REVISION][+ADAPTER]``.

    ``base`` is ``demo``, a folder or a hub id; ``revision`` a branch, tag or commit on the hub; ``adapter`` the folder
    of a LoRA on the base.
    """

    base: str
    revision: str | None = None
    adapter: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelPath:
        """Read a path as it is written. The name of an existing folder may have ``@`` and ``+`` in it.

        Raises :class:`EvaluationError` when nothing stands on one side of a mark.

        >>> ModelPath.parse("org/model@v1+runs/tuned")
        ModelPath(base='org/model', revision='v1', adapter='runs/tuned')
        """
        base, adapter = (text, None) if Path(text).exists() else split(text, "+")
        base, revision = (base, None) if Path(base).exists() else split(base, "@")
        return cls(base, revision, adapter)

    def __str__(self) -> str:
        """Return the path as it is written.

        >>> print(ModelPath("org/model", "v1", "runs/tuned"))
        org/model@v1+runs/tuned
        """
        revision = f"@{self.revision}" if self.revision else ""
        return f"{self.base}{revision}" + (f"+{self.adapter}" if self.adapter else "")

    @property
    def name(self) -> str:
        """The last part: of the adapter where there is one, else of the base."""
        return Path(self.adapter or self.base).name or self.base

    @property
    def without_adapter(self) -> ModelPath:
        """The base alone; models that have it in common share one load."""
        return replace(self, adapter=None)

    @property
    def folder(self) -> Path | None:
        """The folder of the base on this machine; None where there is none, as for a hub id.

        >>> ModelPath("demo").folder.name, ModelPath("org/model").folder
        ('checkpoint', None)
        """
        folder = checkpoint_path() if self.base == DEMO else expanded(self.base)
        return folder if folder.is_dir() else None

    @property
    def hub_id(self) -> str | None:
        """The base as an id on the hub; None for a folder, and for what could only be one.

        >>> ModelPath("org/model").hub_id, ModelPath("demo").hub_id, ModelPath("./absent").hub_id
        ('org/model', None, None)
        """
        return self.base if self.folder is None and _HUB_ID.fullmatch(self.base) else None

    @property
    def adapter_folder(self) -> Path | None:
        """The folder of the adapter."""
        return None if self.adapter is None else expanded(self.adapter)


def split(text: str, mark: str) -> tuple[str, str | None]:
    """Return what stands before the first ``mark`` and after it; None where there is no mark.

    Raises :class:`EvaluationError` when one of them is empty.
    """
    left, marked, right = text.partition(mark)
    if marked and not (left and right):
        raise EvaluationError(f"{without_secrets(text)!r}: something is missing beside {mark!r}.")
    return left, right or None


def expanded(path: str) -> Path:
    """Return a path with ``~`` expanded, and as it is where nobody has that home, unlike :meth:`Path.expanduser`."""
    return Path(os.path.expanduser(path))
