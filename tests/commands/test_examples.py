"""No example that the help texts or the documentation print is refused by the command that it teaches."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.tests.commands.examples import Example, check, check_options, in_documents, in_help, in_sentences

PRINTED = [*in_help(), *in_documents()]


@pytest.fixture(autouse=True)
def rewards_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that the examples call my_rewards."""
    (tmp_path / "my_rewards.py").write_text(
        "def score(completions, limit=1, **columns):\n    return [0.0]\n"
        "is_right = short = score\ndef cites(completions, **columns):\n    return [0.0]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("example", PRINTED, ids=[f"{example.place}: {example.line}" for example in PRINTED])
def test_every_example_is_read_by_its_command(example: Example) -> None:
    if "lm_eval:" in example.line:
        pytest.importorskip("lm_eval", reason="the task of the example is the package's")
    check(example.line)


def test_commands_in_sentences_have_the_options_named() -> None:
    found = list(in_sentences())
    assert len(found) > 15
    for example in found:
        check_options(example.line)


def test_examples_of_every_command_and_document_are_found() -> None:
    """The tests above could not fail if nothing were found."""
    assert len(PRINTED) > 60
    lines = [example.line for example in PRINTED]
    for command in ("run", "score", "compare", "signal", "tasks", "rewards", "audit", "chat"):
        assert any(line.startswith(f"grpo-eval {command} ") for line in lines), command
    assert {"README.md", "ci.md", "gpu.md", "training.md", "engines.md"} <= {example.place for example in PRINTED}
    assert (
        "grpo-eval run --data rows.csv --prompt-column question --reference-column answer --model base=org/model "
        "--model tuned=org/model+runs/adapter --samples 4 --temperature 1.0 --html report.html" in lines
    )  # continued
    assert "grpo-train --list" in lines  # without what it is for


WRONG = [
    "grpo-eval run --task arithmetic --model demo --subset worth.jsonl",  # no such option
    "grpo-eval run --task arithmetik --model demo",  # no such task
    "grpo-eval run --model demo --where lang",  # no filter
    "grpo-eval score rows.jsonl --rewards corectness",  # no such reward
    "grpo-eval rewards show lenght",
    "grpo-eval signals runs/forecast",  # no such command
    "grpo-train arithmetic-tiny task.subset=worth.jsonl",  # no such key of a section
    "grpo-train arithmetic-tiny max_stepz=5",  # no such field of GRPOConfig
    "grpo-train my-recipe.yaml lora.r=many",  # no such value
    "grpo-train nothing",  # no such recipe
    "grpo-report runs/first --jsn -",
    "accelerate launch --num_proceses 8 -m grpokit.commands.train arithmetic-tiny",  # an option of accelerate's
    "accelerate launch -m grpokit.commands.train arithmetic-tiny --dryrun",
]


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_example_is_noticed(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises((SystemExit, GrpokitError)):
        check(line)


@pytest.mark.parametrize("line", ["grpo-train RECIPE --dryrun", "grpo-eval signals RUN"])
def test_a_wrong_option_in_a_sentence_is_noticed(line: str) -> None:
    with pytest.raises(GrpokitError):
        check_options(line)
