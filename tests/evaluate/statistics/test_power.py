import math

import numpy as np
import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.statistics import questions_needed, smallest_detectable
from scipy import stats


@pytest.mark.parametrize(("samples", "n"), [(1, 3876), (2, 2422), (4, 1696), (10, 1260), (math.inf, 969)])
def test_questions_by_samples_in_millers_table(samples: float, n: int) -> None:
    assert questions_needed(1 / 9 + (1 / 6 + 1 / 6) / samples, 0.03) == n


def test_smallest_detectable_change_is_found_four_times_in_five() -> None:
    generator = np.random.default_rng(0)
    error = 0.2 / math.sqrt(400)
    d = generator.normal(smallest_detectable(error, 399), 0.2, (3000, 400))
    assert (stats.ttest_1samp(d, 0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.025)
    assert smallest_detectable(1.0, math.inf) == pytest.approx(2.802, abs=5e-4)


@pytest.mark.parametrize(("units", "errors", "exact"), [(5, 3.72, 3.76), (10, 3.15, 3.17), (100, 2.83, 2.83)])
def test_few_units_detect_less(units: int, errors: float, exact: float) -> None:
    """Beside it the exact figure, by the noncentral t."""
    found = smallest_detectable(1.0, units - 1)
    assert found == pytest.approx(errors, abs=5e-3)
    t = stats.t.ppf(0.975, units - 1)
    assert stats.nct.sf(t, units - 1, exact) == pytest.approx(0.8, abs=5e-3)


def test_a_higher_level_needs_more_questions() -> None:
    assert questions_needed(0.25, 0.05, 0.99) / questions_needed(0.25, 0.05) == pytest.approx(
        (3.4174 / 2.8016) ** 2, rel=1e-3
    )


def test_at_least_one_question_is_needed() -> None:
    assert questions_needed(1e-6, 0.5) == 1


def test_no_number_shows_no_change() -> None:
    with pytest.raises(GrpokitError, match="change=0"):
        questions_needed(0.1, 0.0)
