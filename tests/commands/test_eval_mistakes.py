"""Every mistake at ``grpo-eval`` is one line, exits with 2 and leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from grpokit.commands.eval import main
from grpokit.tests.commands.answers import COLUMNS
from grpokit.tests.evaluate.stored_runs import write_run


def mistake(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """Run a command that must fail as usage errors do; return its one line."""
    assert main(args) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1, shown.err
    assert shown.err.startswith("grpo-eval: ")
    return shown.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "--task", "arithmetic", "--model", "/no/such"], "no folder /no/such"),
        (["run", "--task", "arithmatic", "--model", "demo"], "Did you mean 'arithmetic'"),
        (["run", "--task", "arithmetic", "--model", "demo", "--rewards", "corectness"], "Did you mean 'correctness'"),
        (["run", "--task", "arithmetic", "--model", "demo", "--rewards", "length(targt=2)"], "target"),
        (["run", "--task", "arithmetic", "--model", "demo", "--primary", "total_"], "--primary 'total_'"),
        (["run", "--model", "demo"], "give --task NAME, or --data FILE"),
        (["run", "--data", "rows.jsonl", "--model", "demo"], "needs --prompt-column"),
        (["run", "--task", "arithmetic", "--model", "demo", "--model", "demo"], "two models are named 'demo'"),
        (["run", "--task", "arithmetic", "--model", "demo", "--samples", "2", "--temperature", "0"], "greedy samples"),
        (["run", "--task", "arithmetic", "--model", "demo", "--max-new-tokens", "127"], "context of 128"),
        (["run", "--task", "arithmetic", "--model", "demo", "--temperature", "1e-300"], "from 1e-06 up"),  # inf - inf
        (["run", "--task", "arithmetic", "--model", "demo", "--temperature", "nan"], "temperature=nan"),
        (["run", "--task", "arithmetic", "--model", "demo", "--samples", "9223372036854775807"], "than one run holds"),
        (["run", "--task", "{home}", "--model", "demo"], "no file /"),  # of nobody's home
        (["run", "--task", "{hub}", "--model", "demo"], "source.hub"),  # a folder that nobody named
        (["run", "--task", "arithmetic", "--model", "demo", "--split", "dev"], "no split 'dev'"),
        (["run", "--task", "arithmetic", "--model", "replay:rows.jsonl", "--noise-floor"], "leave the option out"),
        (
            ["run", "--task", "arithmetic", "--model", "replay:rows.jsonl", "--dtype", "float32"],
            "--dtype is for weights",
        ),
        (["run", "--task", "arithmetic", "--model", "replay:rows.jsonl", "--batch-size", "8"], "--batch-size is for"),
        (
            ["chat", "--model", "replay:rows.jsonl", "--device", "cpu", "--export-space", "space"],
            "--device is for weights",
        ),
        (["run", "--task", "arithmetic", "--model", "demo", "--rewards", ""], "rewards spec"),
        (["score", "absent.jsonl"], "no file or folder absent.jsonl: give a run, or a log"),
        (["score", "{answers}"], "no column 'completion'"),
        (["score", "{answers}", "--completion-column", "outptu"], "Did you mean 'output'"),
        (["score", "{empty}", "--completion-column", "output"], "is empty"),
        (["score", "{torn}", "--completion-column", "output"], "line 2: not valid JSON"),
        (["score", "{answers}", "--completion-column", "output"], "name its column with --reference-column"),
        (["score", "{answers}", *COLUMNS, "--rewards", "token_length"], "completion_ids"),
        (["compare", "absent"], "no file or folder absent: give a run, or a log"),
        (["compare", "{folder}"], "holds no run"),
        (["signal", "absent"], "no folder absent"),
    ],
)
def test_every_mistake_is_one_line_and_leaves_nothing(
    args: list[str],
    said: str,
    answers: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "torn.jsonl").write_text('{"output": "x"}\n{"output": \n')
    (tmp_path / "folder").mkdir()
    card = "name: own\nuser: '{q}'\nrewards: repetition\nprimary: repetition\nsource: "
    (tmp_path / "home.yaml").write_text(f"{card}{{file: ~nosuchuser/rows.jsonl}}\n")
    (tmp_path / "hub.yaml").write_text(f"{card}{{hub: ../rows}}\n")
    paths = {
        "home": "home.yaml",
        "hub": "hub.yaml",
        "answers": answers,
        "empty": "empty.jsonl",
        "torn": "torn.jsonl",
        "folder": "folder",
    }
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert said in mistake(capsys, *(arg.format(**paths) for arg in args))
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--margin", "-1"], "'-1': give 0 or a positive number"),
        (["--margin", "nan"], "'nan': give 0 or a positive number"),
        (["--no-such"], "unrecognized arguments: --no-such"),
        (["--json-file", "x"], "unrecognized arguments: --json-file; did you mean --json?"),
    ],
)
def test_wrong_options_are_one_line_before_any_work(
    answers: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["score", str(answers), *COLUMNS, *options])
    shown = capsys.readouterr().err
    assert caught.value.code == 2
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--verbos"], "grpo-eval: unrecognized arguments: --verbos"),  # not that a command is missing
        (["run", "--modl", "demo"], "grpo-eval run: unrecognized arguments: --modl; did you mean --model? ("),
        (["run", "--task", "arithmetic"], "grpo-eval run: the following arguments are required: --model ("),
        ([], "grpo-eval: the following arguments are required: COMMAND ("),
    ],
)
def test_misspelt_option_is_told_before_what_is_missing(
    capsys: pytest.CaptureFixture[str], args: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(args)
    shown = capsys.readouterr().err
    assert caught.value.code == 2
    assert shown.startswith(said)
    assert shown.count("\n") == 1


def test_an_occupied_folder_is_left_alone(answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    said = mistake(capsys, "score", str(answers), *COLUMNS, "--model-column", "model", "--out", str(tmp_path / "out"))
    assert "is not empty" in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.tex"]


def _run_of_one(out: Path) -> None:
    write_run(out, {"correctness": [[1.0]]})


def _runs_of_two(out: Path) -> None:
    _run_of_one(out / "a")


def _thesis(out: Path) -> None:
    out.mkdir()
    (out / "thesis.tex").write_text("precious")


OCCUPIED = [
    # what --out holds, how many models are asked, more options, what is said
    (_thesis, 1, [], "is not empty"),
    (_thesis, 2, [], "is not empty"),  # their folders would lie among a user's files
    (_run_of_one, 1, [], "holds a run of 'base'; give --resume"),
    (_run_of_one, 1, ["--resume"], "holds another run: its task and mix and sampling differ"),
    (_run_of_one, 2, [], "holds the run of one model"),
    (_run_of_one, 2, ["--resume"], "holds the run of one model"),  # which would hide theirs
    (_runs_of_two, 2, [], "a holds a run of 'base'; give --resume"),
]


@pytest.mark.parametrize(("fill", "models", "more", "said"), OCCUPIED)
def test_an_occupied_folder_is_refused_before_a_model_is_loaded(
    fill: Callable[[Path], None],
    models: int,
    more: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The models are not there, so that the first one to be loaded would be what is complained of."""
    out = tmp_path / "out"
    fill(out)
    before = sorted(out.rglob("*"))
    asked = [word for name in "ab"[:models] for word in ("--model", f"{name}=/no/such")]
    assert said in mistake(capsys, "run", "--task", "arithmetic", "--limit", "2", *asked, *more, "--out", str(out))
    assert sorted(out.rglob("*")) == before


DEVICES = [
    # a device, and what is said of it where it is not there
    pytest.param(
        "cuda",
        "this machine has 0 GPUs that PyTorch can use; give cpu.",
        marks=pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU"),
    ),
    ("cuda:99", "GPUs that PyTorch can use; give cpu."),
    ("meta", "device 'meta' cannot be used here ("),  # where tensors have no values
    ("vulkan", "device 'vulkan' cannot be used here ("),
    ("hpu", "device 'hpu' cannot be used here ("),
    ("gpu", "give one such as cpu, cuda or cuda:1"),
    ("", "give one such as cpu, cuda or cuda:1"),
]


@pytest.mark.parametrize(("device", "said"), DEVICES)
def test_a_device_that_is_not_there_is_one_line(
    device: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    asked = ["--task", "arithmetic", "--model", "demo", "--limit", "1", "--device", device, "--out", str(out)]
    assert said in mistake(capsys, "run", *asked)
    assert not out.exists()


def test_rewards_that_cannot_judge_are_refused_before_a_model_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.jsonl").write_text('{"question": "2+2?"}\n')
    asked = ["--data", str(tmp_path / "rows.jsonl"), "--prompt-column", "question", "--model", "/no/such"]
    assert "correctness" in mistake(capsys, "run", *asked, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_still_written_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model in ("base", "tuned"):
        write_run(tmp_path / model, {"correctness": [[1.0, 0.0]] * 4}, model)
    (tmp_path / "tuned" / "scores.jsonl").unlink()
    for command in (["compare", str(tmp_path / "base")], ["signal"]):
        said = mistake(capsys, *command, str(tmp_path / "tuned"))
        assert "has no scores yet: finish it by the command that began it, with --resume" in said
