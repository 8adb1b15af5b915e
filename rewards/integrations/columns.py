"""The columns that a reward is called with, from what a peer knows about one completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..reward import REFERENCE_COLUMNS


def one_row(extra: Mapping[str, Any], reference: Any) -> dict[str, list[Any]]:
    """Return the extra fields as columns of one row, with ``reference`` as the only reference.

    >>> one_row({"level": 3, "solution": "9 + 9 = 18", "completions": "?"}, "18")
    {'level': [3], 'answer': ['18']}
    """
    taken = {*REFERENCE_COLUMNS, "prompts", "completions", "completion_ids"}
    kept = {str(name): [value] for name, value in extra.items() if name not in taken}
    return {**kept, "answer": [reference]}
