"""What completions are like, whatever they are worth: cut, without an answer, long, repeating themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..statistics.samples import Samples
from .difference import Design, paired_estimate
from .summary import Estimate
from .table import Table

NO_UNITS = "none: a text is distinct beside others"


def behaviour(table: Table) -> dict[str, Samples]:
    """Return what is known of a table's completions, NaN where nothing is.

    By name: "cut" is 1 where a completion met the token limit, "unanswered" where the primary reward found no
    answer (unknown where another tool graded), "tokens" how many it has, "repeated" the share of its triples that
    repeat; "distinct" and "distinct_within" give the shares of different texts over the questions and within one.
    """
    columns = {"cut": table.cut, "tokens": table.tokens, "repeated": table.repeated}
    if table.looks_for_answers(table.primary):
        columns["unanswered"] = table.tokens.having(table.unanswered(table.primary).astype(np.float64))
    columns |= {"distinct": table.distinct, "distinct_within": table.distinct_within}
    return {name: samples for name, samples in columns.items() if samples.known.any()}


def behaviour_changes(base: Table, tuned: Table, design: Design) -> dict[str, Estimate]:
    """Return tuned minus base of what is known of both, question by question, with its 95 % interval.

    Triples of tokens and triples of words are not one measurement: then repetition is left out. How many texts are
    distinct over the questions is no mean of independent ones, and has no interval.
    """
    left, right = behaviour(base), behaviour(tuned)
    shared = [name for name in left if name in right]
    if base.repeated_unit != tuned.repeated_unit and "repeated" in shared:
        shared.remove("repeated")
    changes = {name: paired_estimate(left[name], right[name], design) for name in shared}
    if "distinct" in changes:
        changes["distinct"] = replace(changes["distinct"], low=None, high=None, method=NO_UNITS)
    return changes
