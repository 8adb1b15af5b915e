"""A recipe's sample questions, answered by base and tuned: figures do not show how a model writes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ...evaluate.types import Engine, Prompt, Request
from ...files import read_lines
from ...rewards.text import Message
from ..recipe.recipe import Recipe

SAMPLES = "samples.jsonl"
"""Beside the rows of a run, the answers to the sample questions."""


class Answer(NamedTuple):
    """What one model wrote, greedily, to the sample question called ``sample``."""

    sample: str
    question: str
    model: str
    text: str


def answer_samples(recipe: Recipe, engine: Engine) -> list[Answer]:
    """Ask a model the recipe's samples, under the task's system prompt; in the recipe's order."""
    if not recipe.samples:
        return []
    task = recipe.load_task()
    system: list[Message] = [] if task.system is None else [{"role": "system", "content": task.system}]
    prompts = [
        Prompt(name, [*system, {"role": "user", "content": question}], {}) for name, question in recipe.samples.items()
    ]
    sampling = task.sampling(samples=1, temperature=0.0)
    requests = [Request(prompt, 0) for prompt in engine.plan(prompts, sampling)]
    texts = {row.prompt_id: str(row.text) for batch in engine.generate(requests, sampling) for row in batch}
    return [Answer(name, question, engine.name, texts[name]) for name, question in recipe.samples.items()]


def read_answers(folder: Path) -> list[Answer]:
    """Return the answers that are kept in the folder of a run."""
    path = folder / SAMPLES
    return [Answer(**line.value) for line in read_lines(path)] if path.exists() else []
