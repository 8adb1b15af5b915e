"""Training and held-out rows that are the same, and a part of the rows that is kept back."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from grpokit.evaluate.types import Prompt
from grpokit.rewards.text import Text
from grpokit.train import Recipe, TrainingError
from grpokit.train.data import held_out_prompts, load_prompts, training_rows
from grpokit.train.heldout.overlap import TrainingRows, keep_back, prompt_key, without_held_out

from ..fixture_types import MakeCard, MakeRecipe

ASKED: list[tuple[Text, Text, bool, str]] = [
    ("What is 2+2?", "what  is 2 + 2", True, "case, space, the question mark"),
    ("Tom, Ann and Bo left.", "Tom Ann and Bo left", True, "punctuation between words"),
    ("A well-known tale", "a well known tale", True, "a hyphen between words"),
    ("What is 12-3?", "What is 123?", False, "a minus between digits"),
    ("What is 12-3?", "What is 12 3?", False, "a minus between digits, and a blank"),
    ("What is 1.5?", "What is 15?", False, "a point between digits"),
    ("What is 1 5?", "What is 15?", False, "a blank between digits"),
    ("What is -3 + 5?", "What is 3 + 5?", False, "a sign"),
    ("What is (2+3)*4?", "What is 2+3*4?", False, "a bracket between digit and operator"),
    ("Simplify x*y", "Simplify x/y", False, "operators between single letters"),
    ("Is 3 < 5?", "Is 3 > 5?", False, "signs that are no punctuation"),
    ("什么是 2+2？", "什么是2+2", False, "a blank beside other scripts is a blank"),
    ([{"role": "user", "content": "Hi"}], "hi!", True, "messages and text"),
    (
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        [{"role": "user", "content": "Hi"}],
        True,
        "the system message is no part of the question",
    ),
]


@pytest.mark.parametrize(("one", "other", "same", "why"), ASKED, ids=[why for *_, why in ASKED])
def test_what_makes_two_prompts_one(one: Text, other: Text, same: bool, why: str) -> None:
    assert (prompt_key(one) == prompt_key(other)) is same


def prompts(*texts: str) -> list[Prompt]:
    return [Prompt(str(number), text, {"passage": text[:1]}) for number, text in enumerate(texts)]


def test_rows_that_are_held_out_are_left_out_and_counted() -> None:
    rows = without_held_out(prompts("a", "b", "A!", "c"), prompts("a?", "z"))
    assert [prompt.text for prompt in rows.prompts] == ["b", "c"]
    assert rows.sentence.startswith("2 of 4 training rows were held-out rows too and are left out of training")
    assert TrainingRows(prompts("b"), 1).sentence.startswith("1 of 2 training row was a held-out row too and is left")
    assert TrainingRows(prompts("b"), 0).sentence == ""


def test_what_is_kept_back_depends_on_neither_order_nor_copies() -> None:
    given = prompts(*(f"What is {number} + 1?" for number in range(200)))
    parts = keep_back(given, 0.2, None)
    assert (len(parts.training), len(parts.held_out)) == (160, 40)
    assert sorted([*parts.training, *parts.held_out]) == sorted(given)
    assert [int(prompt.id) for prompt in parts.held_out] == sorted(int(prompt.id) for prompt in parts.held_out)
    shuffled = random.Random(0).sample(given, len(given))
    assert sorted(keep_back(shuffled, 0.2, None).held_out) == sorted(parts.held_out)
    doubled = keep_back([*given, *given], 0.2, None)
    assert not {p.text for p in doubled.training} & {p.text for p in doubled.held_out}


def test_rows_of_a_cluster_stay_together() -> None:
    given = prompts(*(f"{'abcdefghij'[number % 10]} {number}" for number in range(100)))
    parts = keep_back(given, 0.3, "passage")
    assert (len(parts.training), len(parts.held_out)) == (70, 30)
    assert len({prompt.columns["passage"] for prompt in parts.held_out}) == 3


ROWS = [{"question": f"What is {number} + 1?", "reference": str(number + 1)} for number in range(40)]


def file_of(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / f"rows-{len(rows)}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def recipe(tiny: MakeRecipe, card: MakeCard) -> Recipe:
    return tiny(f"task={card(ROWS)}")


def test_one_file_for_both_is_refused_with_the_repair(recipe: Recipe) -> None:
    with pytest.raises(TrainingError, match=r"^all 40 training rows .* evaluation\.holdout=0\.2") as refused:
        training_rows(recipe, compared=True)
    assert "\n" not in str(refused.value)
    assert training_rows(recipe, compared=False).left_out == 0  # nothing is compared with


def test_a_part_of_one_file_is_kept_back(tiny: MakeRecipe, card: MakeCard) -> None:
    recipe = tiny(f"task={card(ROWS)}", "evaluation.holdout=0.2")
    rows, held_out = training_rows(recipe, compared=True), held_out_prompts(recipe)
    assert (len(rows.prompts), len(held_out), rows.left_out) == (32, 8, 0)
    assert [prompt.id for prompt in load_prompts(recipe)] == [prompt.id for prompt in rows.prompts]
    seeded = tiny(f"task={card(ROWS)}", "evaluation.holdout=0.2", "seed=7", "evaluation.limit=3")
    assert held_out_prompts(seeded) == held_out[:3]  # the same rows whatever the training's seed


def test_holdout_of_too_few_rows_or_beside_other_data(tiny: MakeRecipe, card: MakeCard) -> None:
    with pytest.raises(TrainingError, match="keeps none back"):
        held_out_prompts(tiny(f"task={card(ROWS[:2])}", "evaluation.holdout=0.2"))
    with pytest.raises(TrainingError, match=r"evaluation\.holdout keeps .* give one"):
        tiny("evaluation.holdout=0.2", "evaluation.data=rows.jsonl")
    for share in ("0", "1", "-0.1"):
        with pytest.raises(TrainingError, match=r"evaluation\.holdout"):
            tiny(f"evaluation.holdout={share}")


def test_some_are_left_out_before_the_steps_are_planned(tiny: MakeRecipe, card: MakeCard, tmp_path: Path) -> None:
    some = file_of(tmp_path, [*ROWS[:3], {"question": "What is 1000 + 1?", "reference": "1001"}])
    rows = training_rows(tiny(f"task={card(ROWS)}", f"evaluation.data={some}"), compared=True)
    assert (len(rows.prompts), rows.left_out) == (37, 3)
