"""A task's rows as TRL's data set: what fits the model's context, and nothing that TRL would trip over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import nearest
from ..evaluate.scoring import reward_columns
from ..evaluate.template_arguments import NONE, Template
from ..evaluate.types import Prompt
from ..rewards.spec import parse_layout, parse_mix
from .heldout.overlap import Parts, TrainingRows, keep_back, without_held_out
from .heldout.parts import HeldOutPart, HeldOutParts, set_apart
from .recipe.plan import check_context
from .recipe.recipe import Recipe
from .types import TrainingError

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

    from ..evaluate.tasks.card import Task
    from ..rewards.text import Text

ROW = "prompt_row"
"""The only column of the data set beside the prompt: the number of the prompt that rewards are called with."""

VALIDATION = "validation"
"""The split that chooses a checkpoint, where a task has it."""

TAKEN = frozenset(
    {"completion", "completions", "prompts", "completion_ids", "environment", "environments", "image", "images"}
    | {"trainer_state", "log_extra", "log_metric", "tools"}
)
"""Columns that TRL keeps to itself: it drops them, raises, or takes them for pictures, tools and the like."""


def load_prompts(recipe: Recipe) -> list[Prompt]:
    """Return the training prompts of a recipe's task, in order, without those that it keeps back.

    Raises :class:`TrainingError` for a column whose name TRL keeps to itself, and the task's own errors.
    """
    section = recipe.task
    prompts = _parts(recipe).training
    if not prompts:
        raise TrainingError(f"task {section.name!r} has no rows in split {section.split!r}.")
    taken = sorted(TAKEN & prompts[0].columns.keys())
    if taken:
        raise TrainingError(f"column {taken[0]!r} of the data has a name that TRL keeps to itself; rename it.")
    _check_references(recipe, prompts[0])
    return [*prompts, *_further_prompts(recipe, prompts)]


def held_out_prompts(recipe: Recipe) -> list[Prompt]:
    """Return the held-out prompts, in order: those that are kept back, or as the section ``evaluation`` names them.

    Raises :class:`TrainingError` where ``evaluation.holdout`` keeps none back, and the task's own errors.
    """
    section = recipe.evaluation
    if section.holdout is None:
        return section.prompts(recipe.load_task())
    prompts = _parts(recipe).held_out[: section.limit]
    if not prompts:
        raise TrainingError(f"evaluation.holdout={section.holdout:g} of so few rows keeps none back; give more.")
    return prompts


def held_out_parts(recipe: Recipe) -> HeldOutParts:
    """Return the held-out prompts in two parts where what is asked while training chooses what is judged, else in one.

    Looks ask the task's split "validation" where it has one that nothing else asks. Raises what
    :func:`held_out_prompts` raises.
    """
    section, task = recipe.evaluation, recipe.load_task()
    kept_back = f"{section.holdout:.0%} of the {recipe.task.split} split, kept back" if section.holdout else None
    whole = HeldOutPart(held_out_prompts(recipe), kept_back or section.data or f"{section.split} split")
    if not section.chooses:
        return HeldOutParts(whole, whole, apart=False)
    unasked = VALIDATION not in (section.split, recipe.task.split) and section.holdout is None and section.data is None
    own = unasked and task.source.file is None and VALIDATION in task.source.splits
    return set_apart(whole, list(task.prompts(VALIDATION, limit=section.limit)) if own else [], task.cluster)


def training_rows(recipe: Recipe, *, compared: bool) -> TrainingRows:
    """Return the rows to train on: where base and tuned are ``compared``, without those that are held-out rows too.

    Raises :class:`TrainingError` where none is left, and what :func:`load_prompts` and :func:`held_out_parts` raise.
    """
    prompts = load_prompts(recipe)
    if not compared:
        return TrainingRows(prompts, 0)
    rows = without_held_out(prompts, held_out_parts(recipe).prompts)
    if not rows.prompts:
        raise TrainingError(
            f"all {len(prompts)} training rows are held-out rows too, so that nothing is left to train on; give other "
            "rows as evaluation.data or evaluation.split, or evaluation.holdout=0.2, which keeps a part of them back."
        )
    return rows


def _parts(recipe: Recipe) -> Parts:
    section = recipe.task
    task, data = recipe.load_task(), None if section.data is None else Path(section.data)
    _check_drawable(task, section.name)
    prompts = list(task.prompts(section.split, data=data, limit=section.limit))
    share = recipe.evaluation.holdout
    return Parts(prompts, []) if share is None else keep_back(prompts, share, task.cluster)


def _further_prompts(recipe: Recipe, first: Sequence[Prompt]) -> list[Prompt]:
    """Return the rows of the further tasks, each with every column that makes a reference known to be there or not."""
    own, further = recipe.load_task(), list[Prompt]()
    for section in recipe.also:
        task = section.load().with_template(recipe.template)
        _check_drawable(task, section.name)
        if task.template != own.template:
            raise TrainingError(
                f"task {section.name!r} has template={dict(task.template)} and {recipe.task.name!r} has "
                f"{dict(own.template)}; say it once, as the recipe's template."
            )
        data = None if section.data is None else Path(section.data)
        prompts = task.prompts(section.split, data=data, limit=section.limit)
        empty = dict.fromkeys(first[0].columns.keys() & {"reference"})  # None: no reward that needs one applies
        further += [Prompt(f"{task.name}/{one.id}", one.text, {**empty, **one.columns}) for one in prompts]
    return further


def _check_drawable(task: Task, name: str) -> None:
    if task.choices is not None:
        raise TrainingError(
            f"task {name!r} asks how likely each choice is, so there is no completion to reward; train on a "
            "task that is answered in words."
        )
    if task.prefill:
        raise TrainingError(
            f"task {name!r} begins the answers (prefill), which TRL cannot be asked to go on with; train on a "
            "card without it."
        )


def _check_references(recipe: Recipe, prompt: Prompt) -> None:
    """A reward that names its reference column must find it."""
    columns = reward_columns([prompt], recipe.load_task().reference)
    for part in parse_mix(parse_layout(recipe.rewards).rest):  # as written: a dry run imports nothing
        wanted = dict(part.reward.parameters).get("reference_column")
        if isinstance(wanted, str) and wanted not in columns:
            raise TrainingError(f"{part.reward.name}: no column {wanted!r}. {nearest(wanted, list(columns))}")


def prompt_limit(config: PretrainedConfig, wanted: int | None, new_tokens: int) -> int | None:
    """Return how many tokens a prompt may have: as ``wanted``, and leaving room for ``new_tokens`` in the context.

    TRL cuts no prompt: models with rotary positions would run past their context, others raise. None is no limit.
    Raises :class:`TrainingError` where the context holds no prompt beside the completion.
    """
    context: int | None = getattr(config, "max_position_embeddings", None)
    if context is None:
        return wanted
    check_context(context, new_tokens)
    return min(context - new_tokens, wanted or context)


def system_note(prompts: Sequence[Prompt], tokenizer: PreTrainedTokenizerBase, template: Template = NONE) -> str | None:
    """Return what becomes of the system message where the chat template shows none; None where it does."""
    from ..evaluate.rendering import rendered

    fate = rendered(tokenizer, prompts[0].text, template).system
    words = {"moved": "goes into the first question", "left out": "is left out: the tokenizer lacks characters of it"}
    return None if fate is None else f"the chat template shows no system message; its text {words[fate]}."


def fitting(
    prompts: Sequence[Prompt], tokenizer: PreTrainedTokenizerBase, longest: int | None, template: Template = NONE
) -> list[Prompt]:
    """Keep the prompts of at most ``longest`` tokens (None: all); raise :class:`TrainingError` when none is left."""
    return [one.prompt for one in _fitting_rows(prompts, tokenizer, longest, template)]


def make_dataset(
    prompts: Sequence[Prompt], tokenizer: PreTrainedTokenizerBase, longest: int | None, template: Template = NONE
) -> Dataset:
    """Return the prompts that are :func:`fitting` as a data set.

    A row is the ``prompt`` in the form in which TRL asks what evaluation asks, and its number in ``prompts``, by which
    rewards are given what evaluation gives them. Arrow would change their columns: one with values of two kinds, or
    mappings with different keys.
    Raises :class:`TrainingError` when none is left.
    """
    from datasets import Dataset

    kept = _fitting_rows(prompts, tokenizer, longest, template)
    return Dataset.from_list([{ROW: one.number, "prompt": one.asked} for one in kept])


class _Row(NamedTuple):
    number: int
    prompt: Prompt
    asked: Text


def _fitting_rows(
    prompts: Sequence[Prompt], tokenizer: PreTrainedTokenizerBase, longest: int | None, template: Template = NONE
) -> list[_Row]:
    from ..evaluate.rendering import fits, rendered

    if not prompts:
        raise TrainingError("there are no prompts: the data is empty, or the filter keeps no row.")
    kept = []
    for number, prompt in enumerate(prompts):
        rendering = rendered(tokenizer, prompt.text, template)
        if longest is None or fits(tokenizer, prompt.text, rendering.string, longest):
            kept.append(_Row(number, prompt, rendering.asked))
    if not kept:
        raise TrainingError(
            f"no prompt leaves room for its completion: all have more than {longest} tokens; give a smaller "
            "max_completion_length, a larger task.max_prompt_tokens or shorter prompts."
        )
    return kept
