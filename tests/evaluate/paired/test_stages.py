"""Growing runs: compared at the latest look that all have come to, and stopped when the verdict is sure."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate import EvaluationError, Run, compare
from grpokit.evaluate.paired.arms import Arm
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.difference import Design, difference
from grpokit.evaluate.paired.stages import Stage, decided, stage_of
from grpokit.evaluate.statistics.samples import Samples
from grpokit.evaluate.statistics.sequential import confidence, critical_values, planned_looks
from grpokit.tests.evaluate.stored_runs import write_run

DRAW = np.random.default_rng(0)
BASE = (DRAW.random(500) < 0.3).astype(float)
TUNED = np.maximum(BASE, DRAW.random(500) < 0.4)
WORDS = ("completions.jsonl", "scores.jsonl")


def growing(
    folder: Path,
    scores: np.typing.NDArray[np.float64],
    name: str,
    answered: int,
    order: int | None = 0,
    clusters: list[int] | None = None,
) -> Run:
    """Write a run of single scores of which only the first questions are answered, in the order of its prompts."""
    run = write_run(folder / name, {"correctness": [[float(one)] for one in scores]}, name, clusters=clusters)
    replace(run.manifest, task=replace(run.manifest.task, order=order)).write(run.path)
    for file in WORDS:
        lines = (run.path / file).read_text().splitlines(keepends=True)
        (run.path / file).write_text("".join(lines[:answered]))
    return Run.open(run.path)


@pytest.mark.parametrize(
    ("base", "tuned", "made", "questions"),
    [
        (500, 500, 4, 500),  # all answered: the last look
        (500, 130, 2, 125),  # between two looks: the earlier one, and no question beyond it
        (63, 63, 1, 63),
        (249, 300, 2, 125),
    ],
)
def test_compared_is_the_latest_look_that_all_have_come_to(
    tmp_path: Path, base: int, tuned: int, made: int, questions: int
) -> None:
    runs = [growing(tmp_path, BASE, "base", base), growing(tmp_path, TUNED, "tuned", tuned)]
    comparison = compare(runs)
    (pair,) = comparison.pairs
    looks = pair.looks
    assert looks is not None
    assert (looks.made, looks.latest.questions, looks.of, looks.seed) == (made, questions, 500, 0)
    assert looks.early == (questions < 500)
    assert [model.prompts for model in comparison.models] == [questions] * 2
    assert pair.gain.n == questions
    assert pair.gain.delta == pytest.approx((TUNED - BASE)[:questions].mean())
    assert pair.comparable
    values = critical_values((1 / 8, 1 / 4, 1 / 2, 1.0))
    assert [look.z for look in looks.looks] == list(values)
    assert pair.gain.level == looks.latest.level == pytest.approx(confidence(values[made - 1]))
    assert looks.latest.change is not None
    assert (looks.latest.change.low, looks.latest.change.verdict) == (pair.gain.low, pair.gain.verdict)
    for place, look in enumerate(looks.looks):
        assert (look.change is not None) == (place < made)
        if look.change is not None:
            assert look.change.n == look.questions
            assert look.change.delta == pytest.approx((TUNED - BASE)[: look.questions].mean())
            assert look.change.level == look.level


def test_a_look_is_wider_than_an_interval_that_is_looked_at_once(tmp_path: Path) -> None:
    looked = [growing(tmp_path / "a", BASE, "base", 500), growing(tmp_path / "a", TUNED, "tuned", 500)]
    once = [growing(tmp_path / "b", BASE, "base", 500, None), growing(tmp_path / "b", TUNED, "tuned", 500, None)]
    (wide,), (narrow,) = compare(looked).pairs, compare(once).pairs
    assert wide.gain.low is not None
    assert narrow.gain.low is not None
    assert narrow.looks is None
    assert wide.gain.delta == narrow.gain.delta
    assert 1.02 < (wide.gain.delta - wide.gain.low) / (narrow.gain.delta - narrow.gain.low) < 1.05  # 2.023 to 1.96


def test_whole_clusters_are_looked_at(tmp_path: Path) -> None:
    clusters = [number // 5 for number in range(500)]
    runs = [growing(tmp_path, s, n, 300, clusters=clusters) for s, n in ((BASE, "base"), (TUNED, "tuned"))]
    (pair,) = compare(runs).pairs
    assert pair.looks is not None
    assert [look.questions for look in pair.looks.looks] == [65, 125, 250, 500]  # 13, 25, 50, 100 clusters
    assert pair.gain.n == 250
    assert "clustered" in pair.gain.method


def test_several_models_share_the_error_unless_one_question_was_asked_beforehand(tmp_path: Path) -> None:
    runs = [growing(tmp_path, BASE, "base", 250)]
    runs += [growing(tmp_path, TUNED, f"tuned{n}", 250) for n in range(3)]
    together, alone = compare(runs).pairs[0].looks, compare(runs, multiplicity=False).pairs[0].looks
    assert together is not None
    assert alone is not None
    shares = (1 / 8, 1 / 4, 1 / 2, 1.0)
    assert [look.z for look in together.looks] == list(critical_values(shares, 3))
    assert [look.z for look in alone.looks] == list(critical_values(shares))


def test_a_stored_base_in_the_order_of_its_data_is_compared_on_the_questions_of_the_look(tmp_path: Path) -> None:
    base = growing(tmp_path, BASE, "base", 500, order=None)
    tuned = growing(tmp_path, TUNED, "tuned", 200)
    prompts = (tuned.path / "prompts.jsonl").read_text().splitlines(keepends=True)
    order = np.random.default_rng(1).permutation(500)
    (tuned.path / "prompts.jsonl").write_text("".join(prompts[place] for place in order))
    for file in WORDS:  # the tuned model answered them in the order of its own prompts
        whole = growing(tmp_path / "whole", TUNED, "tuned", 500).path / file
        lines = whole.read_text().splitlines(keepends=True)
        (tuned.path / file).write_text("".join(lines[place] for place in order[:200]))
    (pair,) = compare([base, tuned]).pairs
    assert pair.gain.n == 125
    assert pair.gain.delta == pytest.approx((TUNED - BASE)[order[:125]].mean())
    assert {change.prompt_id for change in pair.changes} <= {f"q{place}" for place in order[:125]}


def test_before_the_first_look_nothing_is_compared(tmp_path: Path) -> None:
    runs = [growing(tmp_path, BASE, "base", 500), growing(tmp_path, TUNED, "tuned", 62)]
    with pytest.raises(EvaluationError, match=r"the first 62 of 500 questions .* first look is due after 63: go on"):
        compare(runs)
    assert compare(runs[1:]).models[0].rewards["correctness"].estimate.n == 62  # its own mean may be seen


def test_two_orders_are_compared_when_both_are_finished(tmp_path: Path) -> None:
    base = growing(tmp_path, BASE, "base", 500)
    with pytest.raises(EvaluationError, match=r"different random orders \(.*base by seed 0, .*tuned by seed 7\)"):
        compare([base, growing(tmp_path, TUNED, "tuned", 499, order=7)])
    (pair,) = compare([base, growing(tmp_path, TUNED, "tuned", 500, order=7)]).pairs
    assert pair.gain.n == 500


def test_a_question_of_which_samples_are_still_to_come_is_not_answered(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[1.0, 0.0]] * 200}, name) for name in ("base", "tuned")]
    for run in runs:
        replace(run.manifest, task=replace(run.manifest.task, order=0)).write(run.path)
    for file in WORDS:
        path = runs[1].path / file
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:199]))  # 99 questions and a half
    stage = stage_of([Arm(run.model, (Run.open(run.path),)) for run in runs], 1)
    assert isinstance(stage, Stage)
    assert len(stage.ids) == 50


def test_rows_that_are_not_scored_yet_do_not_count(tmp_path: Path) -> None:
    """Between two looks a journal is ahead of the scores."""
    runs = [growing(tmp_path, BASE, "base", 250), growing(tmp_path, TUNED, "tuned", 250)]
    scores = (runs[1].path / "scores.jsonl").read_text().splitlines(keepends=True)
    (runs[1].path / "scores.jsonl").write_text("".join(scores[:125]))
    assert compare(runs).pairs[0].gain.n == 125


@pytest.mark.parametrize(
    ("verdict", "high", "stops", "stops_held"),
    [
        (Verdict.IMPROVED, 0.3, True, True),
        (Verdict.REGRESSED, -0.1, True, True),
        (Verdict.HELD, 0.021, False, True),  # a gain of the margin, .02, may yet show
        (Verdict.HELD, 0.02, False, True),
        (Verdict.HELD, 0.019, True, True),  # neither a loss nor a gain of the margin
        (Verdict.UNDERPOWERED, 0.01, False, False),
        (None, 0.01, False, False),  # most values are missing
    ],
)
def test_when_asking_stops(tmp_path: Path, verdict: Verdict | None, high: float, stops: bool, stops_held: bool) -> None:
    runs = [growing(tmp_path, BASE, "base", 500), growing(tmp_path, TUNED, "tuned", 500)]
    (pair,) = compare(runs, margin=0.02).pairs
    pair = replace(pair, rewards={"correctness": replace(pair.gain, verdict=verdict, high=high)})
    assert (decided(pair), decided(pair, held=True)) == (stops, stops_held)


def false_verdicts(clusters: bool) -> tuple[float, float]:
    """Simulate evaluations without a true change, looked at as they grow; return how often each verdict is reached."""
    draw, count, times = np.random.default_rng(0), 400, 300
    groups = np.repeat(np.arange(count // 4), 4) if clusters else None
    looks = planned_looks([4] * (count // 4) if clusters else [1] * count)
    reached = np.zeros(2)
    for _ in range(times):
        chance = np.repeat(draw.beta(0.3, 0.5, count // 4), 4) if clusters else draw.beta(0.5, 0.8, count)
        base, tuned = ((draw.random(count) < chance).astype(float) for _ in range(2))
        for look in looks:
            some = look.units * (4 if clusters else 1)
            design = Design(None if groups is None else groups[:some], False, confidence(look.z))
            sides = (Samples.of([[one] for one in side[:some]]) for side in (base, tuned))
            verdict = difference(*sides, design, 0.02, (0.0, 1.0)).verdict
            if verdict in (Verdict.IMPROVED, Verdict.REGRESSED):
                reached[int(verdict is Verdict.REGRESSED)] += 1
                break
    return reached[0] / times, reached[1] / times


@pytest.mark.parametrize("clusters", [False, True])
def test_all_looks_together_err_no_more_often_than_one(clusters: bool) -> None:
    improved, regressed = false_verdicts(clusters)
    most = 0.025 + 3 * np.sqrt(0.025 * 0.975 / 300)
    assert improved <= most
    assert regressed <= most
    assert improved + regressed > 0, "no verdict at all: this test could not fail"


def test_runs_of_earlier_versions_have_no_order(tmp_path: Path) -> None:
    run = growing(tmp_path, BASE, "base", 500)
    written = json.loads((run.path / "manifest.json").read_text())
    del written["task"]["order"]
    (run.path / "manifest.json").write_text(json.dumps(written))
    assert Run.open(run.path).manifest.task.order is None
