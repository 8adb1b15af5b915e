import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpokit.evaluate import Comparison, Run, Verdict, compare
from grpokit.evaluate.paired.difference import Design, difference
from grpokit.evaluate.paired.doubts import NoiseFloor
from grpokit.evaluate.runs.manifest import MixRecord
from grpokit.evaluate.statistics.samples import Samples
from grpokit.evaluate.types import EvaluationError
from grpokit.rewards.reward import Judgement, Span
from grpokit.tests.evaluate.stored_runs import SAMPLING, write_run

Grid = list[list[float]]


def _flips(right: int, wrong: int, fixed: int, broken: int) -> tuple[Grid, Grid]:
    """Single 0/1 answers of a base and a tuned model by the four cells of their table."""
    base = [[1.0]] * right + [[0.0]] * wrong + [[0.0]] * fixed + [[1.0]] * broken
    tuned = [[1.0]] * right + [[0.0]] * wrong + [[1.0]] * fixed + [[0.0]] * broken
    return base, tuned


def _compare(folder: Path, base: Grid, tuned: Grid, margin: float = 0.02, **more: Any) -> Comparison:
    runs = [
        write_run(folder / name, {"correctness": scores}, name, **more)
        for name, scores in (("base", base), ("tuned", tuned))
    ]
    return compare(runs, margin=margin)


def test_field_1_two_runs_are_compared_question_by_question(tmp_path: Path) -> None:
    pair = _compare(tmp_path, *_flips(right=100, wrong=65, fixed=25, broken=10)).pairs[0]
    found = pair.rewards["correctness"]
    assert (found.fixed, found.broken, found.both_right, found.both_wrong) == (25, 10, 100, 65)
    assert found.delta == pytest.approx(15 / 200)
    d = np.array([1.0] * 25 + [-1.0] * 10 + [0.0] * 165)
    half = 1.97196 * d.std(ddof=1) / math.sqrt(200)
    assert (found.low, found.high) == pytest.approx((0.075 - half, 0.075 + half), abs=1e-5)
    assert (found.test, found.p) == ("McNemar mid-p", pytest.approx(0.0113, abs=5e-5))
    assert found.p_exact == pytest.approx(0.0167, abs=5e-5)
    assert found.mde == pytest.approx((1.97196 + 0.84338) * d.std(ddof=1) / math.sqrt(200), rel=1e-4)
    assert found.needed == pytest.approx((2.802 * d.std(ddof=1) / 0.02) ** 2, abs=2)
    assert pair.verdict is Verdict.IMPROVED
    assert found.pairing is not None
    assert found.pairing > 1.5


@pytest.mark.parametrize(
    ("cells", "margin", "verdict"),
    [
        ((100, 60, 30, 10), 0.02, Verdict.IMPROVED),
        ((100, 60, 10, 30), 0.02, Verdict.REGRESSED),
        ((600, 390, 5, 5), 0.02, Verdict.HELD),  # a loss of 2 points is excluded
        ((10, 10, 5, 5), 0.02, Verdict.UNDERPOWERED),  # "p > 0.05" is never "held"
        ((10, 10, 0, 0), 0.02, Verdict.UNDERPOWERED),  # 20 equal answers exclude little
        ((10, 10, 0, 0), 0.2, Verdict.HELD),  # but a loss of 20 points
        ((300, 300, 0, 0), 0.02, Verdict.HELD),
        ((600, 390, 5, 5), 0.0, Verdict.UNDERPOWERED),  # without a margin only a gain will do
    ],
)
def test_verdicts(tmp_path: Path, cells: tuple[int, int, int, int], margin: float, verdict: Verdict) -> None:
    assert _compare(tmp_path, *_flips(*cells), margin=margin).pairs[0].verdict is verdict


def test_field_16_alarms_are_false_in_at_most_one_of_forty(tmp_path: Path) -> None:
    # the same model twice: REGRESSED in 2.5% of comparisons, and IMPROVED in as many
    generator = np.random.default_rng(0)
    rates = generator.random((1000, 200, 1))
    found = [
        difference(*map(Samples.of, generator.random((2, 200, 4)) < rate), Design(None, False), 0.02).verdict
        for rate in rates[:400]
    ]
    assert found.count(Verdict.REGRESSED) / 400 == pytest.approx(0.025, abs=0.02)
    assert found.count(Verdict.IMPROVED) / 400 == pytest.approx(0.025, abs=0.02)


def test_clusters_widen_the_interval_and_choose_the_test(tmp_path: Path) -> None:
    base, tuned = _flips(right=40, wrong=40, fixed=16, broken=4)
    clusters = [index // 4 for index in range(100)]  # the flips come in whole clusters
    plain = _compare(tmp_path / "a", base, tuned).pairs[0].rewards["correctness"]
    clustered = _compare(tmp_path / "b", base, tuned, clusters=clusters).pairs[0].rewards["correctness"]
    assert (clustered.method, clustered.test) == ("clustered t", "sign-flip permutation by cluster")
    assert plain.mde is not None
    assert clustered.mde is not None
    assert clustered.mde / plain.mde == pytest.approx(2, rel=0.05)
    assert clustered.p == 2 * (1 + 5) / 2**5  # 4 clusters of 5 rose


def test_several_samples_are_one_mean_a_question(tmp_path: Path) -> None:
    base, tuned = [[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]] * 10, [[1.0, 1.0], [0.0, 0.0], [1.0, 0.0]] * 10
    comparison = _compare(tmp_path, base, tuned)
    found = comparison.pairs[0].rewards["correctness"]
    assert (found.test, found.n) == ("sign-flip permutation", 30)
    assert (found.fixed, found.broken, found.both_right, found.both_wrong) == (10, 10, 0, 10)
    assert found.variance is not None
    assert "4 samples instead of 2" in found.variance.advice
    assert comparison.models[0].samples == 2


def test_common_random_numbers_are_measured_where_they_were_used(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    noise = generator.random((300, 4))
    rate = generator.random((300, 1))
    base, tuned = (noise < rate).astype(float).tolist(), (noise < rate + 0.03).astype(float).tolist()
    shared = _compare(tmp_path / "a", base, tuned).pairs[0].total.variance
    assert shared is not None
    assert shared.noise_narrowing is not None
    assert shared.noise_narrowing > 2
    other = {"engine": {"kind": "openai"}}
    apart = _compare(tmp_path / "b", base, tuned, **other).pairs[0].total.variance
    assert apart is not None
    assert apart.noise_narrowing is None


def test_questions_without_a_score_in_either_are_left_out_and_counted(tmp_path: Path) -> None:
    base: list[list[float | None]] = [[1.0], [None], [0.0], [None], [1.0]]
    tuned: list[list[float | None]] = [[1.0], [1.0], [None], [None], [0.0]]
    runs = [write_run(tmp_path / n, {"correctness": s}, n) for n, s in (("base", base), ("tuned", tuned))]
    found = compare(runs).pairs[0].rewards["correctness"]
    assert (found.n, found.dropped, found.broken) == (2, 3, 1)


def test_a_reward_that_applies_nowhere_has_no_numbers(tmp_path: Path) -> None:
    scores = {"correctness": [[1.0], [0.0]], "rouge": [[None], [None]]}
    runs = [write_run(tmp_path / name, scores, name) for name in ("base", "tuned")]
    comparison = compare(runs)
    found = comparison.pairs[0].rewards["rouge"]
    assert (found.delta, found.low, found.p, found.p_holm, found.mde, found.n) == (None, None, None, None, None, 0)
    assert comparison.models[0].rewards["rouge"].estimate.mean is None
    assert comparison.pairs[0].rewards["correctness"].p_holm == 1.0


@pytest.mark.parametrize(("scores", "low", "high"), [((1.0, 1.0, 0.7), None, 1.0), ((0.0, 0.0, 0.3), 0.0, None)])
def test_the_interval_of_a_mean_ends_where_the_rewards_range_does(
    tmp_path: Path, scores: tuple[float, ...], low: float | None, high: float | None
) -> None:
    mix = MixRecord("by hand", {"length": 1.0}, {"length": "1"}, {"length": [0.0, 1.0]})
    run = write_run(tmp_path, {"length": [[score] for score in scores]}, primary="length", mix=mix)
    found = compare([run]).models[0].rewards["length"].estimate
    assert found.method == "t, cut at the range"
    assert found.low == low if high is None else found.high == high


def test_the_noise_floor_of_the_first_run_is_kept(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, {"correctness": [[1.0], [0.0]]}, name) for name in ("base", "tuned")]
    assert compare(runs).noise is None
    (runs[0].path / "noise.json").write_text(
        '{"model": "base", "primary": "correctness", "rows": 256, "text_changed": 0.25, "value_changed": 0.0625}'
    )
    assert compare(runs).noise == NoiseFloor("base", "correctness", 256, 0.25, 0.0625)
    (runs[0].path / "noise.json").write_text("{}")
    with pytest.raises(EvaluationError, match=r"noise\.json holds no noise floor"):
        compare(runs)


def test_holm_is_over_the_rewards(tmp_path: Path) -> None:
    one, two = _flips(100, 60, 30, 10), _flips(120, 60, 12, 8)
    runs = [
        write_run(tmp_path / name, {"correctness": one[side], "xml_format": two[side]}, name)
        for side, name in enumerate(("base", "tuned"))
    ]
    pair = compare(runs).pairs[0]
    first, second = pair.rewards["correctness"], pair.rewards["xml_format"]
    assert first.p is not None
    assert first.p_holm == pytest.approx(2 * first.p)
    assert second.p_holm == second.p
    assert pair.total.p_holm == pair.total.p


def test_the_primary_metric_gives_the_verdict(tmp_path: Path) -> None:
    better, worse = _flips(100, 60, 30, 10), _flips(100, 60, 10, 30)
    for primary, verdict in (("correctness", Verdict.REGRESSED), ("xml_format", Verdict.IMPROVED)):
        runs = [
            write_run(tmp_path / name, {"correctness": worse[side], "xml_format": better[side]}, name, primary=primary)
            for side, name in enumerate(("base", "tuned"))
        ]
        pair = compare(runs).pairs[0]
        assert (pair.primary, pair.verdict) == (primary, verdict)


def test_changes_come_with_the_worst_loss_first(tmp_path: Path) -> None:
    base, tuned = [[1.0, 1.0], [0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    changes = _compare(tmp_path, base, tuned).pairs[0].changes
    assert [(change.prompt_id, change.delta) for change in changes] == [("q0", -1.0), ("q1", 0.5)]


def test_every_later_run_is_paired_with_the_first(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(i), {"correctness": [[1.0], [0.0]]}, f"step-{i}") for i in range(4)]
    comparison = compare(runs)
    assert [model.name for model in comparison.models] == ["step-0", "step-1", "step-2", "step-3"]
    assert [(pair.base, pair.tuned) for pair in comparison.pairs] == [("step-0", f"step-{i}") for i in (1, 2, 3)]


def test_two_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(i), {"correctness": [[1.0], [0.0]]}, "llama") for i in range(2)]
    assert [model.name for model in compare(runs).models] == ["llama (0)", "llama (1)"]


def test_one_run_has_means_and_no_pair(tmp_path: Path) -> None:
    comparison = compare([write_run(tmp_path, {"correctness": [[1.0]] * 30})])
    estimate = comparison.models[0].rewards["correctness"].estimate
    assert (estimate.mean, estimate.method) == (1.0, "Wilson")
    assert estimate.low == pytest.approx(0.886, abs=5e-4)
    assert comparison.pairs == ()


def test_a_model_has_the_prompts_and_completions_that_are_there(tmp_path: Path) -> None:
    run = write_run(tmp_path, {"correctness": [[1.0, 0.0, None], [None, 1.0, 0.0], [1.0, 1.0, 1.0]]})
    for name in ("scores.jsonl", "completions.jsonl"):
        lines = (run.path / name).read_text().splitlines()
        (run.path / name).write_text("\n".join(lines[:5]) + "\n")  # of the third prompt none, of the second two
    model = compare([run]).models[0]
    assert (model.prompts, model.samples) == (2, 3)
    assert model.total.counts == {"scored": 3, "not applicable": 2}


def test_field_8_cut_completions_are_shown_and_not_only_scored_wrong(tmp_path: Path) -> None:
    judged = [[Judgement(0.0, "no answer", "")], [Judgement(1.0, "correct", "")], [Judgement(0.0, "wrong", "")]]
    run = write_run(
        tmp_path,
        {"correctness": [[0.0], [1.0], [0.0]]},
        judgements={"correctness": judged},
        cut=[[True], [False], [False]],
        tokens=[[64], [10], [16]],
    )
    model = compare([run]).models[0]
    assert (model.cut, model.unanswered, model.tokens) == (1 / 3, 1 / 3, 30.0)
    assert model.rewards["correctness"].counts == {"no answer": 1, "correct": 1, "wrong": 1}


def test_unknown_finish_reasons_are_not_zero(tmp_path: Path) -> None:
    run = write_run(tmp_path, {"correctness": [[1.0]]})
    file = run.path / "completions.jsonl"
    file.write_text(file.read_text().replace('"eos"', "null").replace('"tokens": 5', '"tokens": null'))
    model = compare([run]).models[0]
    assert (model.cut, model.tokens) == (None, None)


@pytest.mark.parametrize("margin", [-0.01, math.nan, math.inf])
def test_bad_margin(tmp_path: Path, margin: float) -> None:
    with pytest.raises(EvaluationError, match=f"margin={margin}: give 0 or a positive number"):
        compare([write_run(tmp_path, {"correctness": [[1.0]]})], margin=margin)


def test_no_runs() -> None:
    with pytest.raises(EvaluationError, match="no run to compare"):
        compare([])


def test_runs_of_different_tasks_are_refused(tmp_path: Path) -> None:
    base, tuned = (write_run(tmp_path / name, {"correctness": [[1.0]]}, name) for name in ("base", "tuned"))
    task = replace(tuned.manifest.task, name="gsm8k", fingerprint="0" * 16, prompts=1319)
    other = Run(tuned.path, replace(tuned.manifest, task=task))
    with pytest.raises(EvaluationError, match=r"prompts: sums \(1 prompts.* against gsm8k \(1319 prompts"):
        compare([base, other])


def test_curves_of_two_models_cross(tmp_path: Path) -> None:
    # the tuned model is surer of what it knows, and knows less
    base, tuned = [[1.0, 0.0, 0.0, 0.0]] * 40, [[1.0] * 4] * 16 + [[0.0] * 4] * 24
    sampling = {**SAMPLING, "samples": 4}
    pair = _compare(tmp_path, base, tuned, sampling=sampling).pairs[0]
    (curve,) = pair.curves
    assert (curve.kind, [point.k for point in curve.points]) == ("pass@k", [1, 2, 4])
    assert [point.estimate.mean for point in curve.points] == pytest.approx([0.15, -0.1, -0.6])
    assert curve.crossing == pytest.approx(2**0.6)


def test_majority_follows_the_answers(tmp_path: Path) -> None:
    texts = [["18", "18", "3", "4"]] * 20
    judged = [[Judgement(float(t == "18"), "correct", "", Span(0, len(t))) for t in row] for row in texts]
    scores = [[one.value for one in row] for row in judged]
    comparison = _compare(tmp_path, scores, scores, texts=texts, judgements={"correctness": judged})
    majority = next(curve for curve in comparison.models[0].curves if curve.kind == "maj@k")
    assert [point.estimate.mean for point in majority.points] == pytest.approx([0.5, 0.5, 1.0])


def test_answers_are_those_of_the_primary_reward(tmp_path: Path) -> None:
    texts = [["18", "18", "3", "4"]] * 5
    judged = [[Judgement(float(t == "18"), "correct", "", Span(0, len(t))) for t in row] for row in texts]
    scores = {"xml_format": [[1.0, 0.0, 1.0, 1.0]] * 5, "correctness": [[one.value for one in row] for row in judged]}
    run = write_run(tmp_path, scores, texts=texts, judgements={"correctness": judged})
    curves = [(curve.reward, curve.kind) for curve in compare([run]).models[0].curves]
    assert curves == [("xml_format", "pass@k"), ("correctness", "pass@k"), ("correctness", "maj@k")]


def test_equal_differences_have_a_smallest_detectable_change(tmp_path: Path) -> None:
    """Their error is 0 and says nothing; the interval, of z²/(n + z²) to either side, stands for 1.96 errors."""
    found = _compare(tmp_path, *_flips(right=150, wrong=150, fixed=0, broken=0)).pairs[0].rewards["correctness"]
    z2 = 1.95996**2
    assert found.mde == pytest.approx(2.8016 * z2 / (300 + z2) / 1.96, rel=1e-4)


def test_graded_scores_have_no_curves(tmp_path: Path) -> None:
    scores = [[0.5, 0.25], [1.0, 0.0]]
    assert _compare(tmp_path, scores, scores).models[0].curves == ()


def test_differences_that_do_not_vary_say_nothing_of_pairing(tmp_path: Path) -> None:
    """The bound that takes the place of their spread is no width that pairing changed; nor is an error of rounding."""
    runs = [
        write_run(tmp_path / name, {"correctness": [[score]] * 100}, name)
        for name, score in (("base", 0.5), ("tuned", 0.667))
    ]
    assert compare(runs).pairs[0].rewards["correctness"].pairing is None
