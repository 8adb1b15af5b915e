"""Every way a command can end is one line and a status that says no more than what was checked."""

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.commands.train import main as train
from grpokit.tests.commands.answers import COLUMNS

EVAL = [sys.executable, "-m", "grpokit.commands.eval"]
TRAIN = [sys.executable, "-m", "grpokit.commands.train"]
SLOW = ["run", "--quiet", "--task", "arithmetic", "--model", "demo", "--samples", "64", "--temperature", "1"]
SLOW += ["--batch-size", "64"]
BY_SIGNAL = [
    # the signal, the exit status, the word for it
    (signal.SIGINT, 130, "interrupted"),
    (signal.SIGTERM, 143, "terminated"),
    (signal.SIGHUP, 129, "hung up"),
]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let ``grpo-eval audit`` raise where nobody foresees it."""

    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("grpokit.commands.actions.audit.audited", fail)


AUDIT = ["audit", "--rewards", "correctness"]

UNFORESEEN = [
    # what is raised, what the line says
    (KeyError("x"), "KeyError: 'x'"),
    (RuntimeError("two\nlines"), "RuntimeError: two ("),
    (SystemExit(0), "SystemExit: 0"),  # sys.exit in somebody's code ended the command with 0
    (SystemExit(), "SystemExit: SystemExit"),
    (BrokenPipeError(32, "Broken pipe"), "BrokenPipeError"),  # of a worker: it passed for a reader that left
    (FileNotFoundError(2, "No such file", "gone"), "FileNotFoundError"),
    (MemoryError(), "MemoryError"),
    (RuntimeError("\x1b[2Jgone"), "RuntimeError"),  # text of others is no control of the terminal
]


@pytest.mark.parametrize(("error", "said"), UNFORESEEN)
def test_what_nobody_foresaw_is_status_70_and_one_line_that_names_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, said: str
) -> None:
    fail_with(monkeypatch, error)
    assert main(AUDIT) == 70
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert shown.err.startswith("grpo-eval: a fault of this program's, ")
    assert said in shown.err
    assert "\x1b" not in shown.err
    kept = Path(shown.err.partition("its traceback is in ")[2].partition(";")[0])
    try:
        assert "Traceback" in kept.read_text()
    finally:
        kept.unlink()


@pytest.mark.parametrize("argv", [["--debug", *AUDIT], [*AUDIT, "--debug"]])
def test_debug_shows_the_traceback_before_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    fail_with(monkeypatch, KeyError("x"))
    assert main(argv) == 70
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.splitlines()[-1] == "grpo-eval: a fault of this program's, KeyError: 'x'"


def test_debug_shows_where_a_mistake_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--show", "no-such", "--debug"]) == 2
    assert capsys.readouterr().err.startswith("Traceback")


def test_a_fault_that_no_file_can_keep_is_a_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    fail_with(monkeypatch, KeyError("x"))
    assert main(AUDIT) == 70
    said = capsys.readouterr().err
    assert said.endswith("(no file can be written to keep its traceback; --debug shows it)\n")


OF_THE_MACHINE = [
    (OSError(28, "No space left on device"), "grpo-eval: No space left on device.\n"),
    (PermissionError(13, "Permission denied", "x"), "grpo-eval: x: Permission denied.\n"),
    (OSError(36, "File name too long", "x" * 400), "File name too long.\n"),
]


@pytest.mark.parametrize(("error", "said"), OF_THE_MACHINE)
def test_what_the_machine_refuses_is_no_fault_of_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, said: str
) -> None:
    fail_with(monkeypatch, error)
    assert main(AUDIT) == 2
    assert capsys.readouterr().err.endswith(said)


TWICE = [
    (main, ["score", "a.jsonl", "--out", "a", "--out", "b"], "--out is given twice; give it once"),
    (main, ["run", "--task", "a", "--model", "demo", "--json", "a", "--json=-"], "--json is given twice"),
    (train, ["arithmetic-tiny", "--rewards", "correctness", "--rewards", "length"], "--rewards is given twice"),
]


@pytest.mark.parametrize(("command", "argv", "said"), TWICE)
def test_an_option_that_takes_the_place_of_another_is_refused(command, argv, said, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        command(argv)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_an_option_may_come_again_in_the_next_command(answers: Path, tmp_path: Path) -> None:
    for out in ("a", "b"):
        assert main(["score", str(answers), *COLUMNS, "--out", str(tmp_path / out)]) == 0


PIPES = [
    ("{eval} audit --rewards xml_format | head -0; exit ${{PIPESTATUS[0]}}", 1, ""),  # a hack pays
    ("{eval} audit --rewards xml_format > /dev/full", 2, "cannot write standard output: No space left on device."),
    ("{eval} rewards list > /dev/full", 2, "cannot write standard output: No space left on device."),
    ("{eval} rewards list | head -0; exit ${{PIPESTATUS[0]}}", 0, ""),
    ("{train} --list > /dev/full", 2, "cannot write standard output: No space left on device."),
    ("{eval} rewards show nothing 2> /dev/full", 2, ""),
]


@pytest.mark.parametrize(("line", "status", "said"), PIPES)
def test_output_that_nobody_can_take_is_no_other_status(line: str, status: int, said: str) -> None:
    command = line.format(eval=shlex.join(EVAL), train=shlex.join(TRAIN))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    faults = [line.partition(": ")[2] for line in done.stderr.splitlines() if not line.startswith("hint: ")]
    assert (done.returncode, faults) == (status, [said] if said else [])


@pytest.mark.parametrize(("number", "status", "word"), BY_SIGNAL)
def test_a_signal_keeps_the_rows_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals, status: int, word: str
) -> None:
    rows = tmp_path / "cut" / "completions.jsonl"
    with start([*EVAL, *SLOW, "--limit", "40", "--out", "cut"], tmp_path) as process:
        wait_until(lambda: rows.exists() and rows.stat().st_size > 0, process)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status, said
    assert said == (
        f"grpo-eval: {word}; finished rows are kept; go on with the same command, --out cut and --resume.\n"
    )
    assert rows.read_bytes().endswith(b"\n")


@pytest.mark.parametrize(("number", "status", "word"), BY_SIGNAL[1:2])
def test_a_preempted_training_keeps_a_checkpoint(
    tmp_path: Path, number: signal.Signals, status: int, word: str
) -> None:
    command = [*TRAIN, "arithmetic-tiny", "max_steps=500", "evaluation.every=null", "--out", "run"]
    with start(command, tmp_path) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step "):
                break
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status, said
    assert said.splitlines()[-1] == f"grpo-train: {word}; go on with the same command, --out run and --resume."
    assert list((tmp_path / "run" / "checkpoints").glob("checkpoint-*/trainer_state.json"))


def test_nohup_keeps_a_command_going(tmp_path: Path) -> None:
    rows = tmp_path / "cut" / "completions.jsonl"
    with start(["nohup", *EVAL, *SLOW, "--limit", "2", "--out", "cut"], tmp_path) as process:
        wait_until(lambda: rows.exists() and rows.stat().st_size > 0, process)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("out", [["--out", "absent"], []])
def test_nothing_to_resume_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, out: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*SLOW, *out, "--resume"]) == 2
    said = capsys.readouterr().err
    assert "--resume" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def start(command: list[str], folder: Path) -> "subprocess.Popen[str]":
    """Start a command that takes signals as a command in the foreground does."""
    signals = ["env", "--default-signal=INT,HUP,TERM"]
    return subprocess.Popen([*signals, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
