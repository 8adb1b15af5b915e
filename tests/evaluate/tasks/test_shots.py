"""Examples before a question: drawn with a seed, never the question itself, rendered as turns or as text."""

import json
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate import EvaluationError, Prompt, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines.loading import load_tokenizer
from grpokit.evaluate.rendering import encode
from grpokit.evaluate.tasks.card import Task
from grpokit.evaluate.tasks.parsing import parse_card
from grpokit.evaluate.tasks.preparation import Lengths, prepare

ROWS = [{"question": f"{n}+{n}?", "answer": str(2 * n), "why": f"twice {n}"} for n in range(1, 9)]

CARD: dict[str, Any] = {
    "name": "sums",
    "source": {"file": "rows.jsonl"},
    "system": "Add.",
    "user": "{question}",
    "reference": "answer",
    "rewards": "correctness",
    "primary": "correctness",
}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def asked(tmp_path: Path, rows: list[dict[str, Any]] = ROWS, **card: Any) -> list[Prompt]:
    write(tmp_path / "rows.jsonl", rows)
    return list(parse_card({**CARD, **card}, "card.yaml").located(tmp_path).prompts())


def contents(prompt: Prompt) -> list[str]:
    assert not isinstance(prompt.text, str)
    return [message["content"] for message in prompt.text]


def test_examples_are_earlier_turns_and_never_the_question_itself(tmp_path: Path) -> None:
    prompts = asked(tmp_path, shots=3)
    answers = {row["question"]: row["answer"] for row in ROWS}
    for prompt in prompts:
        assert not isinstance(prompt.text, str)
        assert [message["role"] for message in prompt.text] == ["system", *["user", "assistant"] * 3, "user"]
        said = contents(prompt)
        assert said[-1] == prompt.columns["question"]
        shown = said[1:-1:2]
        assert len({*shown, said[-1]}) == 4
        assert said[2:-1:2] == [answers[question] for question in shown]
    shown = {tuple(contents(prompt)[1:-1:2]) for prompt in prompts}
    assert len(shown) == 4  # the same three for all but those that they ask, which see the spare one


def test_another_seed_draws_other_examples_and_the_same_seed_the_same(tmp_path: Path) -> None:
    first = asked(tmp_path, shots={"count": 3, "seed": 0})
    assert first == asked(tmp_path, shots=3)
    assert first != asked(tmp_path, shots={"count": 3, "seed": 1})
    assert [contents(one)[-1] for one in asked(tmp_path, shots=0)] == [contents(one)[-1] for one in first]
    assert asked(tmp_path, shots=0) == asked(tmp_path)


def test_examples_of_a_text_stand_before_it_with_their_answers_behind_a_space(tmp_path: Path) -> None:
    card = {"user": "Q: {question}\nA: ", "chat": False, "shots": {"count": 1, "answer": "{answer}, {why}"}}
    prompts = asked(tmp_path, ROWS[:2], **card)
    assert prompts[0].text == "Add.\n\nQ: 2+2?\nA: 4, twice 2\n\nQ: 1+1?\nA:"
    assert prompts[1].text == "Add.\n\nQ: 1+1?\nA: 2, twice 1\n\nQ: 2+2?\nA:"


def test_the_answer_to_a_choice_is_the_right_text(tmp_path: Path) -> None:
    rows = [
        {"question": "1+1?", "choices": ["2", "3"], "answer": 0},
        {"question": "2+2?", "choices": ["5", "4"], "answer": "B"},
    ]
    card = {"choices": "choices", "chat": False, "rewards": "choice", "primary": "choice", "shots": 1}
    del (lettered := {**card, "choices": ["A", "B"], "user": "{question}\n{choices}\nAnswer:"})["chat"]
    first, second = asked(tmp_path, rows, **card)
    assert (first.text, second.text) == ("Add.\n\n2+2? 4\n\n1+1?", "Add.\n\n1+1? 2\n\n2+2?")
    assert contents(asked(tmp_path, rows, **lettered)[0])[1:3] == ["2+2?\nA. 5\nB. 4\nAnswer:", "B"]
    by_text = [rows[0], {**rows[1], "answer": "4"}]  # a text among the row's options, which the letters stand for
    assert contents(asked(tmp_path, by_text, **lettered)[0])[2] == "B"


def test_rows_that_ask_the_same_or_nothing_are_no_two_examples(tmp_path: Path) -> None:
    rows = [*ROWS[:2], *ROWS[:2], {"question": "3+3?", "answer": ["", "6", "six"]}, {"question": "4+4?", "answer": ""}]
    for prompt in asked(tmp_path, rows[:5], shots=2):
        assert len({*contents(prompt)[1::2]}) == 3
        assert {*contents(prompt)[2::2]} <= {"2", "4", "6"}
    with pytest.raises(EvaluationError, match="shots=3, but there are 2 other questions to show; give 2 or less"):
        asked(tmp_path, rows, shots=3)


def test_examples_come_from_the_split_that_is_named_or_from_the_training_rows() -> None:
    task = load_task("arithmetic").with_shots(2)
    prompts = load_task("arithmetic").prompts("train")
    train = {str(prompt.text[-1]["content"]) for prompt in prompts}  # type: ignore[index]  # chat messages
    shown = [contents(prompt)[1:-1:2] for prompt in task.prompts(limit=3)]
    assert shown[0] == shown[1] == shown[2]
    assert {*shown[0]} <= train
    tested = parse_card({**CARD, "source": {"generator": "arithmetic"}, "reference": "reference",
                         "shots": {"count": 2, "split": "test"}}, "card.yaml")  # fmt: skip
    assert not {*contents(next(tested.prompts()))[1:-1:2]} & train


def test_a_prompt_with_examples_and_prefill_is_turned_back_into_its_row(tmp_path: Path) -> None:
    task = parse_card({**CARD, "user": "{prompt}", "shots": 2, "prefill": "<think>"}, "card.yaml").located(tmp_path)
    write(tmp_path / "rows.jsonl", [{"prompt": row["question"], "answer": row["answer"]} for row in ROWS])
    prompt = next(task.prompts())
    assert task.row(prompt)["prompt"] == [{"role": "user", "content": "1+1?"}]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"shots": -1}, "card.yaml: shots.count: Input should be greater than or equal to 0"),
        ({"shots": 2000}, "card.yaml: shots.count: Input should be less than or equal to 1000"),
        ({"shots": True}, "card.yaml: shots.count: Input should be a valid integer"),
        ({"shots": "5"}, "card.yaml: shots: Input should be a valid dictionary"),
        ({"shots": {"split": "test"}}, "card.yaml: the key 'shots.count' is missing"),
        ({"shots": {"count": 2, "seeds": 1}}, "unknown key 'shots.seeds'. Did you mean 'seed'?"),
        ({"shots": {"count": "2"}}, "shots.count: Input should be a valid integer"),
        ({"shots": 8}, "shots=8, but there are 7 other questions to show; give 7 or less"),
        ({"shots": {"count": 1, "answer": "{becuase}"}}, "no column 'becuase' in the data"),
        ({"shots": 1, "reference": None}, "shots need a reference, or shots.answer, to be answered by"),
        ({"prefill": 4}, "card.yaml: prefill: Input should be a valid string"),
        ({"prefill": "So", "chat": False}, "prefill: a prompt that is one text ends as `user` does; write it there"),
        ({"template": "thinking"}, "card.yaml: template: Input should be a valid"),
        ({"template": {"tokenize": True}}, "card.yaml: template: template: 'tokenize' is given by rendering itself"),
        ({"stop": "Q:"}, "card.yaml: stop: Input should be a valid tuple"),
        ({"stop": [1]}, "card.yaml: stop.0: Input should be a valid string"),
        ({"system": ["Add."]}, "card.yaml: system: Input should be a valid string"),
        ({"chat": "no"}, "card.yaml: chat: Input should be a valid boolean"),
        ({"samples": True}, "card.yaml: samples: Input should be a valid integer"),
        ({"temperature": "0.5"}, "card.yaml: temperature: Input should be a valid number"),
        ({"name": 3}, "card.yaml: name: Input should be a valid string"),
        ({"cluster": 3}, "card.yaml: cluster: Input should be a valid string"),
        ({"choices": 3}, "card.yaml: choices"),
    ],
)
def test_wrong_values_of_the_keys(card: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError) as caught:
        asked(tmp_path, **card)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_examples_go_before_no_chats(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "2"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "+2"}]
    with pytest.raises(EvaluationError, match="shots go before a question that is one text"):
        asked(tmp_path, [{"question": chat, "answer": "4"}, {"question": chat[:1], "answer": "4"}], shots=1)


def test_prepared_rows_fit_with_their_examples(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", ROWS)
    task: Task = parse_card({**CARD, "shots": 2}, "card.yaml").located(tmp_path)
    tokenizer = load_tokenizer(checkpoint_path())
    longest = max(len(encode(tokenizer, prompt.text)) for prompt in task.prompts())
    prepared = prepare(task, "test", tmp_path / "out", lengths=Lengths(tokenizer, None, None))
    assert prepared.kept == len(ROWS)
    assert prepared.tokens is not None
    assert prepared.tokens.at(1) == longest
