"""Fingerprints of prompts and of stored texts, taken one by one as they stream past."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from ..types import Prompt

DIGITS = 16


def prompt_digest(prompt: Prompt) -> int:
    """Return a 256-bit number over a prompt's id, text and columns."""
    line = json.dumps(prompt, sort_keys=True, default=str)
    return int.from_bytes(hashlib.sha256(line.encode()).digest())


def prompts_fingerprint(digests: Iterable[int]) -> str:
    """Return sixteen hex digits over the prompts of a task, whatever their order: the sum of their digests.

    >>> prompts_fingerprint([1, 2]) == prompts_fingerprint([2, 1]) != prompts_fingerprint([1, 3])
    True
    """
    total = sum(digests) % 2**256
    return hashlib.sha256(total.to_bytes(32)).hexdigest()[:DIGITS]
