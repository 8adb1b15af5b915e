"""Lines are read again where they stood, whatever stands around them, or the change of the file is said."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from grpokit.evaluate.runs.lines import groups
from grpokit.evaluate.runs.places import lines_at, stretches
from grpokit.evaluate.runs.run import Run, ScoredRow
from grpokit.evaluate.types import EvaluationError
from grpokit.files import FileError, RawLine, raw_lines
from grpokit.tests.evaluate.stored_runs import manifest
from hypothesis import given
from hypothesis import strategies as st

ids = st.sampled_from(["a", "b", 'quoted "c"', "", "längere"])
rows = st.tuples(ids, st.text(max_size=6), st.booleans(), st.sampled_from(["", "\n", " \t\n", "\r\n\n"]))


def written(path: Path, lines: list[tuple[str, str, bool, str]]) -> Path:
    """Write rows of these prompts, some as another program spells them, and blank lines between them."""
    texts = [
        json.dumps({"prompt_id": id, "sample": place, "text": text}, separators=(",", ":") if compact else None)
        for place, (id, text, compact, _) in enumerate(lines)
    ]
    path.write_text("".join(f"{blank}{text}\n" for text, (*_, blank) in zip(texts, lines, strict=True)), newline="")
    return path


@given(lines=st.lists(rows, min_size=1, max_size=12), size=st.integers(1, 5))
def test_lines_are_read_again_where_they_stood(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str, bool, str]], size: int
) -> None:
    path = written(tmp_path_factory.mktemp("rows") / "completions.jsonl", lines)
    stored = list(raw_lines(path))
    some = stored[::size]
    assert list(lines_at(path, stretches(some))) == some
    together = list(groups(path))
    assert list(lines_at(path, [stretch for _, stretch in together])) == stored
    assert all(one != following for (one, _), (following, _) in pairwise(together))
    parts = list(groups(path, size))
    assert list(lines_at(path, [stretch for _, stretch in parts])) == stored
    assert max(stretch.lines for _, stretch in parts) <= size


blanks = st.sampled_from(["", "", "\n"])


@given(both=st.lists(st.tuples(rows, blanks), min_size=1, max_size=12), size=st.integers(1, 5))
def test_a_prompt_s_answers_are_found_wherever_they_stand(
    tmp_path_factory: pytest.TempPathFactory, both: list[tuple[tuple[str, str, bool, str], str]], size: int
) -> None:
    lines, gaps = [line for line, _ in both], [gap for _, gap in both]
    folder = tmp_path_factory.mktemp("run")
    written(folder / "completions.jsonl", lines)
    written(
        folder / "scores.jsonl", [(id, text, True, after) for (id, text, *_), after in zip(lines, gaps, strict=True)]
    )
    rows, scores = list(raw_lines(folder / "completions.jsonl")), list(raw_lines(folder / "scores.jsonl"))
    run = Run(folder, manifest())
    pieces = list(run.pieces(size))
    assert [line for piece in pieces for line in run.scored_rows(piece)] == [*map(ScoredRow, scores, rows)]
    assert all(sum(stretch.lines for stretch in piece.rows) < 2 * size for piece in pieces)
    for opened in (run, Run(folder, manifest()), Run(folder, manifest(), frozenset({"a", "b"}))):
        for id in {*(id for id, *_ in lines), "nobody"}:
            own = [ScoredRow(*pair) for pair in zip(scores, rows, strict=True) if whose(pair[1]) == id]
            assert list(opened.scored_rows(opened.places(id))) == (
                own if opened.only is None or id in opened.only else []
            )


def whose(raw: RawLine) -> str:
    return str(json.loads(raw.text)["prompt_id"])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-9],  # cut off
        lambda text: text.replace(b"\n", b" ", 1),  # two lines became one
        lambda text: text.replace(b",", b"\n", 1),  # and one became two
    ],
)
def test_a_file_that_is_no_longer_what_it_was_is_refused(tmp_path: Path, change: object) -> None:
    path = written(tmp_path / "completions.jsonl", [("a", "18", False, "")] * 4)
    ((_, whole),) = groups(path)
    assert callable(change)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(FileError, match="it was written while it was read"):
        list(lines_at(path, [whole]))


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "completions.jsonl", [("a", "18", False, "")])
    ((_, place),) = groups(path)
    path.unlink()
    with pytest.raises(FileError, match=r"cannot read .*completions.jsonl: No such file"):
        list(lines_at(path, [place]))


def test_what_follows_each_other_is_one_place_and_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("completions.jsonl", "scores.jsonl"):
        written(tmp_path / name, [(id, "18", False, "") for id in "aabbb"])
    run = Run(tmp_path, manifest())
    (piece,) = run.pieces(100)
    assert [[place.lines for place in places] for places in piece] == [[5], [5]]
    monkeypatch.setattr("grpokit.evaluate.runs.run.groups", None)
    assert [[place.lines for place in places] for places in run.places("b")] == [[3], [3]]


@pytest.mark.parametrize(("rows", "scores"), [("aab", "aabb"), ("aabb", "aab"), ("aab", "aa"), ("ab", "abb")])
@pytest.mark.parametrize("only", [None, frozenset("ab")])
def test_files_of_unlike_length_are_refused(
    tmp_path: Path, rows: str, scores: str, only: frozenset[str] | None
) -> None:
    written(tmp_path / "completions.jsonl", [(id, "18", False, "") for id in rows])
    written(tmp_path / "scores.jsonl", [(id, "18", False, "") for id in scores])
    with pytest.raises(EvaluationError, match="differ in length"):
        list(Run(tmp_path, manifest(), only).pieces(2))


def test_prompts_that_are_left_out_need_no_scores(tmp_path: Path) -> None:
    written(tmp_path / "completions.jsonl", [(id, "18", False, "") for id in "abc"])
    written(tmp_path / "scores.jsonl", [(id, "18", False, "") for id in "ca"])
    run = Run(tmp_path, manifest(), frozenset("a"))
    (line,) = run.scored_rows(run.places("a"))
    assert [whose(line.score), whose(line.row)] == ["a", "a"]


def test_another_process_reads_the_same_of_a_run(tmp_path: Path) -> None:
    run = Run(tmp_path, manifest(), frozenset("a"))
    assert pickle.loads(pickle.dumps(run)) == run
