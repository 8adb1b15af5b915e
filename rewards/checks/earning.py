"""What completions earn by a mix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Earning:
    """Mean over rows of the weighted total, and of each reward's weighted part (None left out)."""

    total: float
    parts: Mapping[str, float]
