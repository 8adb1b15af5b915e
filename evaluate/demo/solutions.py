"""The texts that the demo checkpoint learns from: right, careless and guessed solutions, some badly laid out.

A base that has seen the right way, but more often a wrong one, is what GRPO can improve: it can already do
the task and mostly does not.
"""

from __future__ import annotations

import random

from .arithmetic import Problem

RIGHT, FORGETS = 0.35, 0.40
"""Shares of solutions that are right and that forget the carry; the others are guesses."""

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
    kind = draw.random()
    if kind < RIGHT:
        steps, answer = columns(problem, carry=True)
    elif kind < RIGHT + FORGETS:
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
