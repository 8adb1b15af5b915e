"""The child process in which model text meets math-verify: one request per line, one verdict per line.

The process limits itself. A comparison has a budget of processor time, so that the verdict does not depend on what
else the machine does; beyond it the reply is "late". Under it lie limits that the kernel enforces: processor time for
code that cannot be interrupted, an alarm for a worker whose parent is gone, and memory.
"""

from __future__ import annotations

import json
import logging
import os
import re
import resource
import signal
import sys
from functools import lru_cache
from typing import Any

from .equality import compare
from .symbols import told_apart

_FUNCTION = re.compile(r"(?<![\\A-Za-z])(sin|cos|tan|cot|sec|csc|log|ln|exp)(?![A-Za-z])")  # without its backslash
_TRIGONOMETRY = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?)\^\\circ")  # 30^\circ
_DECIMAL = re.compile(r"(?<![\d.])(\d*)\.(\d+)(?![\d.])")  # 0.5, .5, but no version 1.2.3

PROCESSOR_SECONDS = 0.7
"""Processor time of one comparison: twice what the slowest of real answers takes, most take a fiftieth."""

MEMORY = 4 << 30
"""Bytes of address space that a worker may take."""


def main() -> None:
    """Serve requests from standard input until it closes."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # nothing that a library prints may mix with the replies
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, _stop)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    equal(r"\sum_{k=1}^{n} k x", r"\sum_{k=1}^{n} x k")  # loads what is loaded at first use
    replies.write("ready\n")
    for line in sys.stdin:
        answer, reference, seconds = json.loads(line)
        signal.alarm(seconds)
        signal.setitimer(signal.ITIMER_VIRTUAL, 1.5 * PROCESSOR_SECONDS)
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS, 0.1)  # again, where a library caught the first
        reply = _reply(answer, reference)
        for timer in (signal.ITIMER_PROF, signal.ITIMER_VIRTUAL):
            signal.setitimer(timer, 0)
        signal.alarm(0)
        replies.write(reply + "\n")


class _Late(BaseException):
    """The processor time is used up. No Exception, so that libraries that catch those let it through."""


def _stop(*_: object) -> None:
    raise _Late


def _reply(answer: str, reference: str) -> str:
    try:
        same = compare(answer, reference, equal)
        signal.setitimer(signal.ITIMER_PROF, 0)
    except _Late:
        return "late"
    except Exception:  # whatever a parser or sympy raises on hostile text is this pair's failure, not the worker's
        return "failed"
    return "equal" if same else "different"


def equal(answer: str, reference: str) -> bool:
    r"""Return whether math-verify finds the answer equal to the reference; both are parsed as boxed LaTeX."""
    from math_verify import verify  # at the first request: nothing it prints may mix with the replies

    texts = told_apart(answer, reference)
    if texts is None:
        return False
    wanted = _parse(texts.reference)
    try:
        given = _parse(texts.answer)
    except Exception:  # the parser fails in many ways on what is no expression: then it is not the reference either
        return False
    if not wanted or not given or _differ(given[0], wanted[0]):
        return False
    same = bool(verify(wanted, given, timeout_seconds=None))
    return same and _is_whole(texts.answer, given[0]) and _is_whole(texts.reference, wanted[0])


def _is_whole(text: str, parsed: Any) -> bool:
    r"""Return whether all of a text was parsed: the parser leaves out what it cannot read, such as ">" of "> 3".

    A number that is added on both sides must be in the parsed sum.
    """
    from sympy import Expr, FiniteSet, Tuple  # as in `equal`

    if isinstance(parsed, FiniteSet | Tuple):
        return text.lstrip(" $-").startswith(("\\{", "(", "[", "{")) or "=" in text or "\\in" in text
    if not isinstance(parsed, Expr) or parsed.is_Matrix:
        return True
    left, right = 7_919, 6_101
    try:
        with_both = _parse(f"{left}+{text.strip().strip('$')}+{right}")
    except Exception:  # as in `equal`
        return False
    return bool(with_both) and not _differ(with_both[0], parsed + left + right) and isinstance(with_both[0], Expr)


def _differ(first: Any, second: Any) -> bool:
    """Return whether two expressions have different values at a few points, which no simplification can change.

    That spares the simplification of wrong answers, which is what explodes.
    """
    from sympy import Derivative, Expr, Float, Integral, Limit, Product, Sum  # as in `equal`

    if not isinstance(first, Expr) or not isinstance(second, Expr):
        return False
    if first.has(Derivative, Integral, Limit, Product, Sum) or second.has(Derivative, Integral, Limit, Product, Sum):
        return False
    names = sorted(first.free_symbols | second.free_symbols, key=str)
    for seed in (0.3719, 0.6173):
        point = {name: Float(seed + 0.2137 * index, 30) for index, name in enumerate(names)}
        left, right = first.evalf(20, subs=point), second.evalf(20, subs=point)
        if not left.is_number or not right.is_number or not left.is_finite or not right.is_finite:
            return False
        if abs(left - right) > 1e-8 * (abs(left) + abs(right)):
            return True
    return False


@lru_cache(maxsize=4_096)
def _parse(text: str) -> list[Any]:
    from latex2sympy2_extended import NormalizationConfig  # as in `equal`
    from math_verify import LatexExtractionConfig, parse

    config = LatexExtractionConfig(boxed_match_priority=0, normalization_config=NormalizationConfig(units=False))
    # Only the LaTeX grammar: the plain-expression reader would hand model text to sympy's string parser.
    latex = _FUNCTION.sub(r"\\\1", text)
    if _TRIGONOMETRY.search(latex):
        latex = _DEGREES.sub(r"\\frac{\1\\pi}{180}", latex)
    latex = _DECIMAL.sub(_fraction, latex)
    parsed: list[Any] = parse(
        rf"\boxed{{{latex}}}", [config], fallback_mode="no_fallback", parsing_timeout=None, raise_on_error=True
    )
    return [_with_imaginary_unit(item) for item in parsed]


def _with_imaginary_unit(item: Any) -> Any:
    """Return an expression with the imaginary unit for a free ``i``; an index that a sum binds stays."""
    from sympy import Basic, I  # as in `equal`

    if not isinstance(item, Basic):
        return item
    return item.subs({symbol: I for symbol in item.free_symbols if str(symbol) == "i"})


def _fraction(decimal: re.Match[str]) -> str:
    """Return a decimal as a fraction, so that sympy calculates exactly."""
    whole, part = decimal.groups()
    return rf"\frac{{{int(whole + part)}}}{{{10 ** len(part)}}}"
