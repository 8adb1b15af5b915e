"""The terminal report: right at 80 columns, without colour, piped, in ASCII, and safe for any text."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from grpokit.evaluate.paired.alarms import Alarm
from grpokit.evaluate.paired.change import HackingCheck, Verdict
from grpokit.evaluate.paired.doubts import Mismatch, NoiseFloor
from grpokit.evaluate.paired.pairing import compare
from grpokit.reports.bars import ASCII, UNICODE, interval_bar
from grpokit.reports.changed_questions import ending
from grpokit.reports.samples import read_questions
from grpokit.reports.terminal import print_comparison
from grpokit.reports.wording import short_names
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, TUNED, rescored, write_run
from rich.cells import cell_len
from rich.console import Console


def shown(compared: Compared, width: int = 80, *, runs: bool = True) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_comparison(compared.comparison, console, compared.runs if runs else ())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class Ends(NamedTuple):
    """A change and its interval."""

    delta: float | None
    low: float | None
    high: float | None


def test_verdict_in_words_with_interval_and_smallest_detectable_change(compared: Compared) -> None:
    words = " ".join(shown(compared).split())
    found = compared.comparison.pairs[0].rewards["correctness"]
    assert "IMPROVED: tuned is better than base." in words
    assert f"95 % interval {found.low:+.3f} to {found.high:+.3f}" in words
    assert f"Smallest change it could reliably detect: {found.mde:.3f}" in words


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_longer_than_the_terminal(compared: Compared, width: int) -> None:
    assert max(cell_len(line) for line in shown(compared, width).splitlines()) <= width


def test_every_number_of_the_table_is_whole_at_80_columns(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    lines = shown(compared).splitlines()
    labels = short_names(pair.rewards)
    for name, found in pair.rewards.items():
        line = next(line for line in lines if line.startswith(labels[name]) and "/" in line)
        assert f"{found.delta:+.3f}" in line
        assert f"{found.fixed}/{found.broken}" in line


@pytest.mark.parametrize("width", [80, 120])
def test_a_rewards_parameters_stand_below_the_tables(tmp_path: Path, width: int) -> None:
    name = "similarity(backend=semantic,model=sentence-transformers)"
    runs = [write_run(tmp_path / model.name, model, questions=8, third=name) for model in (BASE, TUNED)]
    text = shown(Compared(runs, compare(runs)), width)
    assert next(line for line in text.splitlines() if "/" in line and line.startswith("similarity "))
    assert text.splitlines().count(f"similarity: {name}") == 1
    assert "\u2026" not in text


def test_two_rewards_of_one_name_keep_their_parameters(tmp_path: Path) -> None:
    name = "xml_format(reasoning_tag=reasoning,answer_tag=answer)"
    runs = [write_run(tmp_path / model.name, model, questions=8, third=name) for model in (BASE, TUNED)]
    text = shown(Compared(runs, compare(runs)))
    assert "xml_format(" in text
    assert "\u2026" not in text
    assert max(map(cell_len, text.splitlines())) <= 80


def test_pairing_and_the_noise_floor_are_said_in_words(compared: Compared) -> None:
    found = compared.comparison.pairs[0].rewards["correctness"]
    noise = NoiseFloor("base", "correctness", 240, 0.25, 0.125)
    words = " ".join(shown(Compared(compared.runs, replace(compared.comparison, noise=noise))).split())
    assert found.high is not None
    assert found.low is not None
    assert found.pairing is not None
    width = found.high - found.low
    assert f"The interval is {width:.3f} wide; it would be {found.pairing * width:.3f} without pairing" in words
    assert "12.5 % got another correctness, 25.0 % another text" in words


def test_intervals_stand_in_numbers_where_there_is_room(compared: Compared) -> None:
    found = compared.comparison.pairs[0].total
    assert f"{found.low:+.3f}" not in shown(compared, 80)
    assert f"{found.low:+.3f}" in shown(compared, 120)


def test_mismatches_stand_above_the_numbers(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    warned = replace(pair, mismatches=(Mismatch("temperature", "1.0", "0.7", fatal=False),))
    text = shown(Compared(compared.runs, replace(compared.comparison, pairs=(warned,))))
    assert text.index("temperature differs: base has 1.0, tuned has 0.7") < text.index("correctness")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.IMPROVED, "tuned is better than base"),
        (Verdict.REGRESSED, "tuned is worse than base"),
        (Verdict.HELD, "tuned holds the level of base"),
        (Verdict.UNDERPOWERED, "Too little data to tell tuned from base"),
    ],
)
def test_each_verdict_has_its_sentence(compared: Compared, verdict: Verdict, words: str) -> None:
    pair = compared.comparison.pairs[0]
    pair = replace(pair, rewards={**pair.rewards, pair.primary: replace(pair.gain, verdict=verdict)})
    assert words in shown(Compared(compared.runs, replace(compared.comparison, pairs=(pair,))))


def test_worst_losses_and_best_gains_show_the_ends_of_the_answers(compared: Compared) -> None:
    text = shown(compared)
    gain = compared.comparison.pairs[0].changes[-1]
    assert f"{gain.prompt_id}: {gain.base:.3f} to {gain.tuned:.3f}" in text
    assert text.count("</answer>") >= 4
    assert "Best gains" not in shown(compared, runs=False)


def test_a_moved_question_is_shown_by_the_answers_that_moved_it(compared: Compared) -> None:
    """Of a gain the base's worst answer and the tuned model's best; of a loss the other way round."""
    gain = compared.comparison.pairs[0].changes[-1]
    (question,) = read_questions(compared.runs, {gain.prompt_id})
    best = next(answer for answer in question.answers[1] if answer.rewards["correctness"].value == 1)
    worst = next(answer for answer in question.answers[0] if answer.rewards["correctness"].value == 0)
    lines = shown(compared).splitlines()
    at = lines.index(f"  {gain.prompt_id}: {gain.base:.3f} to {gain.tuned:.3f}")
    assert lines[at + 2].split()[-1] == worst.text.split()[-1]
    assert lines[at + 3].split()[-1] == best.text.split()[-1]


def test_several_pairs_show_one_loss_and_one_gain_each(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    assert sum(line.startswith("    tuned ") for line in shown(compared).splitlines()) > 3
    text = shown(Compared(compared.runs, replace(compared.comparison, pairs=(pair, pair))))
    assert sum(line.startswith("    tuned ") for line in text.splitlines()) <= 4


def test_one_model_gives_its_means(tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=12)
    text = shown(Compared([run], compare([run])))
    assert "IMPROVED" not in text
    assert "correctness" in text
    assert "no answer" in text


def test_statuses_and_factors_are_counted(compared: Compared) -> None:
    text = shown(compared)
    for status, count in compared.comparison.models[1].rewards["correctness"].counts.items():
        assert f"{status} {count}" in text
    assert "cut 0.4 %" in text
    assert f"repeated word triples {compared.comparison.models[0].repeated:.1%}".replace("%", " %") in text


def test_an_alarm_of_the_training_stands_above_the_table(compared: Compared) -> None:
    pair = replace(compared.comparison.pairs[0], alarms=(Alarm(20, "reward hacking", "it fell.", 0.025),))
    text = shown(Compared(compared.runs, replace(compared.comparison, pairs=(pair,))))
    raised = "! Alarm while training, step 20: reward hacking: it fell."
    assert text.index(raised) < text.index("fixed/broken")
    assert "At most 2.5 % of healthy runs raise one." in " ".join(text.split())


def test_markup_and_control_characters_of_a_model_are_plain_text(hostile: Compared) -> None:
    text = shown(hostile)
    assert "onerror=alert(1)" in text
    assert "\x1b" not in text


def test_names_drive_no_terminal_in_any_line(compared: Compared, tmp_path: Path) -> None:
    """Names of models, rewards and statuses, what differs, reasons and alarms: any may come from elsewhere."""
    evil = "x\x1b[2J\ny"
    runs = [
        write_run(tmp_path / one.name, one._replace(name=one.name + evil), questions=8, third=evil)
        for one in (BASE, TUNED)
    ]
    comparison = compare([rescored(run, [(f"right{evil}", 1.0)]) for run in runs])
    (pair,) = comparison.pairs
    pair = replace(
        pair,
        mismatches=(Mismatch(evil, evil, evil, fatal=False),),
        alarms=(Alarm(20, evil, evil, 0.025),),
        hacking=HackingCheck(True, pair.total, evil),
        primary=evil,
    )
    for pairs in ((pair,), ()):
        text = shown(Compared(runs, replace(comparison, pairs=pairs)), 120)
        assert "x[2J y" in text
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line.startswith("y")]


GREEN, RED, YELLOW, BOLD = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[1m"


def coloured(compared: Compared) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    print_comparison(compared.comparison, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_gains_are_green_losses_red_and_the_primary_is_bold(compared: Compared) -> None:
    text = coloured(compared)
    assert f"{GREEN}{compared.comparison.pairs[0].gain.delta:+.3f}" in text
    assert f"{BOLD}correctness" in text
    assert f"{BOLD}xml_format" not in text
    swapped = compare(compared.runs[::-1])
    assert f"{RED}{swapped.pairs[0].gain.delta:+.3f}" in coloured(Compared(compared.runs[::-1], swapped))


def test_what_makes_numbers_mean_little_is_bold_red(compared: Compared) -> None:
    pair = compared.comparison.pairs[0]
    warnings = (Mismatch("template", "a", "b", fatal=True), Mismatch("seed", "0", "1", fatal=False))
    text = coloured(Compared([], replace(compared.comparison, pairs=(replace(pair, mismatches=warnings),))))
    assert "\x1b[1;31m! template is not the same" in text
    assert f"{YELLOW}! seed differs" in text


def piped(compared: Compared, encoding: str) -> str:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    print_comparison(compared.comparison, Console(file=out), compared.runs)
    out.flush()
    return raw.getvalue().decode(encoding)


def test_an_ascii_terminal_gets_ascii_bars(compared: Compared) -> None:
    text = piped(compared, "ascii")
    assert "o-" in text
    assert "?" not in text.replace("What is", "").replace("?\n", "\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_text_that_the_output_cannot_encode_never_ends_in_a_traceback(tmp_path: Path, encoding: str) -> None:
    models = [model._replace(name=f"{model.name} \u6a21\u578b") for model in (BASE, TUNED)]
    runs = [write_run(tmp_path / str(place), model, questions=8, say="é \ud83d") for place, model in enumerate(models)]
    assert "IMPROVED" in piped(Compared(runs, compare(runs)), encoding)


def test_piped_output_has_no_colour_and_80_columns(compared: Compared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    text = piped(compared, "utf-8")
    assert "\x1b" not in text
    assert max(map(cell_len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("ends", "bar"),
    [
        (Ends(0.0, -1.0, 1.0), "------o------"),  # the whole width
        (Ends(1.0, 0.5, 1.0), "      |  ---o"),  # to the end of the scale
        (Ends(-0.5, -0.5, -0.5), "   o  |      "),  # a point
        (Ends(0.5, None, None), "      |  o   "),  # no interval
        (Ends(None, None, None), "      |      "),  # no value at all
    ],
)
def test_interval_bar(compared: Compared, ends: Ends, bar: str) -> None:
    found = replace(compared.comparison.pairs[0].total, **ends._asdict())
    assert interval_bar(found, 1.0, ASCII, 13) == bar
    assert len(interval_bar(found, 1.0, UNICODE, 41)) == 41


@pytest.mark.parametrize("text", ["短い答え" * 30, "plain " * 40, "e\u0301" * 90, "short"])
def test_ending_never_passes_the_width(text: str) -> None:
    assert cell_len(ending(text, 40)) <= 40
