"""What the runs of several seeds share, and how a folder of one of them is taken up."""

from pathlib import Path

import pytest
from grpokit.train import TrainingError
from grpokit.train.folder import go_on
from grpokit.train.seeds import seed_folder, take_over_base, with_seed

from .fixture_types import MakeRecipe


def write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def evaluation(folder: Path, *files: str) -> None:
    for name in files:
        write(folder / name, f"{folder.parent.name} {name}")


def test_only_the_seed_differs(tiny: MakeRecipe) -> None:
    recipe, other = tiny("seed=7"), with_seed(tiny("seed=7"), 3)
    assert (recipe.settings["seed"], other.settings["seed"]) == (7, 3)
    assert other.model_copy(update={"grpo": recipe.grpo}) == recipe


def test_finished_evaluations_of_the_base_are_taken_over(tmp_path: Path) -> None:
    common, out = tmp_path / "common", seed_folder(tmp_path, 0)
    evaluation(common / "evaluation" / "base", "manifest.json", "completions.jsonl", "scores.jsonl", ".lock")
    evaluation(common / "final" / "base", "manifest.json", "completions.jsonl", "scores.jsonl")
    evaluation(common / "evaluation-greedy" / "base", "manifest.json", "completions.jsonl")  # not finished
    evaluation(out / "final" / "base", "manifest.json")  # begun here
    take_over_base(common, out)
    taken = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert taken == {
        "evaluation/base/manifest.json",
        "evaluation/base/completions.jsonl",
        "evaluation/base/scores.jsonl",
        "final/base/manifest.json",
    }
    assert (out / "evaluation" / "base" / "scores.jsonl").read_text() == "evaluation scores.jsonl"


def test_an_empty_folder_is_a_new_run(tiny: MakeRecipe, tmp_path: Path) -> None:
    assert not go_on(tmp_path / "none", tiny())
    write(tmp_path / "seed-0" / ".lock")
    assert not go_on(tmp_path / "seed-0", tiny())


def test_what_was_killed_before_its_first_checkpoint_makes_room(tiny: MakeRecipe, tmp_path: Path) -> None:
    recipe = tiny()
    write(tmp_path / "recipe.yaml", recipe.to_yaml())
    write(tmp_path / "alarms.jsonl")
    write(tmp_path / "evaluation" / "base" / "manifest.json")
    write(tmp_path / ".lock")
    assert not go_on(tmp_path, recipe)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_checkpoint_is_gone_on_from(tiny: MakeRecipe, tmp_path: Path) -> None:
    recipe = tiny()
    write(tmp_path / "recipe.yaml", recipe.to_yaml())
    write(tmp_path / "checkpoints" / "checkpoint-2" / "trainer_state.json", "{}")
    assert go_on(tmp_path, recipe)
    assert (tmp_path / "recipe.yaml").exists()


def test_another_run_or_other_files_are_left_alone(tiny: MakeRecipe, tmp_path: Path) -> None:
    write(tmp_path / "a" / "recipe.yaml", tiny().to_yaml())
    with pytest.raises(TrainingError, match="another recipe"):
        go_on(tmp_path / "a", with_seed(tiny(), 5))
    write(tmp_path / "b" / "thesis.txt")
    with pytest.raises(TrainingError, match="no run to resume"):
        go_on(tmp_path / "b", tiny())
    assert (tmp_path / "b" / "thesis.txt").exists()
