"""Several tasks in one recipe: their rows are mixed, and a reward that does not apply to a row gives None there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from grpokit.errors import GrpokitError
from grpokit.plain_yaml import read_yaml
from grpokit.train import load_recipe, train
from grpokit.train.data import load_prompts
from grpokit.train.trainer import check

from .fixture_types import MakeRecipe

MakeTask: TypeAlias = Callable[..., str]


@pytest.fixture
def task(tmp_path: Path) -> MakeTask:
    """A card over rows of its own, with a reference or without; returns its path."""

    def make(name: str, questions: list[str], reference: str | None, extra: str = "") -> str:
        rows = [{"question": one} | ({} if reference is None else {"solution": reference}) for one in questions]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        card = tmp_path / f"{name}.yaml"
        known = "" if reference is None else "reference: solution\n"
        card.write_text(
            f"name: {name}\nsource: {{file: {name}.jsonl}}\nuser: '{{question}}'\n{known}"
            f"rewards: xml_format=1\nprimary: xml_format\nmax_new_tokens: 32\n{extra}"
        )
        return str(card)

    return make


@pytest.mark.parametrize("how", ["list", "also"])
def test_rows_are_mixed_and_rewards_apply_where_they_can(
    tiny: MakeRecipe, task: MakeTask, tmp_path: Path, how: str
) -> None:
    chat = task("chat", [f"{number}+1" for number in range(12)], None)
    several = [f"task=[arithmetic, {chat}]"] if how == "list" else [f"also=[{chat}]"]
    recipe = tiny(*several, "per_device_train_batch_size=32", "task.limit=8") if how == "also" else tiny(*several)
    names = {prompt.id.partition("/")[0] for prompt in load_prompts(recipe)}
    assert "chat" in names
    assert len(names) > 1
    assert load_recipe(str(written(recipe.to_yaml(), tmp_path))).also == recipe.also


def written(text: str, folder: Path) -> Path:
    file = folder / "resolved.yaml"
    file.write_text(text)
    return file


def test_a_task_without_references_leaves_correctness_out(tiny: MakeRecipe, task: MakeTask, tmp_path: Path) -> None:
    """In a batch of such rows alone, too."""
    chat = task("chat", [f"{number}+1" for number in range(40)], None)
    recipe = tiny("task.limit=4", f"also=[{chat}]", "steps_per_generation=8", "max_steps=1", "evaluation.limit=8")
    seen = check(recipe)
    correct, form, _ = seen.rewards
    assert correct.mean is not None  # of the few rows with a reference, if any came
    assert form.mean is not None
    out = train(recipe, tmp_path / "run").folder
    assert read_yaml(out / "recipe.yaml")["also"][0]["name"] == chat


MISTAKES = [
    # how the tasks are given, and what is said
    (["task=[arithmetic, CARD]", "also=[CARD]"], "task is a list, and also is given"),
    (["also=[nothing]"], "no task 'nothing'"),
    (["also=[{name: CARD, max_prompt_tokens: 3}]"], "unknown key"),
    (["also=[TEMPLATED]"], r"has template=\{'enable_thinking': False\} and 'arithmetic' has"),
]


@pytest.mark.parametrize(("overrides", "said"), MISTAKES)
def test_mistakes_are_one_line(tiny: MakeRecipe, task: MakeTask, overrides: list[str], said: str) -> None:
    places = {"CARD": task("chat", ["1+1"], None)}
    places["TEMPLATED"] = task("templated", ["1+1"], None, "template: {enable_thinking: false}\n")
    for name, path in places.items():
        overrides = [one.replace(name, path) for one in overrides]
    with pytest.raises(GrpokitError, match=said):
        load_prompts(tiny(*overrides))
