"""What chooses a checkpoint does not judge it: held-out questions in two parts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from grpokit.evaluate.types import Prompt
from grpokit.train import Recipe, load_recipe
from grpokit.train.data import held_out_parts, training_rows
from grpokit.train.heldout.parts import HeldOutPart, set_apart

from ..fixture_types import MakeRecipe


def questions(count: int, cluster: Callable[[int], object] = lambda number: None) -> list[Prompt]:
    return [Prompt(str(number), f"what is {number}", {"page": cluster(number)}) for number in range(count)]


def whole(prompts: list[Prompt]) -> HeldOutPart:
    return HeldOutPart(prompts, "test split")


def test_halves_share_no_question_and_are_the_same_in_any_order() -> None:
    parts = set_apart(whole(questions(101)), [], None)
    looks, final = ({prompt.id for prompt in part.prompts} for part in parts[:2])
    assert parts.apart
    assert (len(looks), len(final), looks & final) == (50, 51, set())
    assert len(parts.prompts) == 101
    turned = set_apart(whole(questions(101)[::-1]), [], None)
    assert {prompt.id for prompt in turned.looks.prompts} == looks
    assert parts.looks.source == "one half of the test split"


CUT = [
    # questions, the cluster of each, whether they are cut
    (100, lambda number: None, True),
    (99, lambda number: None, False),  # a half would show nothing
    (120, lambda number: number % 30, True),
    (120, lambda number: number < 90, False),  # one cluster of 90, one of 30: less than a third for one part
    (120, lambda number: 0, False),  # one cluster is no two parts
]


@pytest.mark.parametrize(("count", "cluster", "apart"), CUT)
def test_when_they_are_cut_clusters_stay_together(count: int, cluster: Callable[[int], object], apart: bool) -> None:
    parts = set_apart(whole(questions(count, cluster)), [], "page")
    assert parts.apart == apart
    if not apart:
        assert parts.looks == parts.final == whole(questions(count, cluster))
        assert len(parts.prompts) == count
    elif cluster(0) is not None:
        pages = [{prompt.columns["page"] for prompt in part.prompts} for part in parts[:2]]
        assert not pages[0] & pages[1]


def test_validation_chooses_without_what_judges() -> None:
    validation = [Prompt("v", "What is 3?", {}), Prompt("w", "what is 1000", {})]
    parts = set_apart(whole(questions(20)), validation, None)
    assert (parts.looks, parts.final.source) == (HeldOutPart(validation[1:], "validation split"), "test split")
    assert len(parts.final.prompts) == 20
    assert not set_apart(whole(questions(20)), validation[:1], None).apart  # nothing of it is left


CHOOSING = [
    # the recipe's keys, questions of the looks and of the end
    (["evaluation.limit=200"], (200, 200)),
    (["evaluation.limit=200", "evaluation.load_best=true"], (100, 100)),
    (["evaluation.limit=200", "evaluation.early_stop=2"], (100, 100)),
    (["evaluation.limit=80", "evaluation.load_best=true"], (80, 80)),
]


@pytest.mark.parametrize(("keys", "counts"), CHOOSING)
def test_a_recipe_that_chooses_sets_questions_apart(keys: list[str], counts: tuple[int, int]) -> None:
    recipe = load_recipe("arithmetic-tiny", keys)
    looks, final, _ = held_out_parts(recipe)
    assert (len(looks.prompts), len(final.prompts)) == counts


SPLITS = "source: {generator: arithmetic, splits: {train: train, validation: train, test: test}}"


@pytest.fixture
def validated(tiny: MakeRecipe, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Recipe]:
    """A recipe over a task with a validation split, whose rows are the first ones of the training split."""
    path = tmp_path_factory.mktemp("card") / "validated.yaml"
    path.write_text(
        f"name: own\n{SPLITS}\nuser: '{{question}}'\nreference: reference\nid: id\nrewards: correctness=1\n"
        "primary: correctness\nmax_new_tokens: 32\n"
    )
    keys = [f"task={path}", "evaluation.every=1", "evaluation.limit=30", "evaluation.load_best=true"]
    return lambda *more: tiny(*keys, *more)


def test_the_validation_split_is_asked_while_training(validated: Callable[..., Recipe]) -> None:
    looks, final, apart = held_out_parts(validated())
    assert (apart, looks.source, final.source) == (True, "validation split", "test split")
    assert (len(looks.prompts), len(final.prompts)) == (30, 30)
    assert training_rows(validated(), compared=True).left_out == 30  # nor is any of it trained on


@pytest.mark.parametrize(
    "key",
    [
        "evaluation.split=validation",  # it judges
        "task.split=validation",  # it is trained on
        "evaluation.holdout=0.2",  # what judges is kept back from the training rows
    ],
)
def test_a_validation_split_that_is_asked_otherwise_chooses_nothing(validated: Callable[..., Recipe], key: str) -> None:
    assert not held_out_parts(validated(key)).apart  # thirty others are not cut in two


def test_rows_of_a_file_are_no_validation_split(validated: Callable[..., Recipe], tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id,question,reference\n1,what is 1+1?,2\n")
    assert not held_out_parts(validated(f"evaluation.data={rows}")).apart
