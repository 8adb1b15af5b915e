"""What completions are like, whatever they are worth: cut, without an answer, long, repeating themselves."""

from __future__ import annotations

import numpy as np

from ..statistics.arrays import Floats
from .comparison import Estimate
from .difference import Design, paired_estimate
from .table import Table


def habits(table: Table) -> dict[str, Floats]:
    """Return the habits that are known of a table's completions, ``[questions, samples]``, NaN where there is none.

    By name: "truncated" is 1 where a completion met the token limit, "unanswered" where the primary reward found no
    answer, "tokens" how many it has, "repeated" the share of its triples that repeat.
    """
    found = {"truncated": table.cut, "tokens": table.tokens, "repeated": table.repeated}
    if table.primary in table.statuses:
        found["unanswered"] = np.where(table.present, table.unanswered(table.primary), np.nan)
    return {name: values for name, values in found.items() if not np.isnan(values).all()}


def habit_means(table: Table) -> dict[str, float]:
    """Return the mean of each known habit over the completions."""
    return {name: float(np.nanmean(values)) for name, values in habits(table).items()}


def habit_changes(base: Table, tuned: Table, design: Design) -> dict[str, Estimate]:
    """Return tuned minus base of each habit that is known of both, question by question, with its 95 % interval.

    Triples of tokens and triples of words are no two measurements of one thing: then repetition is left out.
    """
    left, right = habits(base), habits(tuned)
    shared = [name for name in left if name in right]
    if base.repeated_unit != tuned.repeated_unit and "repeated" in shared:
        shared.remove("repeated")
    return {name: paired_estimate(left[name], right[name], design) for name in shared}
