"""How a checkpoint was chosen, as it is kept beside the evaluations, and what that does to the best of several."""

import json
from pathlib import Path

import numpy as np
import pytest
from grpokit.bench.choosing import choose
from grpokit.evaluate.paired.choice import Choice, Part, best_of, read_choice
from grpokit.evaluate.types import EvaluationError

APART = Choice(
    40, 12, Part(250, "one half of the test split"), Part(249, "the other half of the test split"), True, 0.02
)


def test_a_sentence_names_both_parts_and_the_looks() -> None:
    assert APART.sentence == (
        "Step 40 was chosen by 12 looks at 250 questions (one half of the test split); it is judged by 249 questions "
        "(the other half of the test split), which no look saw."
    )
    same = Choice(4, 1, Part(60, "test split"), Part(60, "test split"), False, 0.0213)
    assert same.sentence == (
        "Step 4 was chosen by 1 look at the same 60 questions that judge it here, "
        "which flatters it by up to about 0.021."
    )
    unknown = Choice(4, 2, Part(60, "test split"), Part(60, "test split"), False, None)
    assert unknown.sentence == "Step 4 was chosen by 2 looks at the same 60 questions that judge it here."


WHERE = [
    # the run's folder, and whether it is the chosen one, judged by questions of its own
    ("final/tuned", True),
    ("final-greedy/merged", True),
    ("final/base", None),
    ("evaluation/base", None),
    ("evaluation/step-00040", False),  # among the looks it is judged by what chose it
    ("evaluation-greedy/step-00040", False),
    ("evaluation/step-00030", None),  # not the one
    ("evaluation/tuned", False),
    ("elsewhere/tuned", None),
]


@pytest.mark.parametrize(("folder", "apart"), WHERE)
def test_the_chosen_one_is_known_by_its_place(tmp_path: Path, folder: str, apart: bool | None) -> None:
    APART.write(tmp_path)
    choice = read_choice(tmp_path / folder)
    assert (None if choice is None else choice.apart) == apart
    if apart is not None:
        assert choice is not None
        assert choice.judged == (APART.judged if apart else APART.asked)


def test_without_the_file_nothing_was_chosen(tmp_path: Path) -> None:
    assert read_choice(tmp_path / "final" / "tuned") is None


FAULTS = [
    ("step", "forty"),
    ("looks", -1),
    ("asked", None),
    ("judged", {"questions": 1.5, "source": "test split"}),
    ("judged", {"questions": 1, "source": 7}),
    ("judged", {"questions": 1}),
    ("apart", "yes"),
    ("flattery", "much"),
    ("else", 1),
]


@pytest.mark.parametrize(("key", "value"), FAULTS)
def test_a_file_that_says_something_else_is_refused_in_one_line(tmp_path: Path, key: str, value: object) -> None:
    APART.write(tmp_path)
    path = tmp_path / "choice.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(EvaluationError, match=r"choice\.json does not say .* take it away") as refused:
        read_choice(tmp_path / "final" / "tuned")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "3"])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "choice.json").write_text(text)
    with pytest.raises(EvaluationError, match=r"choice\.json does not say"):
        read_choice(tmp_path / "final" / "tuned")


def test_the_best_of_several_by_the_questions_that_all_have() -> None:
    first, second = np.array([1.0, 0.0, 0.0, np.nan]), np.array([0.0, 1.0, 1.0, 0.0])
    best = best_of([("a", first), ("b", second)], None)
    assert best is not None
    assert (best.models, best.name) == (2, "b")
    assert best.flattery == pytest.approx(0.5642 * (2 * (4 / 3) / 4 / 3) ** 0.5, rel=0.2)


@pytest.mark.parametrize(
    "columns",
    [
        [],  # nothing
        [np.array([1.0, 0.0])],  # one is not chosen
        [np.array([1.0, np.nan]), np.array([np.nan, 1.0])],  # no question in common
    ],
)
def test_no_best_of_nothing(columns: list[np.typing.NDArray[np.float64]]) -> None:
    assert best_of([(str(at), column) for at, column in enumerate(columns)], None) is None


def test_the_best_of_twenty_that_learnt_nothing_is_seldom_called_improved() -> None:
    """Judged by other questions than chose it: one run in forty, as 95 % intervals promise; by the same, one in six."""
    chosen = choose(1000, questions=200, samples=1, looks=20)
    assert chosen.improved_apart <= 0.03
    assert chosen.improved_same > 0.09
    assert abs(chosen.lift_apart) < 0.004
    assert chosen.lift_same > 0.04
    assert chosen.said == pytest.approx(chosen.lift_same, rel=0.15)
