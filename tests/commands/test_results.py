"""What every command that ends in results prints and returns, and the options that its results depend on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.commands.options import ScoringOptions, UsageError
from grpokit.commands.output import output_folder
from grpokit.commands.report import main as report
from grpokit.commands.report_options import ReportOptions
from grpokit.commands.results import show_beside, status
from grpokit.commands.train import main as train
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import find_runs
from grpokit.evaluate.types import EvaluationError
from grpokit.tests.commands.answers import COLUMNS
from grpokit.tests.reports.runs import BASE, TUNED, rescored, write_run

PLAIN = ReportOptions(None, None, None, None, [], no_multiplicity=False, trained_for=None, by=None, strict=False)

STATUSES = [
    # the verdicts of the pairs, whether strict, the exit status
    ([Verdict.IMPROVED, Verdict.HELD], True, 0),
    ([Verdict.IMPROVED, Verdict.UNDERPOWERED], False, 0),
    ([Verdict.IMPROVED, Verdict.UNDERPOWERED], True, 3),
    ([Verdict.UNDERPOWERED, Verdict.REGRESSED], True, 1),  # a regression wins
    ([Verdict.IMPROVED, Verdict.REGRESSED], False, 1),  # any one pair
    ([], True, 0),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [write_run(folder / model.name, model, questions=12).path for model in (BASE, TUNED)]


@pytest.mark.parametrize(("verdicts", "strict", "expected"), STATUSES)
def test_status_of_several_pairs(folders: list[Path], verdicts: list[Verdict], strict: bool, expected: int) -> None:
    comparison = compare(find_runs(folders))
    pair = comparison.pairs[0]
    gains = [replace(pair.gain, verdict=verdict) for verdict in verdicts]
    pairs = tuple(replace(pair, rewards={**pair.rewards, pair.primary: gain}) for gain in gains)
    assert status(replace(comparison, pairs=pairs), strict=strict) == expected


def test_a_comparison_beside_leaves_json_on_standard_output_alone(
    folders: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    show_beside("greedy answers", find_runs(folders), PLAIN)
    assert "greedy answers" in capsys.readouterr().out
    show_beside("greedy answers", find_runs(folders), replace(PLAIN, json="-"))
    assert capsys.readouterr().out == ""


def test_a_run_without_a_folder_gets_the_first_free_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with output_folder(None, "sums") as first, output_folder(None, "sums") as second:
        assert (first, second) == (Path("runs/sums-1"), Path("runs/sums-2"))  # neither holds a file yet
        (second / "manifest.json").touch()
    with output_folder(None, "../sums") as other:
        assert (other.parent, other.resolve().parent) == (Path("runs"), tmp_path / "runs")
    assert list(Path("runs").iterdir()) == [second]
    with output_folder(Path("mine"), "sums") as mine:
        assert mine == Path("mine")
    assert not mine.exists()  # nothing was written into it


def test_processes_that_share_a_run_do_not_choose_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    refusal = pytest.raises(UsageError, match="2 processes share this run: give its folder, --out DIR")
    with refusal, output_folder(None, "sums"):
        pass


PRIMARIES = [
    # --rewards, --primary, the task's primary, whose verdict counts
    (None, None, "xml_format", "xml_format"),
    ("length(target=9),xml_format", None, "xml_format", "xml_format"),  # the task's, where the mix has it
    ("length(target=9)", None, "xml_format", "length(target=9)"),  # else the first
    ("xml_format,conciseness", "conciseness", "xml_format", "conciseness"),
    ("xml_format,conciseness", "total", "xml_format", "total"),
]


@pytest.mark.parametrize(("rewards", "primary", "of_task", "expected"), PRIMARIES)
def test_whose_verdict_counts(rewards: str | None, primary: str | None, of_task: str, expected: str) -> None:
    scoring = ScoringOptions(rewards, primary, allow_code=False).over("correctness,xml_format", of_task, "card")
    assert scoring.primary == expected


def test_a_primary_that_is_not_in_the_mix_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"--primary 'concisenes' is not in the mix\. Did you mean 'conciseness'"):
        ScoringOptions("xml_format,conciseness", "concisenes", allow_code=False).over("correctness", None, "card")


@pytest.mark.parametrize("kind", ["json", "html", "markdown", "junit"])
def test_every_report_can_go_to_standard_output_alone(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    target = tmp_path / "report"
    paths = list(map(str, folders))
    to_file, to_stdout = main(["compare", *paths, f"--{kind}", str(target)]), None
    capsys.readouterr()
    to_stdout = main(["compare", *paths, f"--{kind}", "-"])
    shown = capsys.readouterr()
    assert (shown.out, to_stdout) == (target.read_text(), to_file)
    assert shown.err == ""


CLASHES = [
    # options, what is said
    (["--json", "-", "--html", "-"], "--html - is the place of --json too"),
    (["--json", "a", "--markdown", "./a"], "--markdown a is the place of --json too"),
    (["--json", "a", "--junit", "{tmp}/linked/a"], "is the place of --json too"),  # by another way
    (["--json", "absent/a"], "--json: cannot write absent/a: there is no folder absent"),
    (["--html", "."], "cannot write .: it is a folder"),
    (["--html", ""], "cannot write .: it is a folder"),
    (["--json", ""], "cannot write .: it is a folder"),
    (["--html", "x" * 250], "File name too long"),  # what is written first has a longer name
    (["--html", "file/a"], "file"),
]


@pytest.mark.parametrize(("options", "said"), CLASHES)
@pytest.mark.parametrize("command", ["score", "run", "grpo-report", "grpo-train"])
def test_outputs_are_refused_before_any_work(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    options: list[str],
    said: str,
) -> None:
    (tmp_path / "linked").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    rest = [option.format(tmp=tmp_path) for option in options]
    before = sorted(path.name for path in tmp_path.iterdir())
    if command == "grpo-report":
        status = report(["absent", *rest])
    elif command == "grpo-train":
        status = train(["arithmetic-tiny", "--out", "run", *rest])
    else:
        first = ["absent.jsonl"] if command == "score" else ["--task", "arithmetic", "--model", "absent"]
        status = main([command, *first, "--out", "run", *rest])
    assert status == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_output_is_no_place_of_what_is_read_or_made(
    answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = answers.read_bytes()
    assert main(["score", str(answers), *COLUMNS, "--json", str(answers)]) == 2
    assert "is the place of input 1 too" in capsys.readouterr().err
    assert answers.read_bytes() == before
    out = str(tmp_path / "run")
    assert main(["score", str(answers), *COLUMNS, "--out", out, "--html", out]) == 2
    assert "is the place of --out too" in capsys.readouterr().err


def test_an_output_may_lie_in_or_beside_a_folder_that_is_made(answers: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    places = ["--out", str(new / "run"), "--json", str(new / "report.json"), "--html", str(new / "run" / "report.html")]
    assert main(["score", str(answers), *COLUMNS, *places]) == 0
    assert (new / "report.json").exists()
    assert (new / "run" / "report.html").exists()


def test_devices_may_take_several_outputs(answers: Path, tmp_path: Path) -> None:
    nowhere = ["--json", "/dev/null", "--junit", "/dev/null", "--out", str(tmp_path / "run")]
    assert main(["score", str(answers), *COLUMNS, *nowhere]) == 0


NUMBERS = [
    # the option's value, what is said
    (str(2**63), "at most 9223372036854775807"),
    ("9" * 5000, "at most 9223372036854775807"),  # Python reads no more than 4300 digits
    ("٠", "at least 1"),  # a zero too
    ("0", "at least 1"),
    ("-1", "at least 1"),
]


@pytest.mark.parametrize(("value", "said"), NUMBERS)
def test_numbers_that_nothing_can_count_to_are_refused(
    capsys: pytest.CaptureFixture[str], value: str, said: str
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--task", "arithmetic", "--model", "demo", f"--limit={value}"])
    assert said in (shown := capsys.readouterr().err)
    assert shown.count("\n") == 1


def test_most_values_missing_ends_with_status_2(tmp_path: Path) -> None:
    statuses = [("unreadable reference", None), ("no completion", None), ("wrong", 0.0)]
    one = rescored(write_run(tmp_path / "base", BASE, questions=12), statuses)
    other = write_run(tmp_path / "tuned", TUNED, questions=12)
    assert status(compare([one]), strict=False) == 2  # a model alone
    assert status(compare([one, other]), strict=False) == 2
    assert status(compare([other]), strict=False) == 0


def test_half_a_character_in_a_name_leaves_the_json_readable(folders: list[Path], tmp_path: Path) -> None:
    shutil.copytree(folders[0], run := tmp_path / "run")
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "model": "half \ud83d"}))
    assert main(["compare", str(run), "--json", str(tmp_path / "json")]) == 0
    assert json.loads((tmp_path / "json").read_text())["models"][0]["name"] == "half \ud83d"
