"""How far a job has come: a bar on terminals, a line a minute elsewhere, nothing under --quiet."""

import re

import pytest
from grpokit.commands import progress as module
from grpokit.commands.progress import QUIET, Job, PlainLines, progress


class Clock:
    """A clock that the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_time_left_goes_by_tokens_before_an_item_is_finished(clock: Clock) -> None:
    job = Job("tuned", 100, "completions", longest=50)
    job.advance(20)  # they stood before a resume
    assert (job.rate, job.left) == ("", "")
    clock.now += 10
    job.advance(0, 500)
    assert job.line == "tuned: 20 of 100 completions, 50 tokens/s, at most 0:01:10 left"  # 80 of 50 each, less 500
    job.advance(20)
    assert job.line == "tuned: 40 of 100 completions, 2.0 completions/s, 50 tokens/s, 0:00:30 left"  # 25 tokens each
    clock.now += 10
    job.advance(0, 500)
    assert job.line == "tuned: 40 of 100 completions, 1.0 completions/s, 50 tokens/s, 0:00:20 left"


def test_time_left_without_tokens_goes_by_items(clock: Clock) -> None:
    job = Job("score", 100, "rows")
    job.advance(0)
    clock.now += 10
    job.advance(25)
    assert job.line == "score: 25 of 100 rows, 2.5 rows/s, 0:00:30 left"


@pytest.mark.parametrize(
    ("total", "longest", "tokens", "line"),
    [
        (None, None, 0, "rows: 0 rows"),  # nothing known
        (None, None, 40, "rows: 0 rows, 4 tokens/s"),  # no total, so nothing is left of it
        (10, None, 40, "rows: 0 of 10 rows, 4 tokens/s"),  # how long an item may be is not known
        (10, 2, 40, "rows: 0 of 10 rows, 4 tokens/s, at most 0:00:00 left"),  # never below nothing
    ],
)
def test_what_cannot_be_said_is_left_out(
    clock: Clock, total: int | None, longest: int | None, tokens: int, line: str
) -> None:
    job = Job("rows", total, "rows", longest)
    job.advance(0)
    clock.now += 10
    job.advance(0, tokens)
    assert job.line == line


def test_plain_lines_are_a_minute_apart(clock: Clock) -> None:
    said: list[str] = []
    lines = PlainLines(Job("tuned", 400, "completions"), said.append)
    for _ in range(40):
        clock.now += 5
        lines.advance(10, 100)
    assert [re.match(r"tuned: (\d+) of", line)[1] for line in said] == ["130", "260", "390"]  # type: ignore[index]  # it matches
    lines.end()
    assert said[-1] == "tuned: 400 completions in 0:03:20"


def test_short_job_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as bars, bars.loading("tuned"), bars.track("tuned", 40, "completions") as advance:
        advance(40, 1000)
    assert capsys.readouterr().err == ""


def test_long_load_is_a_line(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as bars, bars.loading("tuned"):
        clock.now += 75
    assert capsys.readouterr().err == "tuned: loaded in 0:01:15\n"


def test_terminal_has_a_bar_with_rates_and_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "xterm", "COLUMNS": "160"}.items():
        monkeypatch.setenv(name, value)
    with progress() as bars:
        with bars.loading("base"):
            pass
        with bars.track("tuned", 40, "completions", 30) as advance:
            advance(10)  # rows that stood before a resume
            advance(0, 300)
            advance(30)
    shown = capsys.readouterr().err
    for word in ("tuned", "40/40", "completions/s", "tokens/s", "left"):
        assert word in shown


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    before = QUIET.set(True)
    try:
        with progress() as bars, bars.track("tuned", 40, "completions") as advance:
            advance(40)
        module.say("a line")
    finally:
        QUIET.reset(before)
    assert capsys.readouterr().err == ""
