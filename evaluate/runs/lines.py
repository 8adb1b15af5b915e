"""The one schema of the lines in a run's files: whoever counts with them, by whichever way, refuses the same faults.

An edited file must not become a number in silence: a value of another type, outside of its reward's range, or with
a total that is not its rewards' weighted sum, is a fault with its line.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from ...files import Line, RawLine, numbered_lines, parse_json, parse_line, parse_short, raw_lines
from ..types import EvaluationError, FinishReason, Prompt, Row
from .places import Stretch

REASONS = (None, *get_args(FinishReason))

PROMPT, ROW = frozenset(Prompt._fields), frozenset(Row._fields)

SLACK = 1e-6
"""How far a total may be from the weighted sum of its rewards, and a value from its range, by rounding."""

_TEXT = rb'"((?:[^"\\]|\\.)*)"'
_PROMPT_START = re.compile(rb'\{"id": ' + _TEXT + rb",")
_ROW_START = re.compile(rb'\{"prompt_id": ' + _TEXT + rb', "sample": (\d{1,9}),')


class RowKey(NamedTuple):
    """Which sample of which prompt a row is."""

    prompt_id: str
    sample: int


def prompt_line(path: Path, raw: RawLine) -> Line:
    """Return what a line of a ``prompts.jsonl`` holds; raise :class:`EvaluationError` where that is no prompt."""
    line = parse_line(path, raw)
    if fault := _prompt_fault(line.value):
        raise EvaluationError(f"{path}, line {line.number}: not a prompt: {fault}.")
    return line


def prompt_id(path: Path, raw: RawLine) -> str:
    """Return the id of a prompt, read off the beginning of its line; one written in another way is parsed."""
    start = _PROMPT_START.match(raw.text)
    known = None if start is None else _text(start[1])
    return prompt_line(path, raw).value["id"] if known is None else known


def parse_row(raw: bytes) -> Any:
    """Return what the line of a row holds: in messages, whole numbers of any size may be right."""
    value = parse_short(raw)
    return value if isinstance(value, dict) and isinstance(value.get("text"), str) else parse_json(raw)


def row_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a ``completions.jsonl``; raise :class:`EvaluationError` for one that is no row."""
    return (row_line(path, raw) for raw in raw_lines(path))


def row_line(path: Path, raw: RawLine) -> Line:
    """Return what a line of a ``completions.jsonl`` holds; raise :class:`EvaluationError` where that is no row."""
    line = parse_line(path, raw, parse_row)
    if fault := row_fault(line.value):
        raise EvaluationError(f"{path}, line {line.number}: not a row of a run: {fault}.")
    return line


def groups(path: Path, most: float = math.inf) -> Iterator[tuple[str, Stretch]]:
    """Yield the ids of prompts, and where each one's lines of completions stand; they are not looked into beyond that.

    Lines of one prompt that do not follow each other are several groups, as are more than so many.
    """
    known = wanted = ""
    opening = b"\n"  # with which no line begins
    first = count = begin = end = 0
    for number, text, start in numbered_lines(path):
        if not text.startswith(opening):
            known, begun = line_id(path, RawLine(number, text, start)), _ROW_START.match(text)
            opening = b"\n" if begun is None else text[: begun.start(2)]
        if count and (known != wanted or count >= most):
            yield wanted, Stretch(first, count, begin, end)
            count = 0
        if not count:
            wanted, first, begin = known, number, start
        count += 1
        end = start + len(text)
    yield wanted, Stretch(first, count, begin, end)


def row_key(path: Path, raw: RawLine) -> RowKey:
    """Return which row a line is, read off its beginning; one written in another way is parsed."""
    start = _ROW_START.match(raw.text)
    if start is not None and (known := _text(start[1])) is not None:
        return RowKey(known, int(start[2]))
    row = row_line(path, raw).value
    return RowKey(row["prompt_id"], row["sample"])


def line_id(path: Path, raw: RawLine) -> str:
    """Return the prompt's id that a line of completions or of scores begins with; "" where it says none."""
    start = _ROW_START.match(raw.text)
    known = parse_line(path, raw).value.get("prompt_id") if start is None else _text(start[1])
    return known if isinstance(known, str) else ""


def _text(raw: bytes) -> str | None:
    """Return what the characters between a JSON text's quotation marks mean, None where they mean nothing."""
    try:
        return str(json.loads(b'"' + raw + b'"')) if b"\\" in raw else raw.decode()
    except ValueError:
        return None


def score_line(path: Path, raw: RawLine, weights: Mapping[str, float], ranges: Mapping[str, Sequence[float]]) -> Line:
    """Return what a line of a ``scores.jsonl`` holds.

    Raises :class:`EvaluationError` for one that no mix of these rewards gave: ``weights`` are those of the rewards, by
    name; ``ranges`` the lowest and highest value of those that have both.
    """
    line = parse_line(path, raw, parse_short)
    if fault := _score_fault(line.value, weights, ranges):
        raise EvaluationError(
            f"{path}, line {line.number}: not a line of scores: {fault}. Score the run again: "
            f"grpo-eval score {path.parent}"
        )
    return line


def checksum(raw: RawLine) -> int:
    r"""Return a number by which a line is known from one that was edited.

    >>> checksum(RawLine(1, b'{"text": "18"}\n', 0)) == checksum(RawLine(7, b'{"text": "18"}', 90))
    True
    """
    return zlib.crc32(raw.text.rstrip(b"\r\n"))


def _prompt_fault(value: dict[str, Any]) -> str | None:
    if value.keys() != PROMPT:
        return _keys(value)
    if type(value["id"]) is not str:
        return _wrong("id", value["id"])
    if not is_text(value["text"]):
        return _wrong("text", value["text"])
    return None if type(value["columns"]) is dict else _wrong("columns", value["columns"])


def row_fault(value: dict[str, Any]) -> str | None:
    """Say what keeps an object from being a row; None where nothing does."""
    if value.keys() | {"graded"} != ROW:
        return _keys(value)
    for name in ("prompt_id", "model", "weights"):
        if type(value[name]) is not str:
            return _wrong(name, value[name])
    if not is_count(value["sample"]):
        return _wrong("sample", value["sample"])
    if not is_text(value["text"]):
        return _wrong("text", value["text"])
    reason, tokens, ids = value["finish_reason"], value["tokens"], value["token_ids"]
    if type(reason) not in (str, type(None)) or reason not in REASONS:
        return _wrong("finish_reason", reason)
    if tokens is not None and not is_count(tokens):
        return _wrong("tokens", tokens)
    if ids is not None and (type(ids) is not list or not set(map(type, ids)) <= {int}):
        return _wrong("token_ids", ids)
    return _grades_fault(value.get("graded"))


def _grades_fault(grades: Any) -> str | None:
    if grades is None:
        return None
    if type(grades) is not dict:
        return _wrong("graded", grades)
    for name, grade in grades.items():
        if not (type(grade) is list and len(grade) == 2 and type(grade[1]) is str):
            return _wrong(f"graded {name}", grade)
        if grade[0] is not None and not is_number(grade[0]):
            return _wrong(f"graded {name}", grade)
    return None


def _score_fault(
    value: dict[str, Any], weights: Mapping[str, float], ranges: Mapping[str, Sequence[float]]
) -> str | None:
    try:
        prompt_id, sample, total, rewards = value["prompt_id"], value["sample"], value["total"], value["rewards"]
        if type(prompt_id) is not str or not is_count(sample):
            return _wrong("prompt_id or sample", (prompt_id, sample))
        repeated = value.get("repeated")
        if repeated is not None and not (is_number(repeated) and 0 <= repeated <= 1):
            return _wrong("repeated", repeated)
        made_of = value.get("made_of")
        if made_of is not None and not (type(made_of) is list and len(made_of) == 2 and all(map(is_count, made_of))):
            return _wrong("made_of", made_of)
        weighted, counts = [], False
        for name, weight in weights.items():
            judged = rewards[name]
            if fault := _judgement_fault(judged, ranges.get(name)):
                return f"{name}: {fault}"
            if judged["value"] is not None:
                weighted.append(weight * judged["value"])
                counts = counts or weight != 0
        if strange := [*rewards.keys() - weights.keys()]:
            return f"its reward {strange[0]!r:.80} is not in the mix"
    except KeyError as error:
        return f"it has no {error}"
    except TypeError:
        return _wrong("rewards", rewards)
    if total is None or not is_number(total):
        return None if total is None and not counts else _wrong("total", total)
    if not weighted or abs(total - math.fsum(weighted)) > SLACK * max(1.0, *map(abs, weighted)):
        return f"total {total} is not the weighted sum of its rewards"
    return None


def _judgement_fault(judged: Any, interval: Sequence[float] | None) -> str | None:
    value, span = judged["value"], judged["span"]
    if value is not None:
        if not is_number(value):
            return _wrong("value", value)
        if interval is not None and not interval[0] - SLACK <= value <= interval[1] + SLACK:
            return f"value {value} lies outside of its range, {interval[0]} to {interval[1]}"
    if type(judged["status"]) is not str:
        return _wrong("status", judged["status"])
    if type(judged["reason"]) is not str:
        return _wrong("reason", judged["reason"])
    if span is None:
        return None
    whole = type(span) is list and len(span) == 2 and is_count(span[0]) and is_count(span[1]) and span[0] <= span[1]
    return None if whole else _wrong("span", span)


def is_number(value: object) -> bool:
    """Return whether a value is a finite number; a truth value is none."""
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and -(10**15) < value < 10**15)


def is_count(value: object) -> bool:
    """Return whether a value counts something."""
    return type(value) is int and 0 <= value < 2**32


def is_text(value: object) -> bool:
    """Return whether a value is a text, or chat messages."""
    return type(value) is str or (type(value) is list and bool(value) and all(type(one) is dict for one in value))


def _keys(value: Mapping[str, Any]) -> str:
    return f"its keys are {', '.join(value) or 'none'}"


def _wrong(name: str, value: object) -> str:
    return f"{name} is {value!r:.80}"
