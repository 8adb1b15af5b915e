import numpy as np
import pytest
from grpokit.evaluate.statistics import Parts, advise, split_variance
from grpokit.evaluate.statistics.samples import Samples


def _models(questions: int, samples: int, seed: int, shared: bool) -> tuple[Samples, Samples]:
    """Base and tuned whose difference has a variance of 0.04 between questions and 1 within, for each model."""
    generator = np.random.default_rng(seed)
    difficulty = generator.normal(size=(questions, 1))
    noise = generator.normal(size=(questions, samples))
    other = noise if shared else generator.normal(size=(questions, samples))
    tuned = difficulty + generator.normal(0.1, 0.2, (questions, 1)) + other
    return Samples.of(difficulty + noise), Samples.of(tuned)


def test_parts_are_those_of_the_simulation() -> None:
    parts = split_variance(*_models(20_000, 4, 0, shared=False), shared_noise=False)
    assert parts is not None
    assert (parts.base, parts.tuned) == pytest.approx((0.25, 0.25), rel=0.03)
    assert parts.questions == pytest.approx(0.04, abs=0.015)


def test_parts_add_up_to_the_variance_of_the_differences() -> None:
    base, tuned = _models(300, 4, 1, shared=False)
    parts = split_variance(base, tuned, shared_noise=False)
    assert parts is not None
    total = np.var(tuned.means() - base.means(), ddof=1)
    assert parts.questions + parts.samples == pytest.approx(total)


def test_shared_noise_is_measured_and_does_not_hide_the_questions() -> None:
    parts = split_variance(*_models(20_000, 4, 2, shared=True), shared_noise=True)
    assert parts is not None
    assert parts.samples == pytest.approx(0.0, abs=1e-9)  # all noise is shared
    assert parts.questions == pytest.approx(0.04, rel=0.05)
    assert parts.narrowing == pytest.approx((0.54 / 0.04) ** 0.5, rel=0.05)


@pytest.mark.parametrize(
    ("base", "tuned"),
    [
        ([[0.0], [1.0], [0.0]], [[0.0], [1.0], [1.0]]),  # one sample a question
        ([[0.0, 1.0]], [[0.0, 1.0]]),  # one question
        ([[0.0, np.nan], [1.0, np.nan]], [[0.0, 1.0], [0.0, 1.0]]),  # one of two samples has a score
    ],
)
def test_no_parts_without_two_samples_of_two_questions(base: list[list[float]], tuned: list[list[float]]) -> None:
    assert split_variance(Samples.of(base), Samples.of(tuned), shared_noise=False) is None


def test_parts_below_zero_are_shown_as_zero() -> None:
    scores = np.array([[0.0, 1.0], [1.0, 0.0]])
    parts = split_variance(Samples.of(scores), Samples.of(scores[:, ::-1]), shared_noise=False)
    assert parts is not None
    assert parts.questions == 0.0


@pytest.mark.parametrize(
    ("parts", "start"),
    [
        (Parts(0.01, 0.02, 0.02, 0.0), "More samples: drawing makes 80%"),
        (Parts(0.09, 0.005, 0.005, 0.0), "More questions: they make 90%"),
        (Parts(0.01, 0.02, 0.02, 0.018), "More questions"),  # most of the noise is shared
        (Parts(0.0, 0.0, 0.0, 0.0), "The two models score every question alike"),
    ],
)
def test_advice(parts: Parts, start: str) -> None:
    assert advise(parts, 4).startswith(start)


def test_advised_gain_is_real() -> None:
    wide = split_variance(*_models(5000, 4, 3, shared=False), shared_noise=False)
    narrow = split_variance(*_models(5000, 8, 4, shared=False), shared_noise=False)
    assert wide is not None
    assert narrow is not None
    gain = 1 - ((narrow.questions + narrow.samples) / (wide.questions + wide.samples)) ** 0.5
    said = int(advise(wide, 4).rsplit("by ", 1)[1].rstrip("%."))
    assert 100 * gain == pytest.approx(said, abs=2)


@pytest.mark.parametrize("side", [0, 1])
def test_a_question_with_one_sample_in_either_is_left_out(side: int) -> None:
    scores = np.random.default_rng(0).integers(0, 2, (2, 20, 4)).astype(float)
    lost = scores.copy()
    lost[side, 7, 1:] = np.nan
    base, tuned = map(Samples.of, lost)
    assert split_variance(base, tuned, False) == split_variance(*map(Samples.of, np.delete(scores, 7, axis=1)), False)
