"""Preparation keeps the rows worth asking, says what became of the others, and its file feeds the same card."""

import json
from pathlib import Path
from typing import Any

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import EvaluationError, load_task
from grpokit.evaluate.engines.checkpoint import locate
from grpokit.evaluate.engines.loading import load_tokenizer
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.rendering import encode
from grpokit.evaluate.tasks import file_task
from grpokit.evaluate.tasks.preparation import Lengths, prepare
from grpokit.evaluate.tasks.tokens import TokenCounts
from hypothesis import given
from hypothesis import strategies as st

from .task_rows import ROWS

ASKED: list[dict[str, Any]] = [
    {"q": "what is 1+1?", "a": "2"},
    {"q": " what  is 1+1?\n", "a": "2"},  # the same but for white space
    {"q": "", "a": "3"},
    {"q": None, "a": "3"},
    {"q": "what is 1+2?", "a": None},
    {"q": "what is 1+3?", "a": "4", "kind": "other"},
    {"q": "a" * 300, "a": "5"},
    {"q": "b", "a": "6"},
]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_row_is_kept_or_dropped_for_one_reason(tmp_path: Path) -> None:
    data = write_lines(tmp_path / "rows.jsonl", ASKED)
    task = file_task(data, "q", "a", None, "correctness").filtered({"kind": None})
    lengths = Lengths(load_tokenizer(locate(ModelPath("demo"))), minimum=25, maximum=100)
    prepared = prepare(task, "test", tmp_path / "out", lengths=lengths)
    assert (prepared.read, prepared.kept) == (8, 1)
    assert prepared.dropped == {
        "kind is not null": 1,
        "empty prompt": 2,
        "empty reference": 1,
        "prompt came before": 1,
        "more than 100 tokens": 1,
        "fewer than 25 tokens": 1,
    }
    assert [json.loads(line) for line in prepared.path.read_text().splitlines()] == ASKED[:1]
    report = json.loads((tmp_path / "out/test.report.json").read_text())
    assert (report["read"], report["kept"], report["dropped"]) == (8, 1, dict(prepared.dropped))


def test_bounds_are_of_the_tokens_that_the_model_is_asked_with(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(locate(ModelPath("demo")))
    task = file_task(write_lines(tmp_path / "rows.jsonl", ASKED[:1]), "q", "a", None, "correctness")
    count = len(encode(tokenizer, next(task.prompts()).text))
    kept = prepare(task, "test", tmp_path / "kept", lengths=Lengths(tokenizer, count, count))
    assert kept.tokens == TokenCounts((count,))
    with pytest.raises(EvaluationError, match=f"1 rows: more than {count - 1} tokens"):
        prepare(task, "test", tmp_path / "none", lengths=Lengths(tokenizer, None, count - 1))


@pytest.mark.parametrize("name", ROWS)
def test_the_file_feeds_the_same_card_again(name: str, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "rows.jsonl", ROWS[name])
    task = load_task(name)
    prepared = prepare(task, "train", tmp_path / "out", data=data)
    before, after = list(task.prompts(data=data)), list(task.prompts(data=prepared.path))
    assert [prompt.text for prompt in before] == [prompt.text for prompt in after]
    again = prepare(task, "train", tmp_path / "again", data=prepared.path)
    assert again.path.read_bytes() == prepared.path.read_bytes()
    assert again.kept == again.read == prepared.kept  # nothing is left to drop


def test_the_card_beside_the_rows_keeps_the_filters_of_the_command_line(tmp_path: Path) -> None:
    task = load_task("oasst1").filtered({"lang": ("en", "es")})
    data = write_lines(tmp_path / "rows.jsonl", ROWS["oasst1"])
    prepared = prepare(task, "train", tmp_path / "out", data=data)
    card = load_task(str(prepared.card))
    assert card == task
    assert [prompt.id for prompt in card.prompts(data=prepared.path)] == ["a", "d"]


def test_limit_counts_kept_rows(tmp_path: Path) -> None:
    task = file_task(write_lines(tmp_path / "rows.jsonl", ASKED), "q", "a", None, "correctness")
    prepared = prepare(task, "test", tmp_path / "out", limit=2)
    assert prepared.kept == 2
    assert prepared.read == 6  # the second row worth asking is the sixth


def test_nothing_left_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    task = load_task("oasst1").filtered({"lang": "fr"})
    with pytest.raises(EvaluationError, match=r"no row of task 'oasst1' is left .*3 rows: lang is not fr"):
        prepare(task, "train", out, data=write_lines(tmp_path / "rows.jsonl", ROWS["oasst1"]))
    assert list(out.iterdir()) == []


def test_a_broken_line_leaves_what_was_prepared_before(tmp_path: Path) -> None:
    out, data = tmp_path / "out", write_lines(tmp_path / "rows.jsonl", ROWS["gsm8k"])
    prepared = prepare(load_task("gsm8k"), "test", out, data=data)
    before = prepared.path.read_bytes()
    data.write_text(data.read_text() + "{")
    with pytest.raises(GrpokitError, match=r"rows\.jsonl, line 2"):
        prepare(load_task("gsm8k"), "test", out, data=data)
    assert prepared.path.read_bytes() == before
    assert not list(out.glob(".*"))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(GrpokitError, match="cannot write into"):
        prepare(load_task("arithmetic"), "test", tmp_path / "out")


def test_real_rows_of_gsm8k(shared: Path, tmp_path: Path) -> None:
    data = shared / "data/gsm8k/train.jsonl"
    prepared = prepare(load_task("gsm8k"), "train", tmp_path, data=data)
    assert prepared.read == 7473
    assert prepared.kept + sum(prepared.dropped.values()) == 7473


@given(st.lists(st.integers(0, 5000), min_size=1), st.integers(1, 20))
def test_a_histogram_has_every_count_in_one_bin(counts: list[int], bins: int) -> None:
    ordered = TokenCounts.of(counts)
    histogram = ordered.histogram(bins)
    assert len(histogram) <= bins
    assert sum(bin.prompts for bin in histogram) == len(counts)
    assert [bin.prompts for bin in histogram] == [sum(b.low <= count <= b.high for count in counts) for b in histogram]
    assert (ordered.at(0), ordered.at(1)) == (min(counts), max(counts))
