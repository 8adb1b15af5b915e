"""Every command ends in one line with what may come next; not where a program reads, and not with --quiet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from grpokit.commands import eval as grpo_eval
from grpokit.commands import report as grpo_report
from grpokit.commands import train as grpo_train
from grpokit.commands.hints import HINTS
from grpokit.tests.commands.examples import PARSERS, all_parsers
from grpokit.tests.reports.runs import BASE, TUNED, write_run
from grpokit.train import load_recipe

WITHOUT = {"grpo-eval completion": "its output is a script that a shell reads at its start"}
"""Commands that end without a hint, and why."""


def commands() -> list[str]:
    """Return all commands of all programs, those within commands too."""
    parsers = [parser for build in PARSERS.values() for parser in all_parsers(build())]
    return [parser.prog for parser in parsers if parser.get_default("run") is not None]


def test_every_command_has_a_hint_or_a_reason_to_have_none() -> None:
    assert len(commands()) > 15
    assert sorted([*HINTS, *WITHOUT]) == sorted(commands())


def hints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("hint: ")]


LOOKED = [
    # program, its words, status, what the one hint ends with
    (grpo_eval, ["rewards", "list"], 0, "grpo-eval rewards show correctness"),
    (grpo_eval, ["rewards", "show", "xml_format"], 0, "grpo-eval audit --rewards xml_format"),
    (grpo_eval, ["rewards", "check", "xml_format"], 0, "grpo-eval audit --rewards xml_format"),
    (grpo_eval, ["audit", "--rewards", "correctness=1"], 0, "grpo-train RECIPE --rewards correctness=1 --check"),
    (grpo_eval, ["audit", "--rewards", "length(target=9)"], 1, "gate(correctness,BONUS)=0.5'"),
    (grpo_eval, ["tasks", "list"], 0, "grpo-eval tasks show arithmetic"),
    (grpo_eval, ["tasks", "show", "arithmetic"], 0, "grpo-eval run --task arithmetic --model PATH_OR_ID"),
    (grpo_eval, ["tasks", "show", "gsm8k", "--card"], 0, "grpo-eval tasks show mine.yaml"),
    (grpo_eval, ["tasks", "check", "arithmetic", "--limit", "3"], 0, "--task arithmetic --model PATH_OR_ID"),
    (grpo_eval, ["tasks", "check", "--data", "bad.jsonl", "--reference-column", "gold"], 1, "grpo-eval tasks check"),
    (
        grpo_eval,
        ["tasks", "check", "--data", "good.jsonl", "--reference-column", "gold"],
        0,
        "run --data good.jsonl --prompt-column NAME --reference-column gold --model PATH_OR_ID",
    ),
    (
        grpo_eval,
        ["tasks", "prepare", "arithmetic", "--limit", "3", "--out", "my rows"],
        0,
        "run --task 'my rows/arithmetic.yaml' --data 'my rows/test.jsonl' --model PATH_OR_ID",
    ),
    (grpo_eval, ["compare", "base", "tuned"], 0, "the same grpo-eval compare with --html report.html"),
    (grpo_eval, ["compare", "base", "tuned", "--html", "my page.html"], 0, "hint: open 'my page.html' in a browser"),
    (grpo_report, ["base", "tuned"], 0, "the same grpo-report with --html report.html"),
    (grpo_eval, ["signal", "base", "--group", "4"], 0, "signal base --group 4 --prompts worth.jsonl"),
    (grpo_eval, ["signal", "base", "--group", "4", "--prompts", "w.jsonl"], 0, "grpo-train RECIPE --data w.jsonl"),
    (
        grpo_eval,
        ["score", "answers.jsonl", "--reference-column", "answer", "--out", "again"],
        0,
        "grpo-report again --html report.html",
    ),
    (
        grpo_eval,
        ["score", "answers.jsonl", "--reference-column", "answer", "--html", "page.html"],
        0,
        "hint: open page.html in a browser",
    ),
    (grpo_train, ["--list"], 0, "grpo-train --show arithmetic-tiny"),
    (grpo_train, ["--show", "arithmetic-tiny"], 0, "grpo-train mine.yaml --dry-run"),
    (grpo_train, ["arithmetic-tiny", "--dry-run"], 0, "with --check instead of --dry-run"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with two runs and two tables."""
    monkeypatch.chdir(tmp_path)
    for model in (BASE, TUNED):
        write_run(tmp_path / model.name, model)
    (tmp_path / "good.jsonl").write_text(json.dumps({"gold": "7"}))
    (tmp_path / "answers.jsonl").write_text(json.dumps({"completion": "7", "answer": "7"}))
    (tmp_path / "bad.jsonl").write_text(json.dumps({"gold": ""}))
    return tmp_path


@pytest.mark.parametrize(("program", "words", "status", "end"), LOOKED)
def test_the_hint(
    program: object, words: Sequence[str], status: int, end: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(words) == status  # type: ignore[attr-defined]  # a module
    shown = capsys.readouterr()
    (hint,) = hints(shown.err)
    assert hint.endswith(end)
    assert shown.err.splitlines()[-1] == hint
    assert hints(shown.out) == []


NO_HINT = [
    # what is read by a program, or not asked for
    (["compare", "base", "tuned", "--quiet"], {}),
    (["compare", "base", "tuned", "--json", "-"], {}),
    (["compare", "base", "tuned", "--html", "-"], {}),
    (["compare", "base", "tuned", "--markdown", "-"], {}),
    (["compare", "base", "tuned", "--junit", "-"], {}),
    (["compare", "base", "tuned"], {"RANK": "1", "WORLD_SIZE": "2"}),  # the first process says it
    (["completion", "bash"], {}),
]


@pytest.mark.parametrize(("words", "variables"), NO_HINT)
def test_no_hint(
    words: Sequence[str],
    variables: dict[str, str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert grpo_eval.main(words) == 0
    assert hints(capsys.readouterr().err) == []


def test_wrong_usage_says_what_to_mend_and_no_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert grpo_eval.main(["compare", "base", "elsewhere"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_run_names_the_folder_that_it_chose(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "--task", "arithmetic", "--limit", "2", "--no-drift"]
    assert grpo_eval.main([*asked, "--model", "demo"]) == 0
    (hint,) = hints(capsys.readouterr().err)
    assert hint.endswith("the same grpo-eval run with --model base=runs/arithmetic-1 --model new=PATH_OR_ID")
    assert grpo_eval.main([*asked, "--model", "base=runs/arithmetic-1", "--model", "new=demo"]) == 0
    (hint,) = hints(capsys.readouterr().err)
    assert hint.endswith("grpo-report runs/arithmetic-2 --html report.html")


AFTER = [
    # the program's words, status, what is in --out, what the hint ends with
    (["grpo-eval", "doctor"], 0, [], "grpo-eval demo"),
    (["grpo-eval", "doctor"], 1, [], "then again: grpo-eval doctor"),
    (["grpo-eval", "rewards", "check", "mine:score"], 1, [], "then again: grpo-eval rewards check"),
    (["grpo-eval", "demo"], 0, [], "in a browser; then compare two models of your own: grpo-eval run --help"),
    (
        ["grpo-eval", "chat", "--model", "demo", "--export-space", "my space"],
        0,
        [],
        "try it: cd 'my space' && python app.py",
    ),
    (["grpo-eval", "chat", "--model", "demo"], 0, [], "grpo-eval run --task TASK --model demo"),
    (
        ["grpo-eval", "chat", "--task", "gsm8k", "--model", "demo", "--model", "b=demo"],
        0,
        [],
        "grpo-eval run --task gsm8k --model demo --model b=demo",
    ),
    (["grpo-eval", "run", "--model", "demo", "--html", "page.html"], 0, [], "open page.html in a browser"),
    (["grpo-train", "arithmetic-tiny", "--check"], 0, [], "train: the same grpo-train without --check"),
    (["grpo-train", "arithmetic-tiny", "--check"], 1, [], "mend that, then again"),
    (
        ["grpo-train", "arithmetic-tiny", "--out", "out"],
        0,
        ["final", "evaluation"],
        "grpo-report out/final --html report.html",
    ),
    (
        ["grpo-train", "arithmetic-tiny", "--out", "out"],
        0,
        ["evaluation"],
        "grpo-report out/evaluation --html report.html",
    ),
    (
        ["grpo-train", "arithmetic-tiny", "--out", "out", "--html", "out/page.html"],
        0,
        ["page.html"],
        "open out/page.html in a browser",
    ),
    (
        ["grpo-train", "arithmetic-tiny", "--out", "out", "--seeds", "2"],
        0,
        ["seed-0"],
        "the same grpo-train with --html report.html",
    ),
    (
        ["grpo-train", "arithmetic-tiny", "--out", "out", "--no-evaluation"],
        0,
        [],
        "grpo-eval run --task arithmetic --model base=demo --model tuned=demo+out",
    ),
]


@pytest.mark.parametrize(("words", "status", "there", "end"), AFTER)
def test_what_comes_after_work_that_takes_long(
    words: Sequence[str], status: int, there: Sequence[str], end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in there:
        (tmp_path / "out" / name).mkdir(parents=True)
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / "recipe.yaml").write_text(load_recipe("arithmetic-tiny").to_yaml())
    args = PARSERS[words[0]]().parse_args(words[1:])
    assert HINTS[args.prog](args, status).endswith(end)
