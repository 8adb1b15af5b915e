"""Task cards: each reads rows of its data set's true schema, and every mistake in one is told in one line."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from grpokit.evaluate import Prompt, load_task, task_names
from grpokit.evaluate.tasks import file_task, load_cards
from grpokit.evaluate.tasks.card import Task
from grpokit.evaluate.tasks.parsing import parse_card
from grpokit.evaluate.tasks.sources import Source
from grpokit.rewards import RewardMix

from .task_rows import CARD, ROWS

FIRST: dict[str, tuple[str, str | None, str | None]] = {  # card -> id, what the user asks (a part), the reference
    "gsm8k": ("0", "How much is 40+32?", "40+32 = <<40+32=72>>72\n#### 72"),
    "tldr": ("0", "about bees for a week.\n\nTL;DR:", " Read a book about bees."),
    "smoltldr": ("0", "about bees for a week.\n\nTL;DR:", "Read a book about bees."),
    "numina": ("0", "How much is $6 \\cdot 3$?", ROWS["numina"][0]["solution"]),
    "math500": ("test/geometry/1.json", "midpoint of $(1,2)$", "(2,3)"),
    "oasst1": ("a", "Why do bees hum?", None),
    "mmlu": ("0", "How much is 40+32?\nA. 70\nB. 72\nC. 74\nD. 76\nAnswer:", 1),
    "arc_challenge": ("Mercury_1", "Question: What do bees make?\nAnswer:", "2"),
    "aime24": ("2024-I-0", "How much is $40+32$?", "72"),
    "aime25": ("0", "How much is $40+32$?", "72"),
    "amc": ("3", "How much is $40+32$?", "72.0"),
    "math": ("0", "How much is $40+32$?", "It is $40+32=\\boxed{72}$."),
    "svamp": ("chal-1", "There are 40 bees, and 32 more come. How many are there?", "72.0"),
    "aqua": ("0", "How much is 40+32?\nA. 70\nB. 72\nC. 74\nD. 76\nE. None of these", "B"),  # one letter each
    "mmlu_pro": ("70", "How much is 40+32?\nA. 70\nB. 71\nC. 72\nD. 73\nE. 74\nF. 75\nG. 76", "C"),
    "gpqa": ("0", "Question: How much is 40+32?\nA. 74\nB. 76\nC. 72\nD. 70\nAnswer:", "72"),  # in a random order
}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as the file's ending says."""
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows([{key: _cell(value) for key, value in row.items()} for row in rows])
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def asked(prompt: Prompt) -> str:
    """What the user says, or the whole prompt that is one text."""
    return prompt.text if isinstance(prompt.text, str) else str(prompt.text[-1]["content"])


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("name", FIRST)
def test_each_card_reads_the_true_schema(name: str, ending: str, tmp_path: Path) -> None:
    data = write_rows(tmp_path / f"rows.{ending}", ROWS[name])
    [prompt] = load_task(name).prompts(data=data)
    identity, question, reference = FIRST[name]
    assert prompt.id == identity
    assert question is not None
    assert question in asked(prompt)
    assert str(prompt.columns.get("reference")) == str(reference)  # CSV has no numbers
    assert not {"prompt", "completion", "answer", "solution"} & prompt.columns.keys()  # rewards see `reference` alone


ANSWERS = [
    # card, a right answer
    ("gsm8k", "72"),
    ("math500", "(2,3)"),
    ("numina", "18"),
    ("aime24", "072"),  # as AIME's answers are written
    ("aime25", "72"),
    ("amc", "72"),
    ("math", "72"),
    ("svamp", "72"),
    ("aqua", "B"),
    ("aqua", "72"),
    ("mmlu_pro", "(C)"),
]


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_a_right_answer_in_the_format_asked_for_earns_all(name: str, answer: str, tmp_path: Path) -> None:
    task = load_task(name)
    [prompt] = task.prompts(data=write_rows(tmp_path / "rows.jsonl", ROWS[name]))
    columns = {column: [value] for column, value in prompt.columns.items()}
    mix = RewardMix.parse(task.rewards)
    score = mix.score(
        prompts=[prompt.text], completions=[f"<think>Well.</think>\n<answer>{answer}</answer>"], **columns
    )
    assert score.total == [1.5]
    assert "<answer>" in str(prompt.text[0])  # the format is said


@pytest.mark.parametrize("name", ROWS)
def test_a_prompt_is_turned_back_into_a_row_of_its_card(name: str, tmp_path: Path) -> None:
    task = load_task(name)
    prompts = list(task.prompts(data=write_rows(tmp_path / "rows.jsonl", ROWS[name])))
    again = list(task.prompts(data=write_rows(tmp_path / "again.jsonl", [task.row(prompt) for prompt in prompts])))
    assert [prompt.text for prompt in again] == [prompt.text for prompt in prompts]
    assert [prompt.columns for prompt in again] == [prompt.columns for prompt in prompts]


@pytest.mark.parametrize(
    ("name", "texts", "wrong"),
    [("mmlu", ["A", "B", "C", "D"], 2), ("arc_challenge", ["milk", "honey", "wool"], 0), ("gpqa", [*"ABCD"], 0)],
)
def test_the_likeliest_choice_is_judged_by_the_rows_own_labels(
    name: str, texts: list[str], wrong: int, tmp_path: Path
) -> None:
    place = 2 if name == "gpqa" else 1
    task = load_task(name)
    [prompt] = task.prompts(data=write_rows(tmp_path / "rows.parquet", ROWS[name]))
    assert isinstance(prompt.text, str)
    assert prompt.columns["continuations"] == texts
    assert task.sampling().likelihood
    columns = {column: [value] * 2 for column, value in prompt.columns.items()}
    answered = [
        [{"role": "assistant", "content": texts[right], "choices": chosen}]
        for right in (place, wrong)
        for chosen in [[{"text": text, "logprob": -1.0 - (at != right)} for at, text in enumerate(texts)]]
    ]
    assert RewardMix.parse(task.rewards).score(completions=answered, **columns).rewards[task.primary] == [1.0, 0.0]


def test_a_prompt_without_chat_is_one_text() -> None:
    card = {**CARD, "chat": False, "system": "Add.", "user": "{question}="}
    assert parse_card(card, "mine.yaml").prompt({"question": "2+2", "answer": "4"}).text == "Add.\n\n2+2="


def test_the_page_on_tasks_lists_every_key_of_a_card() -> None:
    page = (Path(__file__).parents[3] / "docs" / "tasks.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(Task.model_fields)
    for key in Source.model_fields:
        assert f"`{key}`" in page


def test_the_cards_of_the_page_on_tasks_are_the_examples() -> None:
    top = Path(__file__).parents[3]
    page = (top / "docs" / "tasks.md").read_text(encoding="utf-8")
    written = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    of_a_suite = {"suite", "layout"}  # which the page on suites is about
    cards = {path.stem: path for path in (top / "examples").glob("*.yaml") if path.stem not in of_a_suite}
    assert sorted(written) == sorted(path.read_text(encoding="utf-8") for path in cards.values())
    assert all(list(load_task(str(path)).prompts()) for path in cards.values())


def test_every_card_has_a_description_and_says_which_reward_counts() -> None:
    assert [card.name for card in load_cards()] == task_names()
    for card in load_cards():
        assert card.description
        assert card.primary in RewardMix.parse(card.rewards).names


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("gsm8k", {"train": "train", "test": "test"}),
        ("tldr", {"train": "train", "validation": "validation", "test": "test"}),
        ("smoltldr", {"train": "train", "validation": "validation", "test": "test"}),
        ("numina", {"train": "train", "test": "test"}),
        ("math500", {"test": "test"}),
        ("oasst1", {"train": "train", "test": "validation"}),  # the hub has no split "test"
        ("mmlu", {"train": "auxiliary_train", "test": "test", "validation": "validation"}),
        ("aime24", {"test": "train"}),  # one split on the hub, whatever its name
        ("amc", {"test": "train"}),
        ("gpqa", {"test": "train"}),
        ("mmlu_pro", {"test": "test", "validation": "validation"}),
        ("aqua", {"train": "train", "validation": "validation", "test": "test"}),
    ],
)
def test_splits_are_those_of_the_hub(name: str, splits: dict[str, str]) -> None:
    assert load_task(name).source.splits == splits


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({}, ["a"]),  # English first turns
        ({"lang": ("en", "es")}, ["a", "d"]),
        ({"lang": "DE"}, ["e"]),  # case aside
        ({"parent_id": "b"}, ["c"]),  # in place of the card's own filter on that column
    ],
)
def test_oasst1_filters(where: dict[str, Any], ids: list[str], tmp_path: Path) -> None:
    task = load_task("oasst1").filtered(where)
    for ending in ("jsonl", "csv", "parquet"):  # CSV knows no null and no booleans
        data = write_rows(tmp_path / f"rows.{ending}", ROWS["oasst1"])
        assert [prompt.id for prompt in task.prompts(data=data)] == ids


def test_row_numbers_do_not_depend_on_filters(tmp_path: Path) -> None:
    rows = [{"q": f"What is {n}+{n}?", "a": str(2 * n), "kind": "even" if n % 2 == 0 else "odd"} for n in range(6)]
    task = file_task(write_rows(tmp_path / "rows.jsonl", rows), "q", "a", None, "correctness")
    odd = [prompt.id for prompt in task.filtered({"kind": "odd"}).prompts()]
    assert odd == ["1", "3", "5"]
    assert [prompt.id for prompt in task.filtered({"kind": "odd"}).prompts(limit=2)] == ["1", "3"]


@pytest.mark.parametrize(
    ("name", "file", "count"),
    [
        ("gsm8k", "gsm8k/train.jsonl", 7473),
        ("gsm8k", "gsm8k/test.jsonl", 1319),
        ("math500", "math/math500.jsonl", 500),
        ("svamp", "words/svamp.jsonl", 1000),
        ("aqua", "choice/aqua.jsonl", 254),
    ],
)
def test_real_rows(name: str, file: str, count: int, shared: Path) -> None:
    prompts = list(load_task(name).prompts(data=shared / "data" / file))
    assert len({prompt.id for prompt in prompts}) == count
    assert all(prompt.columns["reference"] for prompt in prompts)


def test_real_rows_of_tldr_under_the_hubs_columns(shared: Path, tmp_path: Path) -> None:
    lines = (shared / "data/tldr/reddit_tldr.jsonl").read_text(encoding="utf-8").splitlines()
    posts = [json.loads(line) for line in lines]
    rows = [{"prompt": f"POST: {post['post']}\n\nTL;DR:", "completion": post["reference"]} for post in posts]
    prompts = list(load_task("tldr").prompts(data=write_rows(tmp_path / "rows.parquet", rows)))
    assert len(prompts) == 600
    assert prompts[0].columns == {"reference": posts[0]["reference"]}


def test_real_trees_of_oasst_ask_what_the_hubs_rows_would(shared: Path) -> None:
    data = shared / "data/oasst/en_100_tree.jsonl"
    assert len(list(load_task("oasst1").prompts(data=data))) == 100  # one first turn a tree
    replies = load_task("oasst1").filtered({"parent_id": "054e1df3-35e0-4bb8-a585-607dbdcd24e0", "role": "assistant"})
    assert [prompt.columns["rank"] for prompt in replies.prompts(data=data)] == [0, 1, 2]


def test_trees_are_flattened_depth_first_and_other_rows_stay(tmp_path: Path) -> None:
    def message(name: str, *replies: dict[str, Any], role: str = "prompter") -> dict[str, Any]:
        above = {"parent_id": name[:-1]} if len(name) > 1 else {}
        return {"message_id": name, "text": name, "lang": "en", "role": role, **above, "replies": list(replies)}

    tree = message("a", message("ab", message("abc"), role="assistant"), message("ad", role="assistant"))
    lines = [
        {"message_tree_id": "a", "tree_state": "ready", "prompt": tree},
        {"prompt": {"text": "no tree"}},
    ]
    rows = list(Source(file=write_rows(tmp_path / "trees.jsonl", lines)).rows("train"))
    assert [row.get("message_id") for row in rows] == ["a", "ab", "abc", "ad", None]
    assert [row.get("parent_id") for row in rows] == [None, "a", "ab", "a", None]
    assert {row.get("tree_state") for row in rows[:4]} == {"ready"}
    assert "replies" not in rows[0]
    assert rows[4] == lines[1]


def test_braces_in_values_are_left_alone() -> None:
    prompt = parse_card(CARD, "mine.yaml").prompt({"question": r"What is \frac{answer}{2}?", "answer": "4"})
    assert asked(prompt) == r"What is \frac{answer}{2}?"
