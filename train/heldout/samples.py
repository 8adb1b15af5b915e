"""A recipe's sample questions, answered by base and tuned: figures do not show how a model writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ...evaluate.types import Engine, Prompt, Request
from ...files import read_lines
from ...rewards.reward import Message
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
    task = recipe.task.load()
    prompts = [Prompt(name, _messages(task.system, text), {}) for name, text in recipe.samples.items()]
    sampling = task.sampling(samples=1, temperature=0.0)
    requests = [Request(prompt, 0) for prompt in engine.plan(prompts, sampling)]
    rows = [row for batch in engine.generate(requests, sampling) for row in batch]
    return _in_order(recipe.samples, {row.prompt_id: str(row.text) for row in rows}, engine.name)


def read_answers(folder: Path) -> list[Answer]:
    """Return the answers that are kept in the folder of a run."""
    path = folder / SAMPLES
    return [Answer(**line.value) for line in read_lines(path)] if path.exists() else []


def _messages(system: str | None, question: str) -> list[Message]:
    asked: Message = {"role": "user", "content": question}
    return [asked] if system is None else [{"role": "system", "content": system}, asked]


def _in_order(samples: Mapping[str, str], texts: Mapping[str, str], model: str) -> list[Answer]:
    return [Answer(name, question, model, texts[name]) for name, question in samples.items()]
