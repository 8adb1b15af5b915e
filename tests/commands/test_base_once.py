"""``--model base=RUN``: a finished run's rows in the place of a model that would be asked again."""

import json
import shutil
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate import EvaluationError
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import ModelSpec, load_engines
from grpokit.evaluate.runs.run import Run, find_runs

TASK = ["--task", "arithmetic", "--limit", "first:6", "--samples", "2"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the demo, "base" and "other", on six questions."""
    out = tmp_path_factory.mktemp("asked") / "runs"
    assert main(["run", *TASK, "--model", "base=demo", "--model", "other=demo", "--out", str(out)]) == 0
    return out


def again(out: Path, base: str, *options: str) -> int:
    return main(["run", *(options or TASK), "--model", base, "--model", "new=demo", "--out", str(out)])


def test_the_rows_of_a_base_are_taken_as_they_are(asked: Path, tmp_path: Path) -> None:
    assert again(tmp_path / "out", f"old={asked / 'base'}") == 0
    source, taken = Run.open(asked / "base"), Run.open(tmp_path / "out" / "old")
    for name in ("prompts.jsonl", "completions.jsonl", "scores.jsonl"):
        assert (taken.path / name).read_bytes() == (source.path / name).read_bytes()
    assert taken.model == "old"
    assert taken.manifest.weights == source.manifest.weights
    noted = {"run": str(asked / "base"), "created": source.manifest.created}
    assert taken.manifest.engine["taken_from"] == noted
    assert main(["compare", str(tmp_path / "out"), "--json", str(tmp_path / "c.json")]) == 0
    (pair,) = json.loads((tmp_path / "c.json").read_text())["pairs"]
    assert (pair["base"], pair["tuned"], pair["total"]["delta"]) == ("old", "new", 0.0)
    assert [one["what"] for one in pair["mismatches"]] == ["model weights are the same"]  # where it is from is none


def test_of_a_folder_of_runs_the_one_of_that_name_is_taken(asked: Path, tmp_path: Path) -> None:
    assert again(tmp_path / "out", f"other={asked}") == 0
    assert Run.open(tmp_path / "out" / "other").manifest.engine["taken_from"]["run"] == str(asked / "other")


def test_a_taken_run_keeps_its_place_among_the_models(asked: Path, tmp_path: Path) -> None:
    """Runs in a folder are in the order in which they were made, and a run that is taken was made long before."""
    out = tmp_path / "out"
    assert main(["run", *TASK, "--model", "new=demo", "--model", f"old={asked / 'base'}", "--out", str(out)]) == 0
    assert [run.model for run in find_runs([out])] == ["new", "old"]


def test_a_run_with_a_taken_base_resumes(asked: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    base = f"base={asked / 'base'}"
    assert again(out, base) == 0
    shutil.rmtree(out / "new")
    kept = (out / "base" / "manifest.json").stat().st_ino
    assert again(out, base, *TASK, "--resume") == 0
    assert (out / "base" / "manifest.json").stat().st_ino == kept  # copied once
    assert again(out, f"base={asked / 'other'}", *TASK, "--resume") == 2  # its rows are another run's


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--task", "arithmetic", "--limit", "first:7", "--samples", "2"],
            "its prompts are others (6 there, 7 here; '57+38' is not asked there)",
        ),
        (
            ["--task", "arithmetic", "--limit", "first:5", "--samples", "2"],
            "its prompts are others (6 there, 5 here; '91+19' is asked there alone)",
        ),
        ([*TASK, "--system", "Add."], "its prompts are others (6 there, 6 here; '49+95' is another there)"),
        ([*TASK, "--temperature", "0.5"], "its sampling temperature differs: 1.0 there, 0.5 here"),
        ([*TASK, "--seed", "3"], "its sampling seed differs: 0 there, 3 here"),
        ([*TASK, "--primary", "total"], "its primary differs: 'correctness' there, 'total' here"),
        ([*TASK, "--rewards", "correctness=2"], "its fingerprint of reward xml_format(reasoning_tag=reasoning)"),
        (
            [*TASK, "--rewards", "correctness=2,xml_format(reasoning_tag=reasoning)=0.5"],
            "its weight of correctness differs: 1.0 there, 2.0 here",
        ),
        ([*TASK, "--until-decided"], "--until-decided asks both models in turns, and 'base' is a finished run."),
        ([*TASK, "--noise-floor"], "--noise-floor: the base 'base' is no checkpoint that is loaded here"),
    ],
)
def test_a_run_of_another_evaluation_is_refused_by_its_first_difference(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert again(tmp_path / "out", f"base={asked / 'base'}", *options) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("completions.jsonl", "it is not finished (11 of 12 completions)"),
        ("scores.jsonl", "it is not finished (11 of 12 scores)"),
    ],
)
def test_an_unfinished_run_is_refused(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, said: str
) -> None:
    shutil.copytree(asked / "base", tmp_path / "cut")
    lines = (tmp_path / "cut" / file).read_text().splitlines(keepends=True)
    (tmp_path / "cut" / file).write_text("".join(lines[:-1]))
    assert again(tmp_path / "out", f"base={tmp_path / 'cut'}") == 2
    assert said in capsys.readouterr().err


def test_an_edited_run_is_refused_before_a_model_is_asked(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(asked / "base", tmp_path / "edited")
    lines = (tmp_path / "edited" / "completions.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "edited" / "completions.jsonl").write_text("".join(reversed(lines)))
    assert again(tmp_path / "out", f"base={tmp_path / 'edited'}") == 2
    assert "edited/completions.jsonl, line 1: edited after it was scored" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_a_link_in_a_run_leads_to_is_not_copied(asked: Path, tmp_path: Path) -> None:
    shutil.copytree(asked / "base", tmp_path / "linked")
    (tmp_path / "secret").write_text("{}")
    (tmp_path / "linked" / "more.json").symlink_to(tmp_path / "secret")
    assert again(tmp_path / "out", f"base={tmp_path / 'linked'}") == 0
    assert not (tmp_path / "out" / "base" / "more.json").exists()


def test_a_name_that_no_run_in_the_folder_has_is_refused(
    asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(tmp_path / "out", f"mine={asked}") == 2
    assert (
        "holds no runs of 'mine' on 'arithmetic' (base on arithmetic, other on arithmetic)" in capsys.readouterr().err
    )


def test_finished_runs_alone_are_to_be_compared(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *TASK, "--model", f"a={asked / 'base'}", "--model", f"b={asked / 'other'}"]) == 2
    assert f"grpo-eval compare a={asked / 'base'} b={asked / 'other'}" in capsys.readouterr().err


def test_a_finished_run_is_no_model_to_talk_to(asked: Path) -> None:
    with pytest.raises(EvaluationError, match="base is a finished run, which cannot be asked: give its model"):
        next(load_engines([ModelSpec.parse(str(asked / "base"))]))


def test_a_checkpoint_with_runs_beside_its_weights_is_a_checkpoint(asked: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(checkpoint_path(), model)
    shutil.copytree(asked / "base", model / "base")
    assert ModelSpec.parse(str(model)).kind == "transformers"
    assert ModelSpec.parse(str(asked)).kind == "run"
