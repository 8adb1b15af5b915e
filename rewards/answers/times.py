"""Dates, times of the day, ratios, and runs of numbers: 5 May 2020; 7:30, 8:34 p.m. and 20:34; 3:4; 3-1, 2023-05-06."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from .numbers import read_quantity

_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?\s*(?:([ap])\.?\s*m\.?)?", re.IGNORECASE)
_HOUR = re.compile(r"(\d{1,2})()()\s*([ap])\.?\s*m\.?", re.IGNORECASE)  # 7 p.m.
_RUN = re.compile(r"\d{1,9}(?:\s*([-/])\s*\d{1,9})(?:\s*\1\s*\d{1,9})*")  # 3-1, 2023-05-06, 5/6/2023
_PADDED = re.compile(r"(?<!\d)0\d")
_RATIO = re.compile(r"\d{1,9}(?:\s*:\s*\d{1,9})+")


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"""
    (?P<{month}> jan(?:uary)? | feb(?:ruary)? | mar(?:ch)? | apr(?:il)? | may | june? | july? | aug(?:ust)?
      | sept?(?:ember)? | oct(?:ober)? | nov(?:ember)? | dec(?:ember)? ) [.]?
"""
_DATE = re.compile(
    rf"""
    (?: {_MONTH.format(month="month")} \s+ (?P<day>\d{{1,2}}) (?:st|nd|rd|th)?                  # May 5th, 2020
      | (?P<day2>\d{{1,2}}) (?:st|nd|rd|th)? \s+ (?:of \s+)? {_MONTH.format(month="month2")} )   # 5 May 2020
    (?: ,? \s+ (?P<year>\d{{4}}) )?
    | (?P<year3>\d{{4}}) - (?P<month3>\d\d) - (?P<day3>\d\d)                                # 2020-05-05
    """,
    re.VERBOSE | re.IGNORECASE,
)


class _Date(NamedTuple):
    year: int | None
    month: int
    day: int


def same_date(answer: str, reference: str) -> bool | None:
    """Return whether two dates are equal, one of which has its month in words; None where that is not so.

    A year that the reference does not give may stand in the answer.

    >>> same_date("5 Jan. 2020", "January 5, 2020"), same_date("2020-01-05", "5th of January"), same_date("5/1", "1/5")
    (True, True, None)
    >>> same_date("January 5", "January 6"), same_date("January 5", "January 5, 2020")
    (False, False)
    """
    if not any(map(str.isalpha, answer + reference)):
        return None
    wanted, given = _date(reference), _date(answer)
    if wanted is None or given is None:
        return None
    return given[1:] == wanted[1:] and wanted.year in (None, given.year)


def _date(text: str) -> _Date | None:
    date = _DATE.fullmatch(text)
    if date is None:
        return None
    if date["year3"]:
        return _Date(*map(int, date.group("year3", "month3", "day3")))
    month = _MONTHS.index((date["month"] or date["month2"])[:3].lower()) + 1
    return _Date(int(date["year"]) if date["year"] else None, month, int(date["day"] or date["day2"]))


class _Time(NamedTuple):
    hour: int
    minute: int
    second: int
    half: str


def same_time(answer: str, reference: str) -> bool | None:
    """Return whether two times of the day, or two ratios, are equal; None where neither text is one.

    A time without "a.m." or "p.m." is the one that the other says, or one of 24 hours. Of two texts that could both be
    times, such as 6:20 and 3:10, neither is read as a ratio.

    >>> same_time("7:30", "07:30:00"), same_time("20:34", "8:34 P.M."), same_time("3:45 AM", "3:45 PM")
    (True, True, False)
    >>> same_time("6:8", "3:4"), same_time("3/4", "3:4"), same_time("345", "3:45"), same_time("3", "4")
    (True, True, False, None)
    >>> same_time("3/10", "3:10"), same_time("3 to 10", "3:10"), same_time("30:100", "3:10"), same_time("6:20", "3:10")
    (True, True, True, False)
    """
    wanted, given = _time(reference), _time(answer)
    if wanted and given:
        return _agree(wanted, given)
    if ":" not in answer and ":" not in reference:
        return None
    left, right = _ratio(answer), _ratio(reference)
    if left is None or right is None:
        return False if _TIME.fullmatch(answer) or _TIME.fullmatch(reference) else None
    return left == right


def _time(text: str) -> _Time | None:
    time = (_TIME.fullmatch(text) or _HOUR.fullmatch(text)) if text[:1].isdecimal() else None
    return _Time(int(time[1]), int(time[2] or 0), int(time[3] or 0), (time[4] or "").lower()) if time else None


def _agree(one: _Time, other: _Time) -> bool:
    if one[1:3] != other[1:3]:
        return False
    if bool(one.half) == bool(other.half):
        return one == other
    stated, bare = (one, other) if one.half else (other, one)
    in_24_hours = stated.hour % 12 + (12 if stated.half == "p" else 0)
    return bare.hour in (stated.hour, in_24_hours)


def _ratio(text: str) -> tuple[Fraction, ...] | None:
    """Return a ratio as its parts over the last, a number as its ratio to one."""
    text = text.replace(" to ", ":")
    if _RATIO.fullmatch(text):
        parts = [int(part) for part in text.split(":")]
        return tuple(Fraction(part, parts[-1]) for part in parts[:-1]) if parts[-1] else None
    quantity = read_quantity(text)
    return (quantity.value,) if quantity else None


def same_run(answer: str, reference: str) -> bool | None:
    """Return whether two ranges, scores or dates have the same parts: nothing is subtracted or divided.

    A reference of whole numbers between dashes is one, and so are a fraction of three parts or with a zero in front,
    which is a date. None where the reference is none.

    >>> same_run("2-0", "3-1"), same_run("5/6/2023", "05/06/2023"), same_run("10 to 12", "10-12"), same_run("2", "3-1")
    (False, True, True, False)
    >>> same_run("5-3", "2"), same_run("2023-06-05", "2012"), same_run("6/5", "12/10")
    (None, False, None)
    """
    wanted, given = _run(reference), _run(answer.replace(" to ", "-"))
    if wanted is None:
        return False if given and "-" in answer and _PADDED.search(answer) else None
    return given == wanted


def _run(text: str) -> list[int] | None:
    """Return the parts of a range, a score or a date; None for anything else, such as the fraction 3/4."""
    run = _RUN.fullmatch(text)
    if run is None:
        return None
    parts = re.split("[-/]", text)
    return [int(part) for part in parts] if run[1] == "-" or len(parts) > 2 or _PADDED.search(text) else None
