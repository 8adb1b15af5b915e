"""What was once a traceback is one line, ends with 2, and leaves nothing that blocks the corrected command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from grpokit.commands import eval as grpo_eval
from grpokit.commands import report as grpo_report
from grpokit.commands import train as grpo_train
from grpokit.tests.evaluate.stored_runs import write_run

LONG = "9" * 5_000  # digits, more than Python reads

FILES = {
    "ok.jsonl": '{"completion": "18", "answer": "18"}\n',
    "long.jsonl": f'{{"completion": "18", "answer": {LONG}}}\n',
    "long.yaml": f"name: a\nsource: {{file: ok.jsonl}}\nuser: '{{completion}}'\nreference: answer\nsamples: {LONG}\n",
    "date.yaml": "name: a\nsource: {file: ok.jsonl}\nuser: '{completion}'\nreference: answer\nrewards: 2026-99-99\n",
    "recipe.yaml": "model: demo\ntask: arithmetic\nrewards: correctness\nseed: 2026-99-99\n",
}

ANSWER = ["--reference-column", "answer"]

MISTAKES: list[tuple[Callable[[list[str]], int], list[str], str]] = [
    # whole numbers that Python does not read
    (grpo_eval.main, ["score", "long.jsonl", *ANSWER], "long.jsonl, line 1"),
    (grpo_eval.main, ["audit", "--rewards", "correctness", "--data", "long.jsonl"], "long.jsonl, line 1"),
    (grpo_eval.main, ["tasks", "check", "--data", "long.jsonl", *ANSWER], "long.jsonl, line 1"),
    (grpo_eval.main, ["tasks", "show", "long.yaml"], "long.yaml"),
    # days that no month has
    (grpo_eval.main, ["tasks", "show", "date.yaml"], "date.yaml: not valid YAML"),
    (grpo_train.main, ["recipe.yaml", "--dry-run"], "recipe.yaml: not valid YAML"),
    # specs that nest or are longer than any
    (grpo_eval.main, ["score", "ok.jsonl", *ANSWER, "--rewards", "gate(" * 999 + "a" + ")" * 999], "20 others"),
    (grpo_eval.main, ["audit", "--rewards", "gate(" * 3_000], "at most 10000"),
    # places that nothing can be written to
    *(
        [
            (grpo_eval.main, ["score", "ok.jsonl", *ANSWER, "--out", "/proc/x"], "cannot write into /proc/x"),
            (grpo_eval.main, ["score", "ok.jsonl", *ANSWER, "--json", "/sys/x.json"], "cannot write /sys/x.json"),
            (grpo_eval.main, ["audit", "--rewards", "correctness", "--json", "/proc/x"], "cannot write /proc/x"),
            (grpo_eval.main, ["signal", "run", "--group", "2", "--prompts", "/sys/x"], "cannot write /sys/x"),
            (grpo_report.main, ["run", "--html", "/proc/x.html"], "cannot write /proc/x.html"),
        ]
        if sys.platform == "linux"
        else []
    ),
    # names that no file system takes
    (grpo_eval.main, ["score", "ok.jsonl", *ANSWER, "--out", "x" * 300], "File name too long"),
    (grpo_eval.main, ["signal", "run", "--group", "2", "--json", "x" * 300], "File name too long"),
    (grpo_report.main, ["x" * 300], "xxx"),
]


@pytest.mark.parametrize(("command", "words", "said"), MISTAKES, ids=[words[0][:9] for _, words, _ in MISTAKES])
def test_a_mistake_is_one_line(
    command: Callable[[list[str]], int],
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    write_run(tmp_path / "run", {"correctness": [[1.0, 0.0]] * 6})
    assert command(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()[-1]) < 600
    assert "Traceback" not in err
