"""What is shown while training."""

import io
from itertools import count

import pytest
from grpokit.commands.progress import QUIET
from grpokit.commands.watch import Watch, held_out_line
from grpokit.evaluate.paired.change import Difference, Verdict
from grpokit.train import Alarm, Drawn, HeldOut, Step
from rich.console import Console

DRAWN = Drawn("2+2?", "it is\x1b[2J [bold]4", {"correctness": 1.0, "form": None})


def step(number: int) -> Step:
    return Step(number, 40, 0.1 * number, {"correctness": 0.01 * number, "form": 0.5}, 0.25, [DRAWN])


def held_out(number: int, tmp_path) -> HeldOut:
    change = Difference(
        *(0.5, 0.4, 0.6, 10, 0, 0.01, 0.01, "sign-flip", "t", 5, 0, 0, 0, 0.1, Verdict.IMPROVED, None, None, None),
        level=0.95,
        margin=0.02,
        low_held=0.4,
        reach=1.0,
        unseen=0.0,
        graded=False,
        **dict.fromkeys(("held_above", "clusters", "p_exact", "p_models")),
    )
    means = {"correctness": 0.3, "form": None, "total": 0.8}
    return HeldOut(
        number, "sampled", tmp_path, "correctness", means, change if number else None, {"code": "def f():\n  pass"}
    )


@pytest.fixture
def piped():
    return Console(file=io.StringIO(), width=80)


def test_piped_output_has_plain_lines(piped, tmp_path):
    watch = Watch(piped, None)
    watch.evaluated(held_out(0, tmp_path))
    for number in range(1, 11):
        watch.step(step(number))
    watch.alarm(Alarm(10, "reward hacking", "the total rose.", 0.025))
    lines = piped.file.getvalue().splitlines()
    assert lines[0] == "held out, base, sampled: correctness 0.300, form -, total 0.800"
    assert lines[1] == "sample code, base: def f(): pass"
    assert lines[2] == "step 1/40  reward 0.100  correctness 0.01  form 0.50  0:00:00 after the start"
    assert lines[3].startswith("step 10/40  reward 1.000  correctness 0.10  form 0.50")
    assert lines[3].endswith("left")
    assert lines[4].startswith("ALARM, step 10: reward hacking: the total rose. At most 2.5 % of healthy runs")
    assert len(lines) == 5  # the first step, and one line in ten steps


def test_slow_steps_have_a_line_a_minute(piped, monkeypatch):
    ticks = count(0, 25)  # seconds per step
    monkeypatch.setattr("grpokit.commands.watch.time.monotonic", lambda: float(next(ticks)))
    watch = Watch(piped, None)
    for number in range(1, 9):
        watch.step(step(number))
    shown = [line.split()[1] for line in piped.file.getvalue().splitlines()]
    assert shown == ["1/40", "4/40", "7/40"]


def test_quiet_leaves_notes_and_alarms(piped, tmp_path):
    before = QUIET.set(True)
    try:
        watch = Watch(piped, None)
        watch.step(step(1))
        watch.evaluated(held_out(0, tmp_path))
        watch.note("2 prompts were left out.")
        watch.alarm(Alarm(10, "reward hacking", "the total rose.", 0.025))
    finally:
        QUIET.reset(before)
    assert [line.split()[0] for line in piped.file.getvalue().splitlines()] == ["note:", "ALARM,"]


def test_frame_has_curves_held_out_table_and_completions(tmp_path):
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    watch = Watch(console, None)
    for number in range(1, 9):
        watch.step(step(number))
    watch.evaluated(held_out(20, tmp_path))
    console.file = io.StringIO()
    console.print(watch.view())
    shown = console.file.getvalue()
    assert "step 8/40" in shown
    assert "▁▂▃▄▅▆▇█" in shown  # the reward rises
    assert "+0.500 (+0.400 to +0.600)" in shown
    assert "clipped 25%" in shown


def test_frame_tells_how_far_an_evaluation_has_come():
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    watch = Watch(console, None)
    console.print(watch.view())
    watch.evaluating(0, "greedy", 1500)(512)
    console.print(watch.view())
    assert console.file.getvalue().splitlines() == [
        "loading the model",
        "held out, base, greedy: 512 of 1,500 completions",
    ]


def test_frame_fits_eighty_columns(tmp_path):
    """Parameters in a reward's name left no room for the figures."""
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    watch = Watch(console, None)
    names = {"correctness": 0.3, "xml_format(reasoning_tag=reasoning)": 0.9, "total": 0.8}
    watch.evaluated(held_out(20, tmp_path)._replace(means=names))
    console.print(watch.view())
    assert "…" not in console.file.getvalue()


def test_completion_cannot_command_the_terminal(tmp_path):
    """A model writes what it likes: escape sequences and markup must stay text."""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    watch = Watch(console, None)
    watch.step(step(1))
    watch.step(step(2))
    console.print(watch.view())
    shown = console.file.getvalue()
    assert "it is[2J [bold]4" in shown
    assert "\x1b[2J" not in shown


def test_change_is_told_with_its_interval(tmp_path):
    assert "correctness 0.300, change +0.500 (+0.400 to +0.600) at 95 %, form -" in held_out_line(
        held_out(20, tmp_path)
    )


def test_the_pace_is_of_the_last_steps_and_says_what_is_left(piped, monkeypatch):
    ticks = count(0, 2)  # two seconds per step
    monkeypatch.setattr("grpokit.commands.watch.time.monotonic", lambda: float(next(ticks)))
    watch = Watch(piped, None)
    for number in range(1, 11):
        watch.step(step(number))
    assert piped.file.getvalue().endswith("0.50 steps/s  0:01:00 left\n")  # 30 of 40 steps


def test_the_table_keeps_the_base_and_the_last_six_checkpoints(piped, tmp_path):
    watch = Watch(piped, None)
    for number in range(0, 90, 10):
        watch.evaluated(held_out(number, tmp_path)._replace(answers={}))
    piped.file.truncate(0)
    piped.print(watch.view())
    labels = [line.partition(",")[0].strip("\0 ") for line in piped.file.getvalue().splitlines() if ", sampled" in line]
    assert labels == ["base", *(f"step {number}" for number in range(30, 90, 10))]
