"""What more questions would not mend, and values that are missing: seen in the comparison, before any report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.doubts import MissingRow
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.manifest import MixRecord
from grpokit.rewards.reward import Judgement
from grpokit.tests.evaluate.stored_runs import write_run

MIX = MixRecord("correctness=1", {"correctness": 1.0}, {"correctness": "c" * 16}, {"correctness": [0.0, 1.0]})
UNSEEN, WRONG = Judgement(0.0, "no answer", "by hand"), Judgement(0.0, "wrong", "by hand")


def compared(
    tmp_path: Path,
    base: Sequence[float | None],
    tuned: Sequence[float | None],
    cut: Sequence[int] = (0, 0),
    unseen: Sequence[int] = (0, 0),
) -> Comparison:
    """Compare two models by their values; so many of each one's completions are cut, or hold no answer."""
    runs = []
    for name, values, clipped, hidden in zip(("base", "tuned"), (base, tuned), cut, unseen, strict=True):
        judged = [[UNSEEN if q < hidden else Judgement(v, "partly right", "by hand")] for q, v in enumerate(values)]
        runs.append(
            write_run(
                tmp_path / name,
                {"correctness": [[value] for value in values]},
                name,
                judgements={"correctness": judged} if hidden else None,
                cut=[[q < clipped] for q in range(len(values))],
                mix=MIX,
            )
        )
    return compare(runs)


def kinds(comparison: Comparison) -> list[str]:
    return [one.kind for one in comparison.pairs[0].obstacles]


ENDS = [
    # values of base and tuned, and what is in the way
    ([0.0] * 100, [0.0] * 100, ["floor"]),
    ([1.0] * 100, [1.0] * 100, ["ceiling"]),
    ([0.0] * 100, [1.0] * 100, []),  # as large a change as there is
    ([0.0] * 100, [0.0] * 99 + [1.0], ["floor"]),  # nearly, and nothing decided
    ([1.0] * 100, [1.0] * 99 + [0.0], ["ceiling"]),
    ([0.0] * 100, [0.0] * 97 + [1.0] * 3, []),
    ([0.0] * 100, [0.0] * 98 + [1.0] * 2, []),
    ([0.0] * 2000, [0.0] * 1985 + [1.0] * 15, []),  # near the end too, but a gain that is shown
    ([0.0] * 2000, [0.0] * 2000, ["floor"]),  # held, at a level of nothing
]


@pytest.mark.parametrize(("base", "tuned", "expected"), ENDS)
def test_both_models_at_an_end(tmp_path: Path, base: list[float], tuned: list[float], expected: list[str]) -> None:
    assert kinds(compared(tmp_path, base, tuned)) == expected


def test_most_answers_cut_or_not_seen(tmp_path: Path) -> None:
    half = [0.0, 1.0] * 10
    assert kinds(compared(tmp_path / "a", half, half, cut=(11, 0))) == ["cut"]
    assert kinds(compared(tmp_path / "b", half, half, cut=(10, 10))) == []  # half is not most
    (seen,) = compared(tmp_path / "c", half, half, unseen=(0, 15)).pairs[0].obstacles
    assert (seen.kind, seen.models, seen.values) == ("unanswered", ("tuned",), (0.75,))
    nothing = [0.0] * 20
    assert kinds(compared(tmp_path / "d", nothing, nothing, cut=(20, 20), unseen=(20, 20))) == [
        "cut",
        "unanswered",
        "floor",
    ]


def test_a_model_alone(tmp_path: Path) -> None:
    run = write_run(tmp_path / "one", {"correctness": [[0.0]] * 9}, mix=MIX)
    assert [one.kind for one in compare([run]).obstacles] == ["floor"]
    some = write_run(tmp_path / "two", {"correctness": [[0.0]] * 199 + [[1.0]]}, mix=MIX)
    assert compare([some]).obstacles == ()  # alone, one right answer is a level of its own
    assert compared(tmp_path, [0.0] * 9, [0.0] * 9).obstacles == ()  # the pair's


def test_without_a_range_there_is_no_end(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[0.0]] * 9}, name) for name in ("base", "tuned")]
    assert compare(runs).pairs[0].obstacles == ()


def test_missing_values_are_counted_with_their_places(tmp_path: Path) -> None:
    comparison = compared(tmp_path, [1.0, None, 0.0, None, None, None, 1.0, 0.0, 1.0], [1.0] * 9)
    missing = comparison.models[0].missing
    assert (missing.of, dict(missing.counts)) == (9, {"not applicable": 4})
    assert missing.share == 4 / 9
    assert missing.rows == tuple(MissingRow(q + 1, f"q{q}", "not applicable") for q in (1, 3, 4))
    assert missing.file == str(tmp_path / "base" / "scores.jsonl")
    assert comparison.models[1].missing.share == 0.0


SHARES = [
    # so many of 20 values are missing of base and of tuned, and whether there is a verdict
    (10, 0, True),  # half is not most
    (11, 0, False),
    (0, 11, False),
    (20, 20, False),
]


@pytest.mark.parametrize(("base", "tuned", "decided"), SHARES)
def test_no_verdict_where_most_values_are_missing(tmp_path: Path, base: int, tuned: int, decided: bool) -> None:
    pair = compared(tmp_path, [None] * base + [0.0] * (20 - base), [None] * tuned + [1.0] * (20 - tuned)).pairs[0]
    assert pair.verdict == (Verdict.IMPROVED if decided else None)
    assert (pair.rewards["correctness"].verdict is None, pair.total.verdict is None) == (not decided, not decided)
