"""What a difference proves, and how often a proof is false."""

import numpy as np
import pytest
from grpokit.evaluate import Verdict
from grpokit.evaluate.paired.change import FEWEST, Difference
from grpokit.evaluate.paired.difference import Design, difference
from grpokit.evaluate.paired.verdict import Evidence, decide
from grpokit.evaluate.statistics import Interval, difference_interval, rare_loss, sign_flip, skewed_loss, spread
from grpokit.evaluate.statistics.arrays import Floats
from grpokit.evaluate.statistics.samples import Samples

G, H, R, U = Verdict.IMPROVED, Verdict.HELD, Verdict.REGRESSED, Verdict.UNDERPOWERED
"""Gained, held, regressed, unknown."""

PLAIN = Design(None, shared_noise=False)


def _change(
    base: Floats, tuned: Floats, design: Design = PLAIN, margin: float = 0.02, limits: tuple[float, float] | None = None
) -> Difference:
    """The change of scores ``[questions]`` or ``[questions, samples]``."""
    count, samples = len(base), base.size // len(base)
    offsets, numbers = np.arange(count + 1) * samples, np.tile(np.arange(samples), count)
    before, after = (Samples(scores.ravel(), offsets, numbers) for scores in (base, tuned))
    return difference(before, after, design, margin, limits)


@pytest.mark.parametrize(
    ("low", "high", "p", "floor", "n", "verdict"),
    [
        (0.001, 0.03, 0.04, -0.01, 200, G),
        (0.001, 0.03, 0.051, -0.01, 200, H),  # the test does not agree, but a loss is excluded
        (0.001, 0.03, 0.051, -0.03, 200, U),  # and here it is not
        (0.001, 0.03, None, -0.03, 200, G),  # clusters: the interval decides alone
        (0.0, 0.03, 0.01, -0.01, 200, H),  # 0 is no gain
        (-0.019, 0.03, 0.4, -0.01, 200, H),
        (-0.01, 0.03, 0.4, -0.019, 200, H),
        (-0.01, 0.03, 0.4, -0.02, 200, U),  # rare losses of the margin itself are not excluded
        (-0.019, -0.001, 0.01, -0.01, 200, H),  # a small loss, within the margin
        (-0.021, -0.001, 0.01, -0.01, 200, R),
        (-0.021, -0.001, 0.06, -0.01, 200, U),  # the test does not agree
        (-0.021, -0.001, None, -0.01, 200, R),
        (-0.021, 0.0, 0.01, -0.01, 200, U),  # 0 is no loss
        (-0.02, 0.03, 0.4, -0.01, 200, U),  # a loss of the margin itself is not excluded
        (0.001, 0.03, 0.01, 0.001, FEWEST, G),
        (0.1, 0.9, 0.01, 0.0, FEWEST - 1, U),  # whatever they say
    ],
)
def test_verdict_at_its_edges(low: float, high: float, p: float | None, floor: float, n: int, verdict: Verdict) -> None:
    assert decide(Evidence(Interval(low, high, "t"), p, floor, n), margin=0.02, level=0.95) is verdict


@pytest.mark.parametrize(
    ("level", "p", "verdict"), [(0.99, 0.009, G), (0.99, 0.011, U), (0.75, 0.25, G), (0.75, 0.2501, U)]
)
def test_p_is_held_against_the_level_in_force(level: float, p: float, verdict: Verdict) -> None:
    assert decide(Evidence(Interval(0.001, 0.03, "t"), p, -0.03, 200), margin=0.02, level=level) is verdict


def test_no_interval_is_underpowered() -> None:
    assert decide(Evidence(None, 0.01, 0.0, 200), margin=0.02, level=0.95) is U


def test_what_the_test_denies_is_not_held_without_a_margin() -> None:
    """That would be IMPROVED under another name."""
    assert decide(Evidence(Interval(0.001, 0.03, "t"), 0.06, 0.001, 200), margin=0.0, level=0.95) is U


def _single(fixed: int, broken: int, same: int, margin: float) -> Difference:
    base = np.array([0.0] * fixed + [1.0] * broken + [1.0] * same)[:, None]
    tuned = np.array([1.0] * fixed + [0.0] * broken + [1.0] * same)[:, None]
    return _change(base, tuned, PLAIN, margin, (0.0, 1.0))


@pytest.mark.parametrize(
    ("fixed", "broken", "p", "exact", "verdict"),
    [
        (4, 0, 0.0625, 0.125, U),  # IMPROVED stood beside p = .125
        (5, 0, 0.03125, 0.0625, G),
        (21, 10, 0.0501, 0.0708, U),
        (25, 10, 0.0113, 0.0167, G),
        (8, 1, 0.0215, 0.0391, G),
        (1, 8, 0.0215, 0.0391, R),
    ],
)
def test_single_answers_are_tested_by_mid_p(fixed: int, broken: int, p: float, exact: float, verdict: Verdict) -> None:
    found = _single(fixed, broken, 100 - fixed - broken, margin=0.0)
    assert (found.test, found.verdict) == ("McNemar mid-p", verdict)
    assert (found.p, found.p_exact) == (pytest.approx(p, abs=5e-5), pytest.approx(exact, abs=5e-5))


def _graded(differences: Floats, limits: tuple[float, float] | None = (0.0, 1.0)) -> Difference:
    return _change(np.full((len(differences), 1), 0.5), (0.5 + differences)[:, None], PLAIN, 0.02, limits)


def test_a_gain_of_all_questions_alike_is_a_gain() -> None:
    found = _graded(np.full(100, 0.167))
    assert found.verdict is G
    assert (found.low, found.high) == (pytest.approx(0.130, abs=5e-4), pytest.approx(0.204, abs=5e-4))


def test_three_questions_prove_nothing() -> None:
    assert _graded(np.array([0.25, 0.25, 0.26])).verdict is U
    assert _graded(np.array([0.25] * 5 + [0.26])).verdict is G


@pytest.mark.parametrize(
    ("n", "limits", "verdict"),
    [
        (188, (0.0, 1.0), U),  # HELD needs n > z² (reach/margin - 1) = 188.2
        (189, (0.0, 1.0), H),
        (189, None, H),  # without a declared range it is 0 to 1
        (189, (0.0, 2.0), U),  # a score that can lose twice as much
        (91, (0.0, 0.5), U),
        (93, (0.0, 0.5), H),
    ],
)
def test_held_needs_questions_enough_to_exclude_rare_losses(
    n: int, limits: tuple[float, float] | None, verdict: Verdict
) -> None:
    found = _change(np.full((n, 1), 0.3), np.full((n, 1), 0.3), PLAIN, 0.02, limits)
    assert found.verdict is verdict


def test_clusters_count_as_many_questions_as_they_are_worth() -> None:
    """400 questions in 100 clusters of 4 exclude what 100 do, in 200 clusters what 200 do."""
    scores = np.full((400, 1), 0.3)
    found = [_change(scores, scores, Design(np.arange(400) // size, False), 0.02).verdict for size in (4, 2)]
    assert found == [U, H]


def test_few_clusters_are_judged_by_their_interval_alone() -> None:
    """Five clusters cannot have p below .0625, however sure their gain is."""
    gains = 0.2 + 0.001 * np.random.default_rng(0).normal(size=50)
    found = _change(np.full(50, 0.5), 0.5 + gains, Design(np.arange(50) // 10, False))
    assert (found.p, found.verdict) == (0.0625, G)


@pytest.mark.parametrize(("scores", "reach"), [([0.2, 0.4], 1.0), ([0.2, 3.0], 3.0), ([-1.0, 0.4], 2.0)])
def test_what_was_seen_counts_beyond_the_range(scores: list[float], reach: float) -> None:
    assert _change(np.array(scores), np.array(scores)).reach == reach


def test_more_questions_are_needed_for_rare_losses_than_for_the_spread() -> None:
    small = np.random.default_rng(0).choice([-0.001, 0.001], 50)
    assert _graded(small).needed == 189
    noisy = np.random.default_rng(0).normal(size=50) / 5
    assert _graded(noisy).needed == pytest.approx(noisy.var(ddof=1) * (2.8016 / 0.02) ** 2, abs=1)
    halves = _change(np.full((50, 1), 0.5), 0.5 + small[:, None], Design(np.arange(50) // 2, False), 0.02)
    assert halves.needed == 2 * 188 + 1


def _false(verdict: Verdict, rows: Floats) -> float:
    return float(np.mean([_graded(row).verdict is verdict for row in rows]))


def _verdict(differences: Floats, level: float = 0.95, margin: float = 0.02) -> Verdict:
    """The verdict of graded scores in [0, 1], as :func:`difference` draws it."""
    n, mean = len(differences), float(differences.mean())
    interval = difference_interval(differences, 1.0, level=level)
    decisive = interval is not None and not interval.low <= 0 <= interval.high  # else p decides nothing
    p = sign_flip(differences) if decisive else 1.0
    rare = max(rare_loss(n, 1.0, level), skewed_loss(differences, spread(differences), level=level))
    return decide(Evidence(interval, p, mean - rare, n), margin, level)


def test_the_simulated_verdict_is_the_real_one() -> None:
    generator = np.random.default_rng(4)
    for shift in (-0.1, -0.01, 0.0, 0.1):
        differences = generator.normal(shift, 0.1, 60).clip(-0.5, 0.5)
        assert _verdict(differences) is _graded(differences).verdict


@pytest.mark.parametrize("n", [20, 50, 100, 200, 300, 400, 500])
def test_field_rare_collapses_are_not_held(n: int) -> None:
    """A true loss of the margin: 2 % of the questions lose everything. HELD: .64 to .08 up to n = 200, .10 at 400."""
    generator = np.random.default_rng(n)
    steady = 0.001 * (generator.random((1200, n)) - 0.5)
    held = [_verdict(row) is H for row in np.where(generator.random((1200, n)) < 0.02, -1.0, steady)]
    assert np.mean(held) <= 0.03


@pytest.mark.parametrize(("n", "known"), [(50, 0.38), (100, 0.13), (200, 0.08)])
def test_rare_collapses_behind_a_steady_gain_deceive_as_is_known(n: int, known: float) -> None:
    """2 % lose everything, the rest gain what makes up for it: a sentence says what such an IMPROVED rests on."""
    generator = np.random.default_rng(n)
    steady = 0.02 + 0.002 * (generator.random((1000, n)) - 0.5)
    called = [_verdict(row) is G for row in np.where(generator.random((1000, n)) < 0.02, -1.0, steady)]
    assert np.mean(called) == pytest.approx(known, abs=0.05)


def test_five_equal_models_give_a_false_alarm_as_seldom_as_one() -> None:
    """Five equal models against one base: any REGRESSED was .117 before."""
    scores = np.random.default_rng(2).normal(0.5, 0.1, (1000, 6, 100))
    alarms = [any(_verdict(model - row[0], 0.99, 0.0) is R for model in row[1:]) for row in scores]
    assert np.mean(alarms) <= 0.03


@pytest.mark.parametrize("design", [PLAIN, Design(None, False, level=0.99)])
def test_equal_models_are_told_apart_as_often_as_the_level_allows(design: Design) -> None:
    generator = np.random.default_rng(3)
    rates = generator.random((300, 150, 1))
    found = [
        _change(*(generator.random((2, 150, 4)) < rate).astype(float), design, 0.02, (0.0, 1.0)).verdict
        for rate in rates
    ]
    for verdict in (G, R):
        assert found.count(verdict) / 300 <= (1 - design.level) / 2 + 0.02


def test_the_interval_is_wider_at_a_higher_level() -> None:
    differences = np.random.default_rng(0).normal(size=(40, 1)) / 4
    ends = [_change(np.zeros((40, 1)), differences, Design(None, False, level), 0.02) for level in (0.95, 0.99)]
    widths = [(one.high or 0) - (one.low or 0) for one in ends]
    assert widths[1] / widths[0] == pytest.approx(2.7079 / 2.0227, rel=1e-4)  # t of 39 degrees of freedom
    assert [one.level for one in ends] == [0.95, 0.99]
    assert ends[1].mde / ends[0].mde == pytest.approx((2.7079 + 0.8512) / (2.0227 + 0.8512), rel=1e-3)  # type: ignore[operator]  # none is None


def test_held_is_judged_by_the_lower_of_two_ends() -> None:
    few = np.repeat([-1.0, 0.001, -0.001], [4, 248, 248])  # a Wilson bound, which lies below both
    assert _graded(few).low_held == pytest.approx(-0.0205, abs=3e-4)
    surer = _change(np.ones(500), np.ones(500) + few, Design(None, False, 0.99))
    assert surer.low_held == pytest.approx(-0.0264, abs=1e-3)
    half = np.random.default_rng(0).normal(size=100)
    noisy, quiet = (scale * np.concatenate((half, -half)) for scale in (0.4, 0.001))  # as many lose as gain
    for differences, lower in ((noisy, True), (quiet, False)):
        found = _graded(differences)
        assert found.low_held is not None
        assert (found.low_held == pytest.approx(found.low)) is lower
