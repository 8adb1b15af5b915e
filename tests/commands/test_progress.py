"""The progress bar shows count, rate, tokens per second and time left."""

import time

import pytest
from grpokit.commands.progress import progress


def test_rate_and_tokens_a_second_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "xterm", "COLUMNS": "160"}.items():
        monkeypatch.setenv(name, value)
    with progress() as bars, bars.track("tuned", 40, "completions") as advance:
        advance(10)  # rows that stood before a resume
        for _ in range(3):
            time.sleep(0.02)
            advance(10, 300)
    shown = capsys.readouterr().err
    assert "tuned" in shown
    assert "40/40" in shown
    assert "/s" in shown
    assert "tokens/s" in shown


def test_silence_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as bars, bars.track("tuned", 40, "completions") as advance:
        advance(40, 1000)
    assert capsys.readouterr().err == ""
