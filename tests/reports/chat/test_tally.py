"""What votes say: each pair of models, blind votes apart from open ones."""

import json
from html import escape
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


NO_VOTES = {
    # a line, and what is said of it
    '{"choice": "a", "blind": true}': "it says no answers",
    '{"choice": "a", "blind": true, "answers": "ab"}': "it says no answers",
    '{"choice": "a", "blind": true, "answers": {"a": 1}}': "it says no answers",
    '{"choice": ["a"], "blind": true, "answers": {"a": {}, "b": {}}}': "its choice is ['a'], and its models are a, b",
    '{"choice": "c", "blind": true, "answers": {"a": {}, "b": {}}}': "its choice is 'c', and its models are a, b",
    '{"choice": "a", "blind": "false", "answers": {"a": {}, "b": {}}}': "blind is 'false'; true or false is wanted",
    '{"choice": "tie", "blind": true, "answers": {"tie": {}, "b": {}}}': "a model is named 'tie', as a vote for no",
    '{"choice": "b", "blind": true, "answers": {"none": {}, "b": {}}}': "a model is named 'none', as a vote for no",
}


@pytest.mark.parametrize("line", NO_VOTES)
def test_a_line_that_is_no_vote_is_said_and_not_counted(line: str, tmp_path: Path) -> None:
    path = write(tmp_path / "votes.jsonl", ("a", True), models=("a", "b"))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(FileError) as caught:
        tally(path, blind=True)
    assert f"line 2: this is no vote: {NO_VOTES[line]}" in str(caught.value)
    assert shown(path) == f"<p>{escape(str(caught.value))}</p>"


def test_models_of_one_name_are_told_apart_by_their_weights(tmp_path: Path) -> None:
    """The votes for yesterday's adapter are none for today's."""
    path = tmp_path / "votes.jsonl"
    for weights, choice, blind in (("1" * 16, "base", True), ("2" * 16, "tuned", True), ("3" * 16, "tuned", False)):
        answers = {"base": {"weights": "0" * 16}, "tuned": {"weights": weights}}
        with path.open("a") as file:
            file.write(json.dumps({"choice": choice, "blind": blind, "answers": answers}) + "\n")
    pairs = [(pair.first, pair.second, pair.wins) for pair in tally(path, blind=True).pairs]
    assert pairs == [("base", "tuned (11111111)", (1, 0)), ("base", "tuned (22222222)", (0, 1))]
    assert [pair.second for pair in tally(path, blind=False).pairs] == ["tuned (33333333)"]
