"""The child process in which model text meets math-verify: one request per line, one verdict per line.

The process limits itself: every request runs under an alarm that the kernel enforces, in bounded memory, so that a
worker whose parent is gone cannot outlive its deadline.
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

_FUNCTION = re.compile(r"(?<![\\A-Za-z])(sin|cos|tan|cot|sec|csc|log|ln|exp)(?![A-Za-z])")  # without its backslash
_TRIGONOMETRY = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?)\^\\circ")  # 30^\circ
_DECIMAL = re.compile(r"(?<![\d.])(\d*)\.(\d+)(?![\d.])")  # 0.5, .5, but no version 1.2.3

MEMORY = 4 << 30
"""Bytes of address space that a worker may take."""


def main() -> None:
    """Serve requests from standard input until it closes."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # nothing that a library prints may mix with the replies
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    equal("1", "\\sqrt{2}")
    replies.write("ready\n")
    for line in sys.stdin:
        answer, reference, seconds = json.loads(line)
        signal.alarm(seconds)
        replies.write(json.dumps(_verdict(answer, reference)) + "\n")
        signal.alarm(0)


def _verdict(answer: str, reference: str) -> bool | None:
    try:
        return compare(answer, reference, equal)
    except Exception:  # whatever a parser or sympy raises on hostile text is this pair's failure, not the worker's
        return None


def equal(answer: str, reference: str) -> bool:
    r"""Return whether math-verify finds the answer equal to the reference; both are parsed as boxed LaTeX."""
    from math_verify import verify  # at the first request: nothing it prints may mix with the replies

    wanted = _parse(reference)
    try:
        given = _parse(answer)
    except Exception:  # the parser fails in many ways on what is no expression: then it is not the reference either
        return False
    if not wanted or not given:
        return False
    return bool(verify(wanted, given, timeout_seconds=None))


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
