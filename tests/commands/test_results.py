"""What every command that ends in results prints and returns, and the options that its results depend on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.commands.options import ReportOptions, ScoringOptions, UsageError
from grpokit.commands.output import output_folder
from grpokit.commands.results import show_beside, status
from grpokit.evaluate.paired.comparison import Verdict
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import find_runs
from grpokit.evaluate.types import EvaluationError
from grpokit.tests.reports.runs import BASE, TUNED, write_run

PLAIN = ReportOptions(None, None, None, None, 0.02, False)

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
    show_beside("greedy answers", folders, PLAIN)
    assert "greedy answers" in capsys.readouterr().out
    show_beside("greedy answers", folders, replace(PLAIN, json="-"))
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
