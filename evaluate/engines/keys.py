"""The key of a row: what its noise depends on, and nothing else."""

from __future__ import annotations

import hashlib


def row_key(seed: int, prompt_id: str, sample: int) -> int:
    """Return the 64-bit key (signed) of sample ``sample`` of a prompt.

    >>> row_key(0, "7", 0) == row_key(0, "7", 0) != row_key(0, "7", 1)
    True
    """
    digest = hashlib.blake2b(f"{seed}\0{sample}\0{prompt_id}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little", signed=True)
