"""One text for every question: it is seen whatever it earns."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.distinct import LONG, constant_share, distinct_over, distinct_within
from grpokit.evaluate.paired.pairing import compare
from grpokit.files import read_lines, write_lines
from grpokit.reports.json_report import to_json
from grpokit.reports.markdown import to_markdown
from grpokit.tests.evaluate.stored_runs import write_run
from hypothesis import given
from hypothesis import strategies as st

NULL = "You should output (m) as the best answer."


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30))
def test_the_means_are_shares_of_distinct_texts(rows: list[tuple[int, int]]) -> None:
    questions, texts = (np.array(column) for column in zip(*sorted(rows), strict=True))
    pairs = set(zip(texts.tolist(), questions.tolist(), strict=True))
    over = distinct_over(texts, questions)
    once = {pair: over[(texts == pair[0]) & (questions == pair[1])][0] for pair in pairs}
    assert sum(once.values()) == pytest.approx(len(set(texts.tolist())))
    within = distinct_within(texts, questions)
    for question in set(questions.tolist()):
        own = questions == question
        if own.sum() < 2:
            assert np.isnan(within[own]).all()
        else:
            assert within[own].sum() == pytest.approx(len(set(texts[own].tolist())))


@pytest.mark.parametrize(
    ("texts", "long", "references", "share"),
    [
        ([1, 1, 1, 2], 1, [1, 2, 3, 4], 0.75),
        ([1, 1, 1, 2], 0, [1, 2, 3, 4], 0.0),  # letters, yes and no repeat rightly
        ([1, 1, 1, 2], 1, [7, 7, 7, 4], 0.0),  # the same answer to the same reference
        ([1, 2, 3, 4], 1, [1, 2, 3, 4], 0.0),
    ],
)
def test_the_share_of_questions_with_one_text(texts: list[int], long: int, references: list[int], share: float) -> None:
    found = constant_share(np.array(texts), np.full(4, long), np.arange(4), np.array(references))
    assert found == pytest.approx(share)


def _compare(folder: Path, tuned: list[str], references: list[Any], texts: int = 20) -> Comparison:
    own = [f"an answer of its own to question {number}" for number in range(texts)]
    runs = []
    for name, written in (("base", own), ("tuned", tuned)):
        run = write_run(folder / name, {"length": [[1.0]] * texts}, name, texts=[[text] for text in written])
        prompts = [line.value for line in read_lines(run.path / "prompts.jsonl")]
        for prompt, reference in zip(prompts, references, strict=True):
            prompt["columns"] = {} if reference is None else {"reference": reference}
        write_lines(run.path / "prompts.jsonl", prompts)
        runs.append(run)
    return compare(runs)


@pytest.mark.parametrize(
    ("tuned", "references", "said"),
    [
        ([NULL] * 20, [str(number) for number in range(20)], True),
        ([NULL] * 20, [None] * 20, True),  # without references the questions are what differs
        ([NULL] * 20, ["the same"] * 20, False),
        ([NULL[:LONG]] * 20, [str(number) for number in range(20)], False),
        ([NULL[: LONG + 1]] * 20, [str(number) for number in range(20)], True),
        ([NULL] * 10 + [f"{NULL} {number}" for number in range(10)], list("abcdefghijklmnopqrst"), False),  # a half
        ([NULL] * 11 + [f"{NULL} {number}" for number in range(9)], list("abcdefghijklmnopqrst"), True),
    ],
)
def test_field_a_null_model_is_said_before_the_numbers(
    tmp_path: Path, tuned: list[str], references: list[Any], said: bool
) -> None:
    comparison = _compare(tmp_path, tuned, references)
    kinds = {one.kind: one for one in comparison.pairs[0].obstacles}
    assert ("constant" in kinds) is said
    line = "Most questions got one and the same text, though their references differ (tuned"
    assert (line in to_markdown(comparison).replace("\\", "")) is said
    if said:
        assert kinds["constant"].models == ("tuned",)


def test_distinct_texts_are_a_behaviour(tmp_path: Path) -> None:
    grid = [[1.0, 1.0]] * 6
    texts = {
        "base": [[f"a {q}", f"b {q}"] for q in range(6)],
        "tuned": [["a", "a"]] * 3 + [["a", f"b {q}"] for q in range(3)],
    }
    runs = [write_run(tmp_path / name, {"length": grid}, name, texts=texts[name]) for name in texts]
    comparison = compare(runs)
    base, tuned = comparison.models
    assert (base.distinct, base.distinct_within) == (1.0, 1.0)
    assert (tuned.distinct, tuned.distinct_within) == (pytest.approx((9 / 6 + 3) / 12), 0.75)
    change = comparison.pairs[0].behaviour
    assert change["distinct"].mean == pytest.approx((9 / 6 + 3) / 12 - 1)
    assert change["distinct"].low is None  # one text is distinct beside others: no mean of independent questions
    assert change["distinct_within"].high is not None
    written = to_json(comparison)
    assert written["models"][1]["distinct_within"] == 0.75
    assert written["models"][1]["constant"] == 0.0
    assert written["pairs"][0]["habits"]["distinct_within"]["delta"] == pytest.approx(-0.25)


def test_with_one_sample_nothing_is_known_within_a_question(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, [NULL] * 20, [None] * 20)
    assert comparison.models[1].distinct_within is None
    assert "distinct_within" not in comparison.pairs[0].behaviour
    assert comparison.models[1].distinct == pytest.approx(0.05)
