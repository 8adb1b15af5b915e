"""Several training seeds as one arm: their change, whose interval holds over seeds, and what is refused."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate.paired.arms import Arm, final_run, read_arm
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.choice import Choice, Part
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.seeds import OVER, arm_difference
from grpokit.evaluate.runs.manifest import UNKNOWN
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.statistics import crossed_spread
from grpokit.evaluate.statistics.arrays import Floats
from grpokit.evaluate.statistics.intervals import t_interval
from grpokit.evaluate.types import EvaluationError

from ..stored_runs import write_run

QUESTIONS = 300


def answers(rate: float, samples: int = 2, seed: int = 0) -> Floats:
    """0/1 answers ``[questions, samples]`` to questions of every difficulty, of which ``rate`` is right on average."""
    draw = np.random.default_rng(seed)
    rates = np.clip(np.random.default_rng(99).random((QUESTIONS, 1)) - 0.5 + rate, 0, 1)
    return (draw.random((QUESTIONS, samples)) < rates).astype(np.float64)


def seed_run(out: Path, seed: int, scores: Floats, recipe: str = "lr: 1\n", run: str = "final/tuned") -> Run:
    """A run of a training's folder, as ``grpo-train --seeds`` leaves it."""
    folder = out / f"seed-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(f"{recipe}grpo:\n  seed: {seed}\n")
    (folder / run).parent.mkdir(exist_ok=True)
    return write_run(folder / run, {"correctness": scores.tolist()}, name=f"tuned-{out.name}-{seed}")


@pytest.fixture
def base(tmp_path: Path) -> Run:
    return write_run(tmp_path / "base", {"correctness": answers(0.4, seed=1).tolist()})


def arm(out: Path, rates: Sequence[float], name: str = "new") -> Arm:
    return Arm(name, tuple(seed_run(out, seed, answers(rate, seed=10 + seed)) for seed, rate in enumerate(rates)))


def only(pairs: Sequence[Pair]) -> Pair:
    (pair,) = pairs
    return pair


def test_an_arms_change_is_the_mean_over_seeds_with_an_interval_over_both(base: Run, tmp_path: Path) -> None:
    rates = (0.50, 0.55, 0.45, 0.60, 0.52)
    pair = only(compare([base, arm(tmp_path / "new", rates)]).pairs)
    left = answers(0.4, seed=1).mean(axis=1, keepdims=True)
    right = np.stack([answers(rate, seed=10 + seed).mean(axis=1) for seed, rate in enumerate(rates)], axis=1)
    expected = t_interval(float((right.mean(axis=1) - left[:, 0]).mean()), crossed_spread(left, right))
    assert (pair.gain.low, pair.gain.high) == pytest.approx((expected.low, expected.high))
    assert pair.gain.delta == pytest.approx(right.mean() - left.mean())
    assert (pair.gain.method, pair.gain.test, pair.gain.n) == (*["t over questions and seeds"] * 2, QUESTIONS)
    assert pair.gain.p is not None
    assert (pair.gain.p < 0.05) == (expected.low > 0)
    assert (pair.gain.needed, pair.lone_seed) == (None, False)


def test_the_model_shows_each_seed_and_how_far_they_lie_apart(base: Run, tmp_path: Path) -> None:
    comparison = compare([base, arm(tmp_path / "new", (0.5, 0.6, 0.7))])
    model = comparison.model("new")
    assert model.seeds is not None
    means = [answers(rate, seed=10 + seed).mean() for seed, rate in enumerate((0.5, 0.6, 0.7))]
    assert [one.name for one in model.seeds.means] == ["seed-0", "seed-1", "seed-2"]
    assert [one.mean for one in model.seeds.means] == pytest.approx(means)
    assert model.seeds.between == pytest.approx(np.std(means, ddof=1))
    row = model.rows()["correctness"]
    assert row.estimate.mean == pytest.approx(np.mean(means))
    assert sum(row.counts.values()) == 3 * QUESTIONS * 2
    assert (model.prompts, model.samples, model.curves, model.per_weight) == (QUESTIONS, 6, (), None)
    assert comparison.model("base").seeds is None
    single = compare([base, arm(tmp_path / "one", (0.5,))]).model("new")
    assert single.seeds is None


def test_lucky_seeds_do_not_make_a_better_recipe(base: Run, tmp_path: Path) -> None:
    """Two of three seeds learnt and one broke: every run alone is decided, the recipe is not."""
    runs = arm(tmp_path / "new", (0.55, 0.55, 0.2))
    alone = [only(compare([base, run]).pairs).verdict for run in runs.runs]
    assert alone == [Verdict.IMPROVED, Verdict.IMPROVED, Verdict.REGRESSED]
    assert only(compare([base, runs]).pairs).verdict is Verdict.UNDERPOWERED


def test_one_arm_against_another(tmp_path: Path) -> None:
    better = compare([arm(tmp_path / "a", (0.4, 0.42, 0.38), "a"), arm(tmp_path / "b", (0.6, 0.62, 0.58, 0.61), "b")])
    pair = only(better.pairs)
    assert (pair.base, pair.tuned, pair.verdict) == ("a", "b", Verdict.IMPROVED)
    assert [len(model.seeds.means) for model in better.models if model.seeds] == [3, 4]


def test_one_seed_works_and_says_what_it_cannot_know(base: Run, tmp_path: Path) -> None:
    single = arm(tmp_path / "new", (0.6,))
    pair = only(compare([base, single]).pairs)
    assert pair.lone_seed
    assert pair.gain == only(compare([base, single.runs[0]]).pairs).gain  # as the run itself
    assert not only(
        compare([base, write_run(tmp_path / "b", {"correctness": answers(0.6).tolist()}, "b")]).pairs
    ).lone_seed
    stored = write_run(tmp_path / "stored", {"correctness": answers(0.6).tolist()}, "stored")
    assert only(compare([base, Arm("new", (stored,))]).pairs).lone_seed  # one run that is given as a recipe's
    assert only(compare([Arm("old", (base,)), stored]).pairs).lone_seed


def test_a_seed_without_an_answer_to_a_question_leaves_it_out(base: Run, tmp_path: Path) -> None:
    gaps = answers(0.6, seed=11)
    gaps[:20] = np.nan
    scores = [[None if np.isnan(value) else value for value in row] for row in gaps]
    runs = (
        write_run(tmp_path / "s0", {"correctness": answers(0.6, seed=10).tolist()}, name="s0"),
        write_run(tmp_path / "s1", {"correctness": scores}, name="s1"),
    )
    gain = only(compare([base, Arm("new", runs)]).pairs).gain
    assert (gain.n, gain.dropped) == (QUESTIONS - 20, 20)
    other = write_run(tmp_path / "s2", {"correctness": answers(0.6, seed=12).tolist()}, name="s2")
    lacking = write_run(tmp_path / "gaps", {"correctness": scores}, name="gaps")  # the base may lack answers as well
    assert only(compare([lacking, Arm("new", (runs[0], other))]).pairs).gain.n == QUESTIONS - 20


def test_mostly_missing_values_of_an_arm_are_no_verdict(base: Run, tmp_path: Path) -> None:
    empty: list[list[float | None]] = [[None, None]] * 280 + [[1.0, 1.0]] * 20
    runs = tuple(write_run(tmp_path / f"s{at}", {"correctness": empty}, name=f"s{at}") for at in range(2))
    assert only(compare([base, Arm("new", runs)]).pairs).verdict is None


def test_alike_seeds_have_the_interval_of_the_questions(base: Run, tmp_path: Path) -> None:
    same = answers(0.6, seed=5).tolist()
    runs = tuple(write_run(tmp_path / f"s{at}", {"correctness": same}, name=f"s{at}") for at in range(3))
    gain = only(compare([base, Arm("new", runs)]).pairs).gain
    one = only(compare([base, runs[0]]).pairs).gain
    assert (gain.delta, gain.low, gain.high) == pytest.approx((one.delta, one.low, one.high))


def test_contributions_add_up_and_hacking_is_looked_for(tmp_path: Path) -> None:
    def run(name: str, right: float, layout: float, seed: int) -> Run:
        scores = {"correctness": answers(right, seed=seed).tolist(), "layout": answers(layout, seed=seed + 50).tolist()}
        return write_run(tmp_path / name, scores, name=name)

    runs = tuple(run(f"s{at}", 0.3, 0.9, 20 + at) for at in range(3))
    pair = only(compare([run("base", 0.4, 0.2, 1), Arm("new", runs)]).pairs)
    parts = [part.mean or 0.0 for part in pair.contributions.values()]
    assert sum(parts) == pytest.approx(pair.total.delta)
    assert pair.hacking is not None
    assert pair.hacking.suspected
    assert pair.hacking.reason.startswith("layout rose")
    falls = {change.prompt_id for change in pair.changes if change.delta < 0}
    assert set() < set(pair.suspects) < falls  # those of them whose total rose
    assert pair.changes == tuple(sorted(pair.changes, key=lambda change: change.delta))
    assert pair.behaviour["distinct"].low is None  # a text is distinct beside others
    assert pair.behaviour["unanswered"].mean is not None


def test_what_training_says_of_each_seed_is_said_of_the_arm(base: Run, tmp_path: Path) -> None:
    runs = arm(tmp_path / "new", (0.5, 0.6))
    part = Part(60, "test split")
    Choice(40, 12, part, part, False, 0.02).write(runs.runs[1].path.parent.parent)
    (runs.runs[1].path.parent.parent / "alarms.jsonl").write_text(
        '{"step": 20, "kind": "repetition", "text": "they repeat.", "rate": 0.025}\n'
    )
    pair = only(compare([base, runs]).pairs)
    assert [choice.step for choice in pair.choices] == [40]
    assert [alarm.kind for alarm in pair.alarms] == ["repetition, seed-1"]


def test_the_best_of_several_is_named_with_its_flattery(base: Run, tmp_path: Path) -> None:
    rates = (0.5, 0.62, 0.55)
    runs = [
        write_run(tmp_path / f"m{at}", {"correctness": answers(rate, seed=30 + at).tolist()}, name=f"m{at}")
        for at, rate in enumerate(rates)
    ]
    best = compare([base, *runs]).best_of
    assert best is not None
    assert (best.models, best.name) == (3, "m1")
    assert best.flattery is not None
    assert 0.01 < best.flattery < 0.05
    assert compare([base, runs[0]]).best_of is None


def test_recipes_that_differ_in_more_than_the_seed_are_flagged(base: Run, tmp_path: Path) -> None:
    runs = (
        seed_run(tmp_path / "new", 0, answers(0.5, seed=3)),
        seed_run(tmp_path / "new", 1, answers(0.5, seed=4), recipe="lr: 2\n"),
    )
    (mismatch,) = only(compare([base, Arm("new", runs)]).pairs).mismatches
    assert mismatch.what == "recipe key lr within new, which is then no arm of one recipe,"
    assert (mismatch.base, mismatch.tuned, mismatch.fatal) == ("seed-0 1", "seed-1 2", False)


def test_an_arm_does_not_hold_where_a_few_questions_lose_everything() -> None:
    """Three of 400: with the error of these three a loss of .02 would be excluded, but not of their kind (Wilson)."""
    draw = np.random.default_rng(0)
    base = np.ones((400, 1))
    tuned = np.ones((400, 3)) - 0.001 * draw.random((400, 3))
    tuned[:3] = 0.0
    change = arm_difference(base, tuned, None, 0.02, 0.95, (0.0, 1.0), graded=True)
    assert change.low is not None
    assert change.low > -0.02
    assert change.low_held == pytest.approx(-0.0225, abs=5e-4)
    assert change.verdict is Verdict.UNDERPOWERED


def test_stored_answers_of_several_seeds_are_an_arm(base: Run, tmp_path: Path) -> None:
    """Nothing is known of the weights that wrote them; the same folder twice is refused all the same."""
    runs = [
        replace(run, manifest=replace(run.manifest, weights=UNKNOWN)) for run in arm(tmp_path / "new", (0.5, 0.6)).runs
    ]
    (pair,) = compare([base, Arm("new", tuple(runs))]).pairs
    assert pair.gain.test == OVER
    with pytest.raises(EvaluationError, match="are no two seeds"):
        Arm("new", (*runs, runs[0]))


def test_copies_of_stored_answers_are_no_seeds(tmp_path: Path) -> None:
    """A copied folder, and one log that was scored twice under two names, lie in other places than the first."""

    def stored(name: str, scores: Floats, **texts: Sequence[Sequence[str]]) -> Run:
        return unknown(write_run(tmp_path / name, {"correctness": scores.tolist()}, name, **texts))

    def unknown(run: Run) -> Run:
        return replace(run, manifest=replace(run.manifest, weights=UNKNOWN))

    scores = answers(0.5)
    first, again = stored("first", scores), stored("again", scores)
    copied = unknown(Run.open(shutil.copytree(first.path, tmp_path / "copied")))
    for copy in (again, copied):
        with pytest.raises(EvaluationError, match="hold the same answers with the same scores, which are no") as told:
            Arm("new", (first, copy))
        assert "\n" not in str(told.value)
    scores[-1, -1] = 1 - scores[-1, -1]
    said = [[f"{question} {sample}" for sample in range(2)] for question in range(QUESTIONS)]
    others = (stored("other", scores), stored("shorter", scores[:-1]), stored("spelt", scores, texts=said))
    assert len(Arm("new", (first, *others)).runs) == 4  # by one score, by one question, by the texts


def test_arms_are_refused_in_one_line(base: Run, tmp_path: Path) -> None:
    runs = arm(tmp_path / "new", (0.5, 0.6)).runs
    with pytest.raises(EvaluationError, match="same weights, which are no two seeds"):
        Arm("new", (*runs, runs[0]))
    with pytest.raises(EvaluationError, match="has no run"):
        Arm("new", ())
    task = replace(base.manifest.task, fingerprint="0" * 16)  # they share no questions
    other = write_run(tmp_path / "other", {"correctness": [[1.0], [0.0]]}, name="other", task=task)
    with pytest.raises(EvaluationError, match="cannot be compared") as refused:
        compare([base, Arm("new", (*runs, other))])
    assert "\n" not in str(refused.value)


PLACES = [
    # what a training run's folder holds, and which of it speaks for its adapter
    (("final/tuned", "evaluation/step-00010"), "final/tuned"),
    (("evaluation/tuned", "evaluation/step-00010"), "evaluation/tuned"),
    (("evaluation/base", "evaluation/step-00002", "evaluation/step-00010"), "evaluation/step-00010"),
    (("evaluation-greedy/step-00010", "evaluation/step-00002"), "evaluation/step-00002"),
]


@pytest.mark.parametrize(("held", "speaks"), PLACES)
def test_a_training_run_speaks_by_its_last_answers(tmp_path: Path, held: Sequence[str], speaks: str) -> None:
    for at, run in enumerate(held):
        seed_run(tmp_path, 0, answers(0.5, seed=at), run=run)
    assert final_run(tmp_path / "seed-0") == tmp_path / "seed-0" / speaks
    assert read_arm("new", [tmp_path / "seed-0"]).runs[0].path == tmp_path / "seed-0" / speaks
    assert final_run(tmp_path / "seed-0" / held[0]) == tmp_path / "seed-0" / held[0]  # a run is itself


def test_a_training_run_that_chose_speaks_by_the_chosen_step(tmp_path: Path) -> None:
    for step in (2, 4, 6):
        seed_run(tmp_path, 0, answers(0.5, seed=step), run=f"evaluation/step-{step:05d}")
    part = Part(60, "test split")
    Choice(4, 3, part, part, False, None).write(tmp_path / "seed-0")
    assert final_run(tmp_path / "seed-0").name == "step-00004"


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seed-0" / "evaluation" / "step-00002").mkdir(parents=True)
    with pytest.raises(EvaluationError, match="no run that is finished"):
        final_run(tmp_path / "seed-0")
    with pytest.raises(EvaluationError, match="no folder"):
        final_run(tmp_path / "seed-1")
