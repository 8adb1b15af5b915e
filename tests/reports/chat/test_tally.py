"""What votes say: each pair of models, blind votes apart from open ones."""

import json
from pathlib import Path

import pytest
from grpokit.files import FileError
from grpokit.reports.chat.tally import shown, tally


def write(path: Path, *votes: tuple[str, bool], models: tuple[str, ...] = ("base", "tuned")) -> Path:
    lines = [{"choice": choice, "blind": blind, "answers": {name: {} for name in models}} for choice, blind in votes]
    with path.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return path


def test_wilsons_interval_and_the_sign_test(tmp_path: Path) -> None:
    """8 of 10 decided votes: .490 to .943 (Wilson), two-sided exact p 2 * 56 / 1024."""
    path = write(tmp_path / "votes.jsonl", *[("tuned", True)] * 8, *[("base", True)] * 2, ("tie", True), ("none", True))
    votes = tally(path, blind=True)
    (pair,) = votes.pairs
    assert (votes.votes, pair.first, pair.second) == (12, "base", "tuned")
    assert (pair.wins, pair.ties, pair.neither) == ((2, 8), 1, 1)
    assert pair.share is not None
    assert (round(pair.share.low, 3), round(pair.share.high, 3)) == (0.490, 0.943)
    assert pair.p == pytest.approx(112 / 1024)
    assert "80% (49% to 94%) for tuned" in shown(path)


def test_blind_and_open_votes_are_counted_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "votes.jsonl", ("tuned", True), ("base", False), ("base", False))
    assert [tally(path, blind=blind).pairs[0].wins for blind in (True, False)] == [(0, 1), (2, 0)]
    text = shown(path)
    assert text.index("Blind votes: 1") < text.index("Open votes: 2")


def test_every_pair_of_several_models(tmp_path: Path) -> None:
    path = write(tmp_path / "votes.jsonl", ("a", True), ("c", True), models=("a", "b", "c"))
    write(path, ("b", True), models=("a", "b"))
    wins = {(pair.first, pair.second): pair.wins for pair in tally(path, blind=True).pairs}
    assert wins == {("a", "b"): (1, 1), ("a", "c"): (1, 1), ("b", "c"): (0, 1)}


def test_votes_that_decide_nothing_have_no_share(tmp_path: Path) -> None:
    path = write(tmp_path / "votes.jsonl", ("tie", True), ("none", True))
    (pair,) = tally(path, blind=True).pairs
    assert (pair.share, pair.p) == (None, None)
    assert "<td>-</td>" in shown(path)


def test_no_votes_yet(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert shown(tmp_path / "empty.jsonl") == shown(tmp_path / "none.jsonl") == "<p>No vote yet.</p>"


def test_names_are_text(tmp_path: Path) -> None:
    path = write(tmp_path / "votes.jsonl", ("<img>", True), models=("<img>", "b"))
    assert "<img>" not in shown(path)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "votes.jsonl").write_text("[1]\n")
    with pytest.raises(FileError, match="line 1: a JSON object is wanted"):
        tally(tmp_path / "votes.jsonl", blind=True)
