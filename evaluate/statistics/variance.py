"""What the error of a paired difference is made of, and what would make it smaller."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .samples import Samples


class Parts(NamedTuple):
    """Variance of one question's difference: ``questions`` (ω²) and ``base + tuned - 2·shared`` from sampling.

    ``base`` and ``tuned`` are ``σ²/K``, the variance that a finite number of samples gives to a question's mean;
    ``shared`` is their covariance when both models drew with the same random numbers, else 0.
    """

    questions: float
    base: float
    tuned: float
    shared: float

    @property
    def samples(self) -> float:
        """What sampling adds to the variance of a question's difference."""
        return max(0.0, self.base + self.tuned - 2 * self.shared)

    @property
    def narrowing(self) -> float:
        """How many times wider the interval would be if the models drew independently (1 when nothing varies)."""
        total = self.questions + self.samples
        return math.sqrt(max(0.0, total + 2 * self.shared) / total) if total > 0 else 1.0


def split_variance(base: Samples, tuned: Samples, shared_noise: bool) -> Parts | None:
    """Split ``Var(d_i)``; None with fewer than two questions that have at least two samples in both.

    ``base`` and ``tuned`` have the same questions. ``σ̂²`` is the variance within a question, and
    ``ω̂² = Var(d_i) - σ̂²_A/K_A - σ̂²_B/K_B`` (below 0: 0). With ``shared_noise`` the samples of the two models
    are paired by number, and twice the covariance within a question, over K, is added back.

    >>> parts = split_variance(Samples.of([[0.0, 1.0], [0.0, 0.0]]), Samples.of([[1.0, 1.0], [0.0, 1.0]]), False)
    >>> parts.base, parts.tuned, parts.questions
    (0.125, 0.125, 0.0)
    """
    enough = (base.counts() > 1) & (tuned.counts() > 1)
    if enough.sum() < 2:
        return None
    base, tuned = base.keep(enough), tuned.keep(enough)
    total = float(np.var(tuned.means() - base.means(), ddof=1))
    noise_base, noise_tuned = _noise(base), _noise(tuned)
    shared = _shared(base, tuned) if shared_noise else 0.0
    return Parts(max(0.0, total - noise_base - noise_tuned + 2 * shared), noise_base, noise_tuned, shared)


def _noise(scores: Samples) -> float:
    return float(np.mean(scores.variances() / scores.counts()))


def _shared(base: Samples, tuned: Samples) -> float:
    """Mean over questions of the covariance of samples with the same number, divided by how many there are."""
    base, tuned = base.paired(tuned)
    both = base.known & tuned.known
    left, right = (side.having(np.where(both, side.values, np.nan)) for side in (base, tuned))
    counts = left.counts()
    keep = counts > 1
    if not keep.any():
        return 0.0
    products = left.having(left.centred().values * right.centred().values).sums()
    return float(np.mean(products[keep] / (counts[keep] - 1) / counts[keep]))


def advise(parts: Parts, samples: int) -> str:
    """Say what would narrow the interval: more samples while sampling makes most of the variance, else questions.

    >>> advise(Parts(0.01, 0.02, 0.02, 0.0), 4)
    'More samples: drawing makes 80% of the variance; 8 samples instead of 4 narrow the interval by 23%.'
    >>> advise(Parts(0.09, 0.005, 0.005, 0.0), 4)
    'More questions: they make 90% of the variance; doubling them narrows the interval by 29%, the samples by 3%.'
    """
    total = parts.questions + parts.samples
    if total <= 0:
        return "The two models score every question alike: nothing to narrow."
    noise = parts.samples / total
    doubled = 1 - math.sqrt(1 - noise / 2)
    if noise > 0.5:
        return (
            f"More samples: drawing makes {noise:.0%} of the variance; {2 * samples} samples instead of "
            f"{samples} narrow the interval by {doubled:.0%}."
        )
    return (
        f"More questions: they make {1 - noise:.0%} of the variance; doubling them narrows the interval by "
        f"29%, the samples by {doubled:.0%}."
    )
