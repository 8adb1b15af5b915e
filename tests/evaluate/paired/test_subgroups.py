"""The change in groups of questions: each group on its own, Holm over the groups, one test whether they differ."""

import json
from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate import EvaluationError, Run, compare
from grpokit.evaluate.paired.arms import Arm
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.subgroups import NO_VALUE, Subgroups, _verdict
from grpokit.evaluate.statistics import holm
from grpokit.tests.evaluate.stored_runs import write_run

DRAW = np.random.default_rng(0)
TOPICS = ["algebra"] * 60 + ["number"] * 40 + ["rare"] * 4 + [None] * 6
BASE = (DRAW.random(110) < 0.4).astype(float)
TUNED = np.where(np.arange(110) < 60, np.maximum(BASE, DRAW.random(110) < 0.5), BASE).astype(float)


def runs(folder: Path, base: np.typing.NDArray[np.float64] = BASE, topics: list[str | None] = TOPICS) -> list[Run]:
    made = []
    for name, scores in (("base", base), ("tuned", TUNED)):
        run = write_run(folder / name, {"correctness": [[float(one)] for one in scores]}, name)
        lines = [json.loads(line) for line in (run.path / "prompts.jsonl").read_text().splitlines()]
        for line, topic in zip(lines, topics, strict=True):
            line["columns"] = {"seed": 1} if topic is None else {"topic": topic, "seed": 1}
        (run.path / "prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        made.append(Run.open(run.path))
    return made


def by_topic(folder: Path) -> Subgroups:
    (pair,) = compare(runs(folder), by="topic").pairs
    assert pair.subgroups is not None
    return pair.subgroups


def test_each_group_is_compared_on_its_own_questions(tmp_path: Path) -> None:
    groups = by_topic(tmp_path)
    assert [(group.name, group.change.n) for group in groups.groups] == [
        ("algebra", 60),
        ("number", 40),
        (NO_VALUE, 6),
        ("rare", 4),
    ]
    algebra = groups.groups[0]
    assert algebra.base == pytest.approx(BASE[:60].mean())
    assert algebra.tuned == pytest.approx(TUNED[:60].mean())
    assert algebra.change.delta == pytest.approx((TUNED - BASE)[:60].mean())
    assert algebra.verdict is Verdict.IMPROVED
    assert groups.groups[1].change.delta == 0


def test_small_groups_are_named_and_have_no_verdict(tmp_path: Path) -> None:
    rare = by_topic(tmp_path).groups[-1]
    assert (rare.name, rare.verdict, rare.change.p_holm) == ("rare", None, None)


def test_p_is_adjusted_over_the_groups_that_are_large_enough(tmp_path: Path) -> None:
    groups = [group for group in by_topic(tmp_path).groups if group.verdict is not None]
    adjusted = holm({group.name: group.change.p for group in groups if group.change.p is not None})
    assert {group.name: group.change.p_holm for group in groups} == adjusted
    assert len(adjusted) == 3


def test_one_test_says_whether_the_groups_differ(tmp_path: Path) -> None:
    groups = by_topic(tmp_path)
    changes, large = TUNED - BASE, [slice(0, 60), slice(60, 100), slice(104, 110)]
    mean = np.concatenate([changes[some] for some in large]).mean()
    between = sum(len(changes[some]) * (changes[some].mean() - mean) ** 2 for some in large)
    assert groups.statistic == pytest.approx(between)
    assert groups.p is not None
    assert groups.p < 0.01


def test_one_large_group_has_none_to_differ_from(tmp_path: Path) -> None:
    topics: list[str | None] = ["one"] * 107 + ["few"] * 3
    (pair,) = compare(runs(tmp_path, topics=topics), by="topic").pairs
    assert pair.subgroups is not None
    assert (pair.subgroups.statistic, pair.subgroups.p) == (None, None)


@pytest.mark.parametrize(
    ("verdict", "p_holm", "low_held", "said"),
    [
        (Verdict.IMPROVED, 0.04, 0.0, Verdict.IMPROVED),
        (Verdict.IMPROVED, 0.06, 0.0, Verdict.HELD),  # chance had several chances: a gain is not sure, no loss is
        (Verdict.IMPROVED, 0.06, -0.1, Verdict.UNDERPOWERED),  # rare losses are not excluded
        (Verdict.REGRESSED, 0.06, -0.3, Verdict.UNDERPOWERED),
        (Verdict.REGRESSED, 0.05, -0.3, Verdict.REGRESSED),
        (Verdict.HELD, 0.9, -0.01, Verdict.HELD),
    ],
)
def test_a_group_is_improved_or_regressed_only_where_the_adjusted_p_agrees(
    tmp_path: Path, verdict: Verdict, p_holm: float, low_held: float, said: Verdict
) -> None:
    from dataclasses import replace

    change = compare(runs(tmp_path)).pairs[0].gain
    assert _verdict(replace(change, verdict=verdict, p_holm=p_holm, low_held=low_held)) is said


def test_a_column_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"--by: no column 'topc' in the prompts\. Did you mean 'topic'\?"):
        compare(runs(tmp_path), by="topc")


def test_a_column_of_names_makes_no_groups(tmp_path: Path) -> None:
    topics: list[str | None] = [str(number % 51) for number in range(110)]
    with pytest.raises(EvaluationError, match="column 'topic' has 51 different values; give one with at most 50"):
        compare(runs(tmp_path, topics=topics), by="topic")
    topics[topics.index("50") :: 51] = ["0"] * len(topics[topics.index("50") :: 51])
    assert compare(runs(tmp_path / "fifty", topics=topics), by="topic").pairs[0].subgroups is not None


def test_several_runs_as_one_model_are_not_split(tmp_path: Path) -> None:
    base, tuned = runs(tmp_path)
    other = runs(tmp_path / "other")[1]
    manifest = other.path / "manifest.json"
    manifest.write_text(manifest.read_text().replace("weights-of-tuned", "another"))
    with pytest.raises(EvaluationError, match="runs that count as one model are not split"):
        compare([base, Arm("arm", (tuned, Run.open(other.path)))], by="topic")


def test_without_it_there_are_no_groups(tmp_path: Path) -> None:
    assert compare(runs(tmp_path)).pairs[0].subgroups is None
