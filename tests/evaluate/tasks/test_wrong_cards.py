"""Cards with a mistake, and rows that do not fit their card: each is one line that names the key or the row."""

from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate import EvaluationError, load_task
from grpokit.evaluate.tasks.parsing import parse_card

from .task_rows import CARD


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"referense": "answer"}, "unknown key 'referense'. Did you mean 'reference'?"),  # misspelt
        ({"source": {"hubb": "org/set"}}, "unknown key 'source.hubb'. Did you mean 'hub'?"),  # misspelt, deeper
        ({"samples": "many"}, "samples: Input should be a valid integer"),  # wrong types
        ({"max_new_tokens": 1.5}, "max_new_tokens: Input should be a valid integer"),
        ({"source": {"file": "a", "where": {"lang": {"is": "en"}}}}, "source.where.lang"),
        ({"user": 7}, "user: Input should be a valid string"),
        ({"source": "gsm8k"}, "source: Input should be a valid dictionary"),
        ({"user": None}, "user: Input should be a valid string"),
        ({"samples": 0}, "samples=0: give at least 1"),  # out of range
        ({"samples": 4}, "greedy samples are all equal"),
        ({"top_p": 2}, "top_p=2.0"),
        ({"user": "What is this?"}, "user: name a column in braces"),  # the same prompt for all rows
        ({"source": {}}, "give one of generator, hub and file, not none"),
        ({"source": {"hub": "a/b", "file": "c"}}, "give one of generator, hub and file, not hub and file"),
        ({"source": {"file": "a", "options": ["right"]}}, "source: options: name two columns or more"),
        (
            {"source": {"generator": "algebra"}},
            "source.generator: Input should be 'arithmetic', 'reasoning_gym' or 'lm_eval'",
        ),
        ({"rewards": "corectness"}, "no reward 'corectness'. Did you mean 'correctness'?"),
        ({"rewards": "length(", "primary": "length"}, "length("),
        ({"choices": ["yes"]}, "choices: give the column that holds them, or two texts or more"),
        ({"choices": ["yes", " "]}, "choices: give the column that holds them, or two texts or more"),
        ({"choices": "options", "samples": 4, "temperature": 1.0}, "choices are asked by their likelihood, once"),
        ({"primary": "corectness"}, "primary: 'corectness' is not in the mix. Did you mean 'correctness'?"),
    ],
)
def test_wrong_cards(change: dict[str, Any], said: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse_card({**CARD, **change}, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_is_missing() -> None:
    with pytest.raises(EvaluationError, match="the key 'user' is missing"):
        parse_card({key: value for key, value in CARD.items() if key != "user"}, "mine.yaml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: [", ": not valid YAML"),
        ("- name", "a task card is a mapping of keys to values"),
        ("", "a task card is a mapping"),
        ("1: 2", "the keys of a task card are words"),
    ],
)
def test_files_that_are_no_cards(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(content)
    with pytest.raises(EvaluationError, match=said):
        load_task(str(path))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gsm8", "no task 'gsm8'. Did you mean 'gsm8k'?"),
        ("gsm8k:main", "no task 'gsm8k:main'"),
        ("reasoning_gym", "name a data set, such as reasoning_gym:leg_counting"),
        ("nowhere.yaml", "cannot read task card nowhere.yaml"),
    ],
)
def test_unknown_tasks(name: str, said: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        load_task(name)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("card", "row", "said"),
    [
        ({"user": "{questoin}"}, {"question": "2+2?", "answer": "4"}, "no column 'questoin' in the data. Did you mean"),
        ({}, {"question": "2+2?"}, "no column 'answer' in the data. All: question."),
        ({"choices": "answer"}, {"question": "2+2?", "answer": "4"}, "'answer' holds no list of two texts or more"),
        ({}, {"question": None, "answer": "4"}, "row 0: column 'question' is empty"),  # else asked "None"
        ({}, {"question": " \n", "answer": "4"}, "row 0: column 'question' is empty"),
        ({}, {"question": [], "answer": "4"}, "row 0: column 'question' is empty"),
        ({}, {"question": ["2+2?"], "answer": "4"}, "is a list, but not of chat messages"),
        (
            {},
            {"question": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}], "answer": "4"},
            "end with the assistant's answer",  # it would be given away
        ),
    ],
)
def test_rows_that_do_not_fit_a_card(card: dict[str, Any], row: dict[str, Any], said: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse_card({**CARD, **card}, "mine.yaml").prompt(row)
    assert said in str(caught.value)


def test_messages_stay_messages_behind_the_system_prompt() -> None:
    history = [
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "And 3+3?"},
    ]
    prompt = parse_card({**CARD, "system": "Add."}, "mine.yaml").prompt({"question": history, "answer": "6"})
    assert prompt.text == [{"role": "system", "content": "Add."}, *history]
