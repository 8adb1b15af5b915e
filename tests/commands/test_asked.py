"""What stands around a question on the command line, --limit, --shots, --system, --template, and what is kept of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate import load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.runs.run import Run
from transformers import AutoTokenizer

RUN = ["run", "--model", "demo", "--samples", "1", "--temperature", "0", "--max-new-tokens", "2"]


def asked(out: Path, *options: str, task: str = "arithmetic", tokens: int = 2) -> Run:
    assert main([*RUN[:-1], str(tokens), "--task", task, "--out", str(out), *options]) == 0
    return Run.open(out)


def ids(run: Run) -> list[str]:
    return [prompt.id for prompt in run.asked()]


def test_a_limit_draws_at_random_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = asked(tmp_path / "one", "--limit", "6")
    note = "note: what was asked: test split, 6 of 500 drawn with seed 0; --limit first:6 asks the first.\n"
    assert note in capsys.readouterr().err
    same, other = asked(tmp_path / "same", "--limit", "6"), asked(tmp_path / "other", "--limit", "6", "--seed", "1")
    assert ids(one) == ids(same) != ids(other)
    assert one.manifest.task == same.manifest.task
    assert one.manifest.task.source == "test split, 6 of 500 drawn with seed 0"
    assert other.manifest.task.source == "test split, 6 of 500 drawn with seed 1"
    capsys.readouterr()
    first = asked(tmp_path / "first", "--limit", "first:6")
    assert ids(first) == [prompt.id for prompt in load_task("arithmetic").prompts(limit=6)] != ids(one)
    assert first.manifest.task.source == "test split"
    assert "drawn" not in capsys.readouterr().err


def test_a_limit_that_leaves_nothing_out_draws_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps({"q": f"what is {n}+{n}?", "a": 2 * n}) + "\n" for n in range(3)))
    columns = ["--data", str(data), "--prompt-column", "q", "--reference-column", "a"]
    for limit in ("3", "4"):
        assert main([*RUN, *columns, "--limit", limit, "--out", str(tmp_path / limit)]) == 0
        assert Run.open(tmp_path / limit).manifest.task.source == str(data)
    assert "drawn" not in capsys.readouterr().err


@pytest.mark.parametrize("value", ["first", "first:", "first:0", "last:3", "0", "first:-1", "1.5"])
def test_limits_that_are_none(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*RUN, "--task", "arithmetic", f"--limit={value}"])
    assert "give a whole number, at least 1, or first:N such as first:200" in capsys.readouterr().err


def test_shots_and_system_stand_around_the_question(tmp_path: Path) -> None:
    run = asked(tmp_path / "run", "--limit", "2", "--shots", "1", "--system", "Sum {id}.", "--stop", "x")
    prompt = next(iter(run.asked()))
    assert not isinstance(prompt.text, str)
    assert [message["role"] for message in prompt.text] == ["system", "user", "assistant", "user"]
    assert prompt.text[0]["content"] == f"Sum {prompt.id}."
    assert run.manifest.task.source.endswith("drawn with seed 0, 1 shots")
    assert (run.manifest.sampling or {})["stop"] == ["x"]


@pytest.fixture
def thinking(tmp_path: Path) -> Path:
    """The demo with a chat template that reads two arguments."""
    import shutil

    shutil.copytree(checkpoint_path(), folder := tmp_path / "thinking")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    template = "{% if effort is defined %}<|im_start|>{{ effort }}{% endif %}" + str(tokenizer.chat_template)
    tokenizer.chat_template = template + "{% if enable_thinking is defined and not enable_thinking %}0{% endif %}"
    tokenizer.save_pretrained(folder)
    return folder


def test_template_arguments_of_all_models_and_of_one(
    thinking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "card.yaml"
    text = Path(load_card_of("arithmetic")).read_text()
    card.write_text(text + "template: {effort: 9, enable_thinking: true}\n")
    models = ["--model", f"base={thinking}", "--model", f"tuned={thinking}"]
    options = ["--template", "enable_thinking=false", "--template", "tuned:effort=8", "--template", "efort=1"]
    out = tmp_path / "out"
    words = ["run", "--task", str(card), "--limit", "2", "--max-new-tokens", "2", *models, *options, "--out", str(out)]
    assert main(words) == 0
    base, tuned = (Run.open(out / name).manifest for name in ("base", "tuned"))
    shared: dict[str, Any] = {"effort": 9, "enable_thinking": False, "efort": 1}
    assert (base.sampling or {})["template"] == (tuned.sampling or {})["template"] == shared
    assert base.engine["template_arguments"] == shared
    assert tuned.engine["template_arguments"] == {**shared, "effort": 8}
    assert base.engine["prompt_tokens"] != tuned.engine["prompt_tokens"]
    said = capsys.readouterr().err
    assert said.count("does not read 'efort', so nothing comes of it. Did you mean 'effort'?") == 2  # once per model
    assert main([*words, "--resume"]) == 0
    assert main([*words, "--resume", "--template", "effort=7"]) == 2
    assert "holds another run: its sampling differ from what is asked now" in capsys.readouterr().err


def load_card_of(name: str) -> Path:
    import grpokit.evaluate.tasks as tasks

    return Path(tasks.__file__).parent / "cards" / f"{name}.yaml"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--template", "thinking"], "--template 'thinking': write [MODEL:]KEY=VALUE"),
        (["--template", "tuned:a=1"], "--template tuned:…: no --model has this name. All: demo."),
        (["--shots", "600"], "grpo-eval: shots=600, but there are 0 other questions to show; give 0 or less."),
    ],
)
def test_mistakes_are_one_line(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text('{"question": "1+1?", "reference": "2", "id": 1}\n')
    words = [*RUN, "--task", "arithmetic", "--data", str(data), *options, "--out", str(tmp_path / "out")]
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


def test_the_answer_goes_on_from_its_prefill(tmp_path: Path) -> None:
    card = tmp_path / "card.yaml"
    card.write_text(load_card_of("arithmetic").read_text() + "prefill: '<reasoning>'\n")
    run = asked(tmp_path / "run", "--limit", "4", task=str(card), tokens=24)
    rows, bare = list(run.rows()), list(asked(tmp_path / "bare", "--limit", "4", tokens=24).rows())
    assert [str(row.text).count("<reasoning>") for row in rows] == [1] * 4
    assert all(str(row.text).startswith("<reasoning>") for row in rows)
    assert [row.text for row in rows] == [row.text for row in bare]  # greedy, it begins so by itself
    assert [row.tokens for row in rows] == [(row.tokens or 0) - 1 for row in bare]


def test_a_card_is_printed_as_it_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "show", "gsm8k", "--card"]) == 0
    printed = capsys.readouterr().out
    assert printed == load_card_of("gsm8k").read_text()
    mine = tmp_path / "mine.yaml"
    mine.write_text(printed + "# mine \x1b[2J\n")
    assert main(["tasks", "show", str(mine), "--card"]) == 2  # no YAML holds such a character
    mine.write_text(printed + "# mine\n")
    capsys.readouterr()
    assert main(["tasks", "show", str(mine), "--card"]) == 0
    assert capsys.readouterr().out == printed + "# mine\n"
    assert main(["tasks", "show", "gsm8", "--card"]) == 2
    assert "Did you mean 'gsm8k'" in capsys.readouterr().err
