"""The suite of a recipe: what is asked beside the held-out questions, and what is refused before training."""

import json
from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError
from grpokit.train import load_recipe
from grpokit.train.heldout.suite import suite_questions
from grpokit.train.recipe.suite import suite_of

LAYOUT = """\
name: layout
source: {generator: arithmetic}
user: "{question}"
reference: reference
id: id
rewards: xml_format(reasoning_tag=reasoning)
primary: xml_format(reasoning_tag=reasoning)
max_new_tokens: 16
"""


def card(folder: Path, tasks: str) -> str:
    (folder / "layout.yaml").write_text(LAYOUT)
    (folder / "suite.yaml").write_text(f"name: s\n{tasks}\n")
    return str(folder / "suite.yaml")


GUARD = "guards: [{task: layout.yaml, margin: 0.05, limit: 3}]"


def test_held_out_questions_are_the_first_target_and_the_others_are_asked_too(tmp_path: Path) -> None:
    recipe = load_recipe("arithmetic-tiny", [f"evaluation.suite={card(tmp_path, GUARD)}"])
    suite = suite_of(recipe)
    assert suite is not None
    assert [(one.load().name, role) for one, role in suite.roles()] == [("arithmetic", "target"), ("layout", "guard")]
    (asked,) = suite_questions(recipe, pytest.fail)
    assert (asked.decoding, asked.folder, asked.leading) == ("layout", "suite/layout", False)
    assert asked.completions == 3
    assert asked.evaluation.task.source == "test split, 3 of 500 drawn with seed 0"


def test_a_target_of_the_suite_that_is_trained_for_keeps_its_margin(tmp_path: Path) -> None:
    tasks = "targets: [layout.yaml, {task: arithmetic, margin: 0.01}]"
    suite = suite_of(load_recipe("arithmetic-tiny", [f"evaluation.suite={card(tmp_path, tasks)}"]))
    assert suite is not None
    assert [(one.load().name, one.margin) for one in suite.targets] == [("arithmetic", "0.01"), ("layout", None)]


def test_without_a_suite_nothing_more_is_asked() -> None:
    recipe = load_recipe("arithmetic-tiny")
    assert suite_of(recipe) is None
    assert suite_questions(recipe, pytest.fail) == []


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ("guards: [{task: arithmetic, margin: 0.05}]", "'arithmetic' is a target and a guard"),
        ("guards: [layout.yaml]", "has no margin"),
        ("", "the suite names no task"),
    ],
)
def test_a_mistake_is_seen_before_training(tmp_path: Path, tasks: str, said: str) -> None:
    recipe = load_recipe("arithmetic-tiny", [f"evaluation.suite={card(tmp_path, tasks)}"])
    with pytest.raises(EvaluationError, match=said):
        suite_of(recipe)


def test_code_that_a_card_names_is_not_imported(tmp_path: Path) -> None:
    suite = card(tmp_path, GUARD)
    (tmp_path / "layout.yaml").write_text(LAYOUT.replace("xml_format(reasoning_tag=reasoning)", "os:getcwd"))
    with pytest.raises(ValueError, match="names the reward 'os:getcwd', which is code to import"):
        suite_questions(load_recipe("arithmetic-tiny", [f"evaluation.suite={suite}"]), pytest.fail)


def test_a_suite_is_found_beside_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card(tmp_path, GUARD)
    text = "model: demo\ntask: arithmetic\nrewards: correctness=1\nevaluation: {suite: suite.yaml}\n"
    (tmp_path / "recipe.yaml").write_text(text)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    recipe = load_recipe(str(tmp_path / "recipe.yaml"))
    assert recipe.evaluation.suite == str(tmp_path / "suite.yaml")


def test_a_choice_needs_room_for_its_longest_text_alone(tmp_path: Path) -> None:
    """The demo's context is 128 tokens; a task of choices generates none of the 512 that a card allows by default."""
    rows = [{"q": "7+" * n + "7=", "options": ["1", "2" * 40]} for n in (2, 30, 50)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row | {"a": 1}) + "\n" for row in rows))
    (tmp_path / "choice.yaml").write_text(
        "name: choice\nsource: {file: rows.jsonl}\nuser: '{q}'\nchat: false\nchoices: options\nreference: a\n"
        "rewards: choice=1\nprimary: choice\n"
    )
    guard = "guards: [{task: choice.yaml, margin: 0.05}]"
    notes: list[str] = []
    (asked,) = suite_questions(
        load_recipe("arithmetic-tiny", [f"evaluation.suite={card(tmp_path, guard)}"]), notes.append
    )
    assert [len(str(prompt.text)) for prompt in asked.evaluation.prompts] == [6, 62]
    assert notes == ["1 of 3 held-out prompts have more than 87 tokens; left out."]
