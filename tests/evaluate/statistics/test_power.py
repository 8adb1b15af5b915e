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
    d = generator.normal(smallest_detectable(error), 0.2, (3000, 400))
    assert (stats.ttest_1samp(d, 0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.025)
    assert smallest_detectable(1.0) == pytest.approx(2.802, abs=5e-4)


def test_at_least_one_question_is_needed() -> None:
    assert questions_needed(1e-6, 0.5) == 1


def test_no_number_shows_no_change() -> None:
    with pytest.raises(GrpokitError, match="change=0"):
        questions_needed(0.1, 0.0)
