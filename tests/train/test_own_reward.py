"""A user's own function in a step of real training: it is called as in scoring, and gives the same values."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.scoring import score_rows
from grpokit.evaluate.types import Row
from grpokit.rewards.fault_isolation import GuardedMix
from grpokit.train import train
from grpokit.train.data import load_prompts

from .fixture_types import MakeRecipe

OWN = """
import json, zlib
CALLS = []

def digest(completions, prompts, answer, reference, meta, level, **kwargs):
    # a number that differs with anything that the function is given
    rows = zip(prompts, completions, answer, reference, meta, level, strict=True)
    values = [zlib.crc32(json.dumps(row).encode()) / 2**32 for row in rows]
    CALLS.append((prompts, completions, values, sorted(kwargs)))
    return values
"""

ROWS = [  # columns that Arrow would change, or refuse
    {"question": "11+19=", "answer": "30", "meta": {"a": 1}, "level": 1},
    {"question": "12+19=", "answer": "31", "meta": {"b": 2}, "level": "hard"},
    {"question": "13+19=", "answer": "32", "meta": None, "level": None},
    {"question": "14+19=", "answer": "33", "meta": {}, "level": 2.5},
]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of the user's function."""
    (tmp_path / "own_digest.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_digest", raising=False)
    return "own_digest:digest"


@pytest.mark.parametrize("template", [True, False])
def test_values_in_training_are_those_in_scoring(template: bool, own: str, tiny: MakeRecipe, tmp_path: Path) -> None:
    """Without a chat template TRL asks a string; the function still gets the messages of the task."""
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    card = tmp_path / "card.yaml"
    card.write_text(
        f"name: own\nsource: {{file: {tmp_path / 'rows.jsonl'}}}\nuser: '{{question}}'\nreference: answer\n"
        "rewards: correctness=1\nprimary: correctness\nmax_new_tokens: 16\n"
    )
    model = shutil.copytree(checkpoint_path(), tmp_path / "model")
    if not template:
        (model / "chat_template.jinja").unlink()
    recipe = tiny(f"model={model}", f"task={card}", f"rewards={own}", "max_steps=1", "max_completion_length=16")
    train(recipe, tmp_path / "out")
    calls: list[tuple[Any, ...]] = sys.modules["own_digest"].CALLS
    assert calls
    assert {"trainer_state", "log_extra", "log_metric"} <= set(calls[0][3])
    asked = {prompt.columns["question"]: prompt for prompt in load_prompts(recipe)}
    for prompts, completions, values, _ in list(calls):
        own_prompts = [asked[prompt[-1]["content"]] for prompt in prompts]
        assert [prompt.text for prompt in own_prompts] == prompts
        assert all(set(messages[-1]) == {"role", "content"} for messages in completions)
        texts = [messages[-1]["content"] for messages in completions]
        rows = [Row(one.id, 0, text, None, None, None, "", "") for one, text in zip(own_prompts, texts, strict=True)]
        scores = score_rows(rows, own_prompts, GuardedMix(recipe.mix), "answer")
        assert [score.rewards["digest"].value for score in scores] == values
