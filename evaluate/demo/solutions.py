"""The texts that the demo checkpoint learns from: right, careless and guessed solutions, some badly laid out.

A base that has seen the right way, but more often a wrong one, is what GRPO can improve: it can already do
the task and mostly does not.
"""

from __future__ import annotations

import random

from .arithmetic import Problem

FROM_15, BELOW_15 = (0.60, 0.15), (0.28, 0.47)
"""Shares that are right and that forget the carry, by the sum of the units: a big carry is forgotten less often.

Over all problems .35 are right, .40 forget the carry, and the other .25 are guesses. Since a carry from 15 up is
mostly remembered, greedy decoding is right now and then too, and not sampling alone.
"""

MALFORMED = 0.25
"""Share of completions whose layout is broken."""

_LAYOUT = "<reasoning>{steps}</reasoning><answer>{answer}</answer>"

_BROKEN_LAYOUTS = (
    "<reasoning>{steps}</reasoning>{answer}",
    "<reasoning>{steps}<answer>{answer}</answer>",
    "{steps}</reasoning><answer>{answer}</answer>",
    "<reasoning>{steps}</reasoning><answer>{answer}",
)


def solution(problem: Problem, draw: random.Random) -> str:
    """Return one completion for a problem, drawn from the mixture."""
    right, forgets = FROM_15 if problem.left % 10 + problem.right % 10 >= 15 else BELOW_15
    kind = draw.random()
    if kind < right:
        steps, answer = columns(problem, carry=True)
    elif kind < right + forgets:
        steps, answer = columns(problem, carry=False)
    else:
        steps, answer = f"{problem.left}+{problem.right}", str(draw.randint(20, 198))
    layout = draw.choice(_BROKEN_LAYOUTS) if draw.random() < MALFORMED else _LAYOUT
    return layout.format(steps=steps, answer=answer)


def columns(problem: Problem, *, carry: bool) -> tuple[str, str]:
    """Return the working in columns, units first, and the answer it leads to.

    >>> problem = Problem("57+38", "what is 57+38?", "95", 57, 38)
    >>> columns(problem, carry=True)
    ('7+8=15,5+3+1=9', '95')
    >>> columns(problem, carry=False)
    ('7+8=15,5+3=8', '85')
    """
    (tens, units), (more_tens, more_units) = divmod(problem.left, 10), divmod(problem.right, 10)
    low = units + more_units
    high = tens + more_tens + carry
    last = f"{tens}+{more_tens}+1={high}" if carry else f"{tens}+{more_tens}={high}"
    return f"{units}+{more_units}={low},{last}", f"{high}{low % 10}"
