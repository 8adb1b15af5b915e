"""Sharing one run's rows among the processes of ``accelerate launch``: one journal per process, merged at the end.

Which process answers a row cannot be seen in the row: sampling is by row, so the merged file equals the one
that a single process writes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from ...files import replacing
from ..types import EvaluationError, Request


@dataclass(frozen=True)
class Shard:
    """This process among ``count`` that share a run; the first one writes what is common to all."""

    rank: int = 0
    count: int = 1

    @classmethod
    def current(cls) -> Shard:
        """Return this process's shard, from the variables that launchers of distributed programs set."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    @property
    def first(self) -> bool:
        """True in the one process that writes manifests, merges and reports."""
        return self.rank == 0

    def share(self, requests: Sequence[Request]) -> Sequence[Request]:
        """Return this process's requests: every ``count``-th, so that long prompts are spread evenly."""
        return requests[self.rank :: self.count]

    def journal(self, out: Path) -> Path:
        """Return the file that this process appends to."""
        return out / "completions.jsonl" if self.count == 1 else self._journal(out, self.rank)

    def _journal(self, out: Path, rank: int) -> Path:
        return out / f"completions-{rank}-of-{self.count}.jsonl"

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.count > 1:
            import torch
            from accelerate import PartialState

            PartialState(cpu=not torch.cuda.is_available()).wait_for_everyone()

    def check_resumable(self, out: Path) -> None:
        """Raise :class:`EvaluationError` when another number of processes began the unfinished run in ``out``."""
        begun = {int(path.stem.rpartition("-")[2]) for path in out.glob("completions-*-of-*.jsonl")}
        if (out / "completions.jsonl").exists():
            begun.add(1)
        if begun - {self.count}:
            number = min(begun - {self.count})
            raise EvaluationError(
                f"{out} was begun by {number} process(es), and {self.count} are at work now; resume it with {number}."
            )

    def merge(self, out: Path) -> None:
        """Merge the journals of all processes into ``completions.jsonl``, in the order of the plan."""
        if self.count == 1:
            return
        parts = [self._journal(out, rank) for rank in range(self.count)]
        with ExitStack() as stack:
            opened = [stack.enter_context(part.open("rb")) for part in parts]
            whole = stack.enter_context(replacing(out / "completions.jsonl"))
            for lines in zip_longest(*opened, fillvalue=b""):
                whole.writelines(lines)
        for part in parts:
            part.unlink()
