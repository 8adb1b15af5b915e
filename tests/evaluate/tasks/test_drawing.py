"""Rows drawn at random: the same ones by the same seed, in the data's order, each as likely as any other."""

import json
from collections import Counter
from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError, load_task
from grpokit.evaluate.tasks.drawing import draw
from grpokit.evaluate.tasks.filters import NumberedRow
from grpokit.evaluate.tasks.sources import Source
from scipy.stats import chisquare

ROWS = [NumberedRow(number, {"n": number}) for number in range(40)]


def numbers(count: int, seed: int, rows: list[NumberedRow] = ROWS) -> list[int]:
    return [row.number for row in draw(rows, count, seed)[0]]


def test_the_seed_and_the_numbers_decide() -> None:
    first = numbers(10, 0)
    assert first == sorted(first)
    assert len({*first}) == 10
    assert first == numbers(10, 0, ROWS[::-1])
    assert first != numbers(10, 1)
    assert {*numbers(5, 0)} <= {*first}
    assert draw(ROWS, 10, 0)[1] == 40


@pytest.mark.parametrize("count", [40, 41, 2**63 - 1])
def test_as_many_as_there_are_or_more_are_all(count: int) -> None:
    assert numbers(count, 0) == list(range(40))


def test_every_row_is_as_likely_to_be_drawn() -> None:
    counts = Counter(number for seed in range(1000) for number in numbers(10, seed))
    assert chisquare([counts[number] for number in range(40)]).pvalue > 0.001


def test_a_draw_of_a_task_is_a_part_of_its_prompts(tmp_path: Path) -> None:
    task = load_task("arithmetic")
    drawn = task.draw("test", 20, 3)
    prompts = list(task.prompts())
    assert drawn.rows == len(prompts) == 500
    places = [prompts.index(prompt) for prompt in drawn.prompts]
    assert places == sorted(places)
    assert len(places) == 20
    assert places != list(range(20))


def test_options_of_several_columns_are_put_in_an_order_that_the_number_of_the_row_decides(tmp_path: Path) -> None:
    rows = [{"yes": f"a{n}", "no": f"b{n}", "never": None if n == 7 else f"c{n}"} for n in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = Source(file=tmp_path / "rows.jsonl", options=("yes", "no", "never"))
    made = list(source.rows("test"))
    assert made == list(source.rows("test"))
    assert [row["right"] for row in made] == [row["yes"] for row in rows]
    assert [sorted(row["options"]) for row in made] == [sorted(filter(None, row.values())) for row in rows]
    places = Counter(row["options"].index(row["right"]) for row in made)
    assert min(places[place] for place in range(3)) >= 10
    (tmp_path / "same.jsonl").write_text('{"yes": "a", "no": "b", "never": "c"}\n' * 20)  # the number decides, no text
    assert len({tuple(row["options"]) for row in source.rows("test", tmp_path / "same.jsonl")}) > 3
    (tmp_path / "again.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made[::-1]))
    assert list(source.rows("test", tmp_path / "again.jsonl")) == made[::-1]  # rows that were prepared stay
    (tmp_path / "other.jsonl").write_text('{"yes": "a", "No": "b", "never": "c"}\n')
    with pytest.raises(EvaluationError, match=r"no column 'no' of options in the data\. All: No, never, yes"):
        list(source.rows("test", tmp_path / "other.jsonl"))
