"""The Markdown report says verdict and numbers, and no name in it makes markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grpokit.evaluate.paired.alarms import Alarm
from grpokit.evaluate.paired.doubts import Mismatch
from grpokit.evaluate.paired.drift import Drift
from grpokit.evaluate.paired.looks import Look, Looks
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.summary import Estimate
from grpokit.reports.markdown import to_markdown
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, write_run


def test_verdict_and_table(compared: Compared) -> None:
    text = to_markdown(compared.comparison)
    found = compared.comparison.pairs[0].rewards["correctness"]
    assert "**IMPROVED: tuned is better than base.**" in text
    assert f"| {found.delta:+.3f} | {found.low:+.3f} to {found.high:+.3f} |" in text
    assert "| total |" in text


def test_every_row_of_the_table_has_as_many_cells_as_its_head(compared: Compared) -> None:
    rows = [line for line in to_markdown(compared.comparison).splitlines() if line.startswith("|")]
    assert len({line.count(" | ") for line in rows}) == 1


def test_a_mismatch_is_a_warning_above_the_table(compared: Compared) -> None:
    pair = replace(compared.comparison.pairs[0], mismatches=(Mismatch("template", "a|b", "c", fatal=True),))
    text = to_markdown(replace(compared.comparison, pairs=(pair,)))
    assert text.index("**Warning:** template") < text.index("| reward")
    assert "a\\|b" in text


def test_an_alarm_of_the_training_is_a_warning_above_the_table(compared: Compared) -> None:
    pair = replace(compared.comparison.pairs[0], alarms=(Alarm(20, "reward hacking", "it *fell*.", 0.025),))
    text = to_markdown(replace(compared.comparison, pairs=(pair,)))
    raised = (
        "> **Alarm while training,** step 20: reward hacking: it \\*fell\\*. At most 2.5 % of healthy runs raise one."
    )
    assert text.index(raised) < text.index("| reward")


def test_repetition_is_told_where_it_is_comparable(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    assert "repeated word triples" in to_markdown(compared.comparison)
    assert "repeated" not in to_markdown(replace(compared.comparison, pairs=(replace(pair, behaviour={}),)))


def test_what_completions_were_like_is_one_sentence(compared: Compared) -> None:
    base, tuned = compared.comparison.models
    models = (replace(base, cut=0.25, unanswered=0.5, tokens=7.0), replace(tuned, cut=0.1, unanswered=0.2, tokens=9.0))
    text = to_markdown(replace(compared.comparison, models=models))
    assert "Completions: cut 25.0 % → 10.0 %, no answer 50.0 % → 20.0 %, mean tokens 7.0 → 9.0, " in text


def test_names_make_no_markup_and_no_mention(hostile: Compared, compared: Compared) -> None:
    assert "<script>" not in to_markdown(hostile.comparison).replace("\\<script\\>", "")
    text = to_markdown(replace(compared.comparison, task="@someone [link](http://a.b) #12"))
    assert "@someone" not in text
    assert "#12" not in text
    assert "[link]" not in text.replace("\\[link\\]", "")


def test_no_address_in_a_name_becomes_a_link(compared: Compared) -> None:
    """What renders Markdown links these without any mark, and a reader clicks on what a model's name says."""
    for address in ("https://evil.example/x", "HTTP://evil.example", "www.evil.example", "me@evil.example"):
        text = to_markdown(replace(compared.comparison, task=address))
        assert address not in text
        assert "evil" in text


def test_one_run_gives_its_means(tmp_path: Path) -> None:
    text = to_markdown(compare([write_run(tmp_path / "base", BASE, questions=5)]))
    assert "| correctness |" in text
    assert "IMPROVED" not in text


def test_how_far_the_model_has_moved_is_said_once_and_warned_of_where_it_is_far(compared: Compared) -> None:
    (pair,) = compared.comparison.pairs
    for change, warned in ((Estimate(-0.3, -0.4, -0.2, 60, "t"), False), (Estimate(-1.5, -1.8, -1.2, 60, "t"), True)):
        moved = replace(pair, drift=Drift(-2.77, -2.77 + (change.mean or 0), -2.84, change))
        text = to_markdown(replace(compared.comparison, pairs=(moved,)))
        assert text.count("nats per token") == 1
        assert ("**Far from the base:**" in text) is warned


def test_looks_are_a_table_with_those_to_come(compared: Compared) -> None:
    (pair,) = compared.comparison.pairs
    looks = Looks(3, (Look(63, 3.359, 0.9992, pair.gain), Look(125, 2.0, 0.95, None)), made=1)
    text = to_markdown(replace(compared.comparison, pairs=(replace(pair, looks=looks),)))
    assert "| look | questions | z | level | change | interval | verdict |" in text
    assert "| 1 of 2 | 63 | 3.359 | 99.92 % |" in text
    assert "| 2 of 2 | 125 | 2.000 | 95.00 % | - | - | to come |" in text
