"""What completions are like, and how that changed."""

from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.scoring import score_run
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.stored_runs import write_run

SCORES = {"correctness": [[1.0, 0.0], [1.0, 1.0]]}


def _compare(folder: Path, base: dict[str, Any], tuned: dict[str, Any]) -> Comparison:
    return compare(
        [write_run(folder / name, SCORES, name, **side) for name, side in (("base", base), ("tuned", tuned))]
    )


def test_habits_change_question_by_question(tmp_path: Path) -> None:
    base = {"cut": [[True, True], [False, False]], "tokens": [[8, 8], [2, 4]], "repeated": [[0.5, 0.5], [0.0, 0.25]]}
    tuned = {"cut": [[False, True], [False, False]], "tokens": [[6, 8], [2, 2]], "repeated": [[0.5, 0.25], [0.0, 0.0]]}
    comparison = _compare(tmp_path, base, tuned)
    before, after = comparison.models
    assert (before.truncated, before.tokens, before.repeated) == (0.5, 5.5, 0.3125)
    assert (after.truncated, after.tokens, after.repeated) == (0.25, 4.5, 0.1875)
    habits = comparison.pairs[0].habits
    assert {name: found.mean for name, found in habits.items()} == {
        "truncated": -0.25,
        "tokens": -1.0,
        "repeated": -0.125,
        "unanswered": 0.0,
    }
    assert all(found.n == 2 for found in habits.values())


def test_triples_of_tokens_and_of_words_are_not_compared(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, {"token_ids": [1, 2, 3]}, {"token_ids": None})
    assert [model.repeated_unit for model in comparison.models] == ["token", "word"]
    assert "repeated" not in comparison.pairs[0].habits


def test_what_was_scored_without_repetition_has_none(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, {"repeated": [[None, None], [None, None]]}, {})
    assert comparison.models[0].repeated is None
    assert comparison.models[0].repeated_unit is None
    assert "repeated" not in comparison.pairs[0].habits


@pytest.mark.parametrize(
    ("token_ids", "texts", "expected"),
    [
        (None, [["a b c d", "no no no no no"]], [0.0, 2 / 3]),  # by words
        ([7, 7, 7, 7], [["a b c d", "a b c d"]], [0.5, 0.5]),  # by tokens, whatever the words
        (None, [["", "two words"]], [0.0, 0.0]),  # too short to have a triple
    ],
)
def test_scoring_keeps_how_much_a_completion_repeats_itself(
    tmp_path: Path, token_ids: list[int] | None, texts: list[list[str]], expected: list[float]
) -> None:
    run = write_run(tmp_path, {"xml_format": [[0.0, 0.0]]}, texts=texts, token_ids=token_ids)
    score_run(run, RewardMix.parse("xml_format"))
    assert [score.repeated for score in run.scores()] == pytest.approx(expected)
