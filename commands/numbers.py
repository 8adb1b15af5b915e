"""Numbers as options give them; a wrong one is refused before any work."""

from __future__ import annotations

import argparse
import math
import sys
import threading
from typing import NamedTuple

from ..evaluate.paired.margins import MarginError, Margins

LONGEST_NUMBER = 100
"""Digits of a number, leading zeros included, that an option reads."""


def positive(text: str) -> int:
    """Read a whole number from 1 up."""
    value = _countable(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number, at least 1")
    return value


class RowLimit(NamedTuple):
    """How many rows are asked: the first ``number`` of them, or so many drawn at random."""

    number: int
    first: bool


def row_limit(text: str) -> RowLimit:
    """Read how many rows are asked: ``N``, or ``first:N``."""
    digits = text.removeprefix("first:")
    try:
        return RowLimit(positive(digits), first=digits != text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, or first:N such as first:200") from None


def whole(text: str) -> int:
    """Read a whole number from 0 up."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number, at least 0")
    return _countable(text)


def _countable(text: str) -> int:
    """Read digits; nothing here counts further than the machine, and Python refuses to read very long ones."""
    if len(text) > LONGEST_NUMBER or int(text) > sys.maxsize:
        raise argparse.ArgumentTypeError(f"{text[:LONGEST_NUMBER]!r}…: give a whole number, at most {sys.maxsize}")
    return int(text)


def seconds(text: str) -> float:
    """Read a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r}: give a positive number of seconds, such as 60")
    return value


def margin(text: str) -> str:
    """Check a margin, ``[NAME=]X`` or ``[NAME=]X%``, which stays as it is. A wrong one is refused before any work."""
    try:
        Margins.parse([text])
    except MarginError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def batch_size(text: str) -> int | None:
    """Read a batch size; None is automatic."""
    return None if text == "auto" else positive(text)
