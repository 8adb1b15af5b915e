"""Whatever stands where a tool writes something else, reading ends in rows, bad rows or one line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.logs.log import BadRow, LogChoice
from grpokit.evaluate.logs.recognition import open_log
from grpokit.tests.evaluate.logs import peer_logs as peers

WRONG = (None, "x", [None], {"a": 1}, True)

RESULTS = {
    "model_name": "org/base",
    "config": {"model_args": {"pretrained": "org/base", "peft": "org/tuned"}, "model_sha": "a", "peft_sha": "b"},
    "higher_is_better": {"sums": {"exact_match": True}},
    "configs": {"sums": {"generation_kwargs": {"until": []}}},
    "n-shot": {"sums": 0},
}
CALLS = [{"role": "assistant", "content": "", "tool_calls": ['{"name": "python"}']}]


def _results(path: Path, value: Any) -> Path:
    folder = peers.lm_eval_folder(path.parent / "lm", {"sums": [peers.lm_eval_row(0, "1", 1)]})
    peers.write_json(folder / f"results_{peers.DATE}.json", value)
    return folder


def _one_line(path: Path, value: Any) -> Path:
    return peers.write_lines(path, [value])


SHAPES: dict[str, tuple[str, Any, Callable[[Path, Any], Path]]] = {
    "lm-eval": ("lm-eval", peers.lm_eval_row(0, "1", 1), _one_line),
    "choices": ("lm-eval", peers.lm_eval_choice(0, [-1.0, -2.0], 0), _one_line),
    "results": ("lm-eval", RESULTS, _results),
    "inspect": (
        "inspect",
        peers.inspect_log([peers.inspect_sample("q", "attachment://a", {"match": "C"}, attachments={"a": "18"})]),
        peers.write_json,
    ),
    "verifiers": ("verifiers", peers.rollout(0, "a?", CALLS, 1.0), _one_line),
    "promptfoo": ("promptfoo", peers.promptfoo_log([peers.promptfoo_result(0, "1", True)]), peers.write_json),
}


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value within another."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*above, key)
        yield from places(one, (*above, key))


def with_wrong(right: Any, place: tuple[Any, ...], wrong: Any) -> Any:
    """Return a copy that has a wrong value at a place."""
    value = copy.deepcopy(right)
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = wrong
    return value


def faults(path: Path, format: str) -> list[str | None]:
    """Read a log to its end; return what is wrong with each row, or with the log."""
    try:
        rows = list(open_log(path, LogChoice(format=format)).rows)
    except GrpokitError as error:
        return [str(error)]
    return [row.fault if isinstance(row, BadRow) else None for row in rows]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_wrong_value_anywhere_is_a_fault_at_worst(shape: str, tmp_path: Path) -> None:
    format, right, write = SHAPES[shape]
    path = tmp_path / "log.jsonl"
    assert faults(write(path, right), format) == [None]
    for place in places(right):
        for wrong in WRONG:
            for fault in faults(write(path, with_wrong(right, place, wrong)), format):
                assert fault is None or "\n" not in fault


@pytest.mark.parametrize("format", ["lm-eval", "inspect", "lighteval", "verifiers", "promptfoo"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[1, 2]", b"{}", b"null\n", b'{"a": {"b": 1}}\n'])
def test_a_file_that_is_no_log_of_the_format(format: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    (fault,) = faults(path, format)
    assert fault
    assert all(faults(tmp_path, format))
