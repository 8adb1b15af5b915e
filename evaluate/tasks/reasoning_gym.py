"""Procedural tasks of the library reasoning-gym, judged by its own scorers.

A data set of the library gives row ``index`` from the seed ``seed + index``, so seeds that are merely different
share rows; the two splits start far apart, each question comes once, and none of the test split is trained on.

Its scorers judge, not the comparison with a reference: many of the data sets (countdown, n_queens, word_ladder)
accept any right solution, and give partial credit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal

from ...errors import nearest
from ...rewards.text import Text, normalise
from ..types import EvaluationError

Split = Literal["train", "test"]

SIZES: Mapping[Split, int] = {"train": 10_000, "test": 500}
"""Rows that are drawn; questions that come again are left out."""

SEEDS: Mapping[Split, int] = {"train": 1_000_000, "test": 0}
"""The seed of row 0 of each split; row i has the seed i above it."""


def generate(name: str, split: Split) -> Iterator[dict[str, Any]]:
    """Yield the rows of the data set ``name``: index, question, answer, and what :func:`solved` needs.

    Raises :class:`EvaluationError` for a name that the library does not have, or where it is not installed.
    """
    seen = {entry["question"] for entry in _draw(name, "test")} if split == "train" else set()
    for index, entry in enumerate(_draw(name, split)):
        if entry["question"] not in seen:
            seen.add(entry["question"])
            columns = {"question": entry["question"], "answer": entry["answer"]}
            yield {"id": f"{name}-{split}-{index}", **columns, "dataset": name, "split": split, "index": index}


def solved(
    completions: Sequence[Text], dataset: Sequence[str], split: Sequence[Split], index: Sequence[int], **columns: Any
) -> list[float | None]:
    """The library's own score of the answer between the last ``<answer>`` and ``</answer>``, from 0 to 1.

    0 without such an answer. None where the library's scorer fails on it, so that a failure is not called wrong.
    """
    return [
        _score(completion, _dataset(name, part), number)
        for completion, name, part, number in zip(completions, dataset, split, index, strict=True)
    ]


def _score(completion: Text, dataset: Any, index: int) -> float | None:
    from reasoning_gym.utils import extract_answer

    answer = extract_answer(normalise(completion).final or "")
    if answer is None:
        return 0.0
    try:
        return min(1.0, max(0.0, float(dataset.score_answer(answer=answer, entry=dataset[int(index)]))))
    except Exception:  # a hundred scorers parse what a model wrote, each fails in its own way
        return None


def _draw(name: str, split: Split) -> Iterator[Mapping[str, Any]]:
    dataset = _dataset(name, split)
    return (dataset[index] for index in range(SIZES[split]))


@cache
def _dataset(name: str, split: Split) -> Any:
    """Return the library's data set; its rows are made when they are asked for."""
    try:
        from reasoning_gym import create_dataset
        from reasoning_gym.factory import DATASETS
    except ImportError:
        raise EvaluationError(
            f"task 'reasoning_gym:{name}' needs the package reasoning-gym: pip install 'grpokit[reasoning-gym]'."
        ) from None
    known = sorted(set(DATASETS) - {"composite"})
    if name not in known:
        raise EvaluationError(f"reasoning-gym has no data set {name!r}. {nearest(name, known)}")
    return create_dataset(name, seed=SEEDS[split], size=SIZES[split])
