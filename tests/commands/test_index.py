"""``grpo-report`` on a folder of evaluations: a row for each of them, and pages behind it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.commands.report import main
from grpokit.evaluate.runs.run import Run
from grpokit.tests.evaluate.stored_runs import write_run
from grpokit.tests.evaluate.suites.suite_runs import write_suite


def run(folder: Path, right: int, name: str, day: int = 1) -> Run:
    written = write_run(folder, {"correctness": [[float(number < right)] for number in range(100)]}, name)
    replace(written.manifest, created=f"2026-03-{day:02}T00:00:00+00:00").write(folder)
    return Run.open(folder)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A comparison, a suite, a lone run, the folder of a training run, a broken run and something else."""
    folder = tmp_path / "runs"
    run(folder / "a comparison" / "base", 40, "base", 3)
    run(folder / "a comparison" / "tuned", 70, "tuned", 4)
    write_suite(folder / "guarded", {"gain": "target", "kept": "guard"}, {"base": [50, 50], "tuned": [70, 50]})
    run(folder / "lone", 40, "alone", 5)
    (folder / "trained").mkdir(parents=True)
    (folder / "trained" / "recipe.yaml").write_text("model: demo\n")
    run(folder / "trained" / "final" / "base", 70, "base", 6)
    run(folder / "trained" / "final" / "tuned", 40, "tuned", 6)
    run(folder / "unscored", 40, "cut short")
    (folder / "unscored" / "scores.jsonl").unlink()
    (folder / "notes").mkdir()
    return folder


def test_every_evaluation_has_a_row(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "index.json"
    assert main([str(runs), "--json", str(written)]) == 0
    rows = json.loads(written.read_text())["evaluations"]
    assert [(row["folder"], row["task"], row["base"], row["tuned"], row["verdict"], row["date"]) for row in rows] == [
        ("a comparison", "sums", "base", "tuned", "IMPROVED", "2026-03-04"),
        ("guarded", "mine", "base", "tuned", "IMPROVED", "2026-01-01"),
        ("lone", "sums", "alone", None, None, "2026-03-05"),
        ("trained", "sums", "base", "tuned", "REGRESSED", "2026-03-06"),
        ("unscored", "", "", None, None, ""),
    ]
    assert rows[0]["delta"] == pytest.approx(0.3)
    assert rows[0]["low"] < 0.3 < rows[0]["high"]
    assert rows[1]["said"] == "Improved on gain; forgot nothing it was guarded for."
    assert rows[2]["said"].startswith("correctness 0.400 (")
    assert "has no scores yet" in rows[4]["fault"]
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("a comparison", "guarded", "lone", "trained", "unscored"))
    assert "notes" not in shown


def test_the_index_links_to_a_page_of_each(runs: Path, tmp_path: Path) -> None:
    index = tmp_path / "index.html"
    assert main([str(runs), "--html", str(index), "--markdown", str(tmp_path / "index.md")]) == 0
    page = index.read_text()
    pages = sorted(path.name for path in (tmp_path / "index-pages").iterdir())
    assert len(pages) == 4  # none of the run that is not finished
    assert {name.partition("-")[0].partition(".")[0] for name in pages} == {
        "a_comparison",
        "guarded",
        "lone",
        "trained",
    }
    assert all(f'href="index-pages/{name}"' in page for name in pages)
    assert "<script" not in page
    assert "| guarded | mine | base → tuned | IMPROVED |" in (tmp_path / "index.md").read_text()


def test_runs_of_several_tasks_are_listed_and_of_one_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "one" / "base", 40, "base", 3)
    run(tmp_path / "one" / "tuned", 70, "tuned", 4)
    assert main([str(tmp_path / "one")]) == 0
    assert "IMPROVED: tuned is better than base" in capsys.readouterr().out
    other = write_run(tmp_path / "one" / "other", {"correctness": [[1.0]] * 7}, "other")
    assert main([str(tmp_path / "one")]) == 2  # other questions of one task, which somebody meant to compare
    assert "cannot be compared" in capsys.readouterr().err
    replace(other.manifest, task=replace(other.manifest.task, name="products")).write(other.path)
    assert main([str(tmp_path / "one")]) == 0
    assert "evaluation" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--junit", "x.xml"], "--junit is for one comparison: give its folder."),
        (["--rewards", "correctness"], "--rewards is for one evaluation: give one of those in"),
        (["--card", "adapter"], "--card is for one evaluation"),
        (["--filter", "x"], "--filter is for one evaluation"),
    ],
)
def test_what_only_one_evaluation_can_mean_is_refused(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.chdir(runs.parent)
    (runs.parent / "adapter").mkdir()
    assert main([str(runs), *options]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("kind", ["file", "link"])
def test_pages_are_written_into_a_folder_beside_the_index_or_nowhere(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    pages, elsewhere = tmp_path / "index-pages", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if kind == "file":
        pages.write_text("mine")
    else:
        pages.symlink_to(elsewhere)
    assert main([str(runs), "--html", str(tmp_path / "index.html")]) == 2
    shown = capsys.readouterr().err
    assert f"cannot write pages into {pages}" in shown
    assert shown.count("\n") == 1
    assert not (tmp_path / "index.html").exists()
    assert not list(elsewhere.iterdir())


def test_an_index_is_handed_to_no_tracker(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("wandb", reason="wandb is an extra: pip install 'grpokit[wandb]'")
    assert main([str(runs), "--log-to", "wandb"]) == 2
    assert "--log-to is for one comparison: give its folder." in capsys.readouterr().err
