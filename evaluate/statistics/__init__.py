"""The statistics of runs: pure functions on numpy arrays, each with its formula and its source."""

from .best import expected_maximum, flattery
from .groups import advantage_shares, all_equal, within_spread
from .influence import influence
from .intervals import Interval, Spread, macro_error, mean_interval, spread, t_interval, wilson
from .paired import difference_interval, holm, mcnemar, mid_p, sign_flip, tango
from .passk import majority_at_k, pass_all_k, pass_at_k
from .power import questions_needed, smallest_detectable
from .rare import rare_loss, skewed_loss, units_to_exclude
from .seeds import crossed_spread
from .variance import Parts, advise, split_variance

__all__ = [
    "Interval",
    "Parts",
    "Spread",
    "advantage_shares",
    "advise",
    "all_equal",
    "crossed_spread",
    "difference_interval",
    "expected_maximum",
    "flattery",
    "holm",
    "influence",
    "macro_error",
    "majority_at_k",
    "mcnemar",
    "mean_interval",
    "mid_p",
    "pass_all_k",
    "pass_at_k",
    "questions_needed",
    "rare_loss",
    "sign_flip",
    "skewed_loss",
    "smallest_detectable",
    "split_variance",
    "spread",
    "t_interval",
    "tango",
    "units_to_exclude",
    "wilson",
    "within_spread",
]
