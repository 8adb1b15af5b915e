"""How many rows stand in a batch: as many as was said, or found while it works, by memory and by time per token."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Row

START, MOST = {"cpu": 64, "cuda": 256}, {"cpu": 512, "cuda": 4096}
"""Rows per batch that are begun with, and beyond which none grows; other devices are taken for a CPU."""

ROOM = 0.8
"""A batch grows where twice its memory is at most this share of what there is."""

FASTER = 0.95
"""A larger batch on a CPU is kept where it takes at most this share of the time per token."""


class BatchSize:
    """Rows per batch, which grow to twice as many or shrink to half as many while ``fixed`` is None.

    - Where memory runs out they are halved, and never grow again.
    - On a GPU they double as long as a batch of twice the size would fit into the memory that is left.
    - On a CPU they double as long as that makes a generated token take less time, and there is memory for it; the first
      time that it does not, they go back and stay. Only in float32: in half precision texts depend on the batch, and so
      would on how busy the machine is.
    """

    def __init__(self, fixed: int | None, device: torch.device, dtype: torch.dtype) -> None:
        self.device = device
        kind = device.type if device.type in START else "cpu"
        self.rows = fixed or START[kind]
        self._most = MOST[kind]
        self._grows = fixed is None and (kind == "cuda" or dtype == torch.float32)
        self._before: tuple[int, float] | None = None
        """The last size on a CPU and its seconds per token."""

    def begin(self) -> None:
        """Take note of the time and the memory before a batch."""
        self._start, self._held = time.perf_counter(), self._memory()
        if self._grows and self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def ran_out(self) -> None:
        """Halve the rows: memory did not hold them."""
        self.rows //= 2
        self._grows = False
        torch.cuda.empty_cache()

    def end(self, rows: Sequence[Row]) -> None:
        """Take note of a finished batch, and grow where that is of use."""
        if not self._grows or len(rows) < self.rows:
            return
        seconds = time.perf_counter() - self._start
        tokens = sum(row.tokens or 0 for row in rows)
        faster = self.device.type == "cuda" or (tokens > 0 and self._is_faster(seconds / tokens))
        self._grows = faster and 2 * self.rows <= self._most
        if self._grows and 2 * self._used() <= ROOM * free_memory(self.device):
            self.rows *= 2

    def _is_faster(self, per_token: float) -> bool:
        """Compare with the size before on a CPU; go back to it where this one is not faster."""
        if self._before is not None and self.rows > self._before[0] and per_token > FASTER * self._before[1]:
            self.rows = self._before[0]
            return False
        self._before = (self.rows, per_token)
        return True

    def _memory(self) -> float:
        """Return the bytes that are held before a batch."""
        if self.device.type == "cuda":
            return float(torch.cuda.memory_allocated(self.device))
        import psutil  # accelerate brings it; a command without weights needs none

        return float(psutil.Process().memory_info().rss)

    def _used(self) -> float:
        """Return the bytes that the batch took at its peak; infinite where nothing says."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) - self._held
        with suppress(ImportError):  # Windows does not have it
            import resource

            unit = 1 if sys.platform == "darwin" else 1024
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - self._held
        return float("inf")


def free_memory(device: torch.device) -> float:
    """Return the bytes that may still be taken on a device."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return float(torch.cuda.mem_get_info(device)[0] + cached)
    import psutil  # as above

    return float(psutil.virtual_memory().available)
