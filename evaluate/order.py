"""A random order of questions that depends on nothing but a seed and their names, so that any start of it is fair."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

from .types import Prompt


def cluster_of(prompt: Prompt, column: str | None) -> str:
    """Return the name of a prompt's cluster; one without a value there is a cluster of its own.

    >>> cluster_of(Prompt("7", "2+2?", {"topic": 3}), "topic"), cluster_of(Prompt("7", "2+2?", {}), "topic")
    ('in 3', 'alone 7')
    """
    value = None if column is None else prompt.columns.get(column)
    return f"alone {prompt.id}" if value is None else f"in {value}"


def shuffled(prompts: Iterable[Prompt], cluster: str | None, seed: int) -> list[Prompt]:
    """Return the prompts with their clusters in a random order; the prompts of a cluster stay together.

    The place of a cluster depends on the seed and its name alone, not on the order of the data or on other prompts.

    >>> [prompt.id for prompt in shuffled([Prompt(str(n), "?", {"half": n % 2}) for n in range(6)], "half", seed=1)]
    ['0', '2', '4', '1', '3', '5']
    """

    def place(prompt: Prompt) -> tuple[bytes, str]:
        name = cluster_of(prompt, cluster)
        return hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest(), name

    return sorted(prompts, key=place)


def cluster_sizes(prompts: Sequence[Prompt], cluster: str | None) -> list[int]:
    """Return how many prompts each cluster has, in the order of :func:`shuffled`.

    >>> cluster_sizes([Prompt("1", "?", {"half": 0}), Prompt("3", "?", {"half": 0}), Prompt("2", "?", {})], "half")
    [2, 1]
    """
    return [len(list(group)) for _, group in groupby(prompts, key=lambda prompt: cluster_of(prompt, cluster))]
