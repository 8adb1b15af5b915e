"""Scoring a run: every reward of a mix over its stored completions, block by block, in memory that stays flat."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..files import write_lines
from ..rewards import RewardMix, repetition
from ..rewards.reward import Batch
from .paired.comparison import TOTAL
from .progress import Advance, unwatched
from .runs.manifest import MixRecord
from .runs.run import Answered, Run, Score
from .types import EvaluationError, Prompt, Row

BLOCK = 1024
"""Completions scored in one call, at least: enough for rewards that work in batches."""


def mix_record(mix: RewardMix) -> MixRecord:
    """Return what the manifest keeps of a mix."""
    pairs = dict(zip(mix.names, mix.rewards, strict=True))
    return MixRecord(
        spec=mix.spec,
        weights=dict(zip(mix.names, mix.reward_weights, strict=True)),
        fingerprints={name: reward.fingerprint for name, reward in pairs.items()},
        ranges={name: list(reward.range) for name, reward in pairs.items() if all(map(math.isfinite, reward.range))},
    )


def primary_of(mix: RewardMix, wanted: str | None) -> str:
    """Return the metric that gives the verdict: the one that is wanted where ``mix`` has it, else its first reward.

    >>> mix = RewardMix.parse("correctness,xml_format=0.5")
    >>> [primary_of(mix, wanted) for wanted in ("xml_format", "total", "rouge", None)]
    ['xml_format', 'total', 'correctness', 'correctness']
    """
    return wanted if wanted is not None and wanted in (*mix.names, TOTAL) else mix.names[0]


def score_run(run: Run, mix: RewardMix, advance: Advance = unwatched) -> None:
    """Write ``scores.jsonl`` of ``run``, whole or not at all.

    A prompt's samples are always scored together, so that rewards which compare within the prompt's group see
    the whole group.
    """
    write_lines(run.path / "scores.jsonl", (score.to_json() for score in _scores(run, mix, advance)))


def _scores(run: Run, mix: RewardMix, advance: Advance) -> Iterator[Score]:
    for block in _blocks(run.answered()):
        rows = [row for answered in block for row in answered.rows]
        yield from score_rows(rows, [answered.prompt for answered in block for _ in answered.rows], mix)
        advance(len(rows))


def _blocks(groups: Iterator[Answered]) -> Iterator[list[Answered]]:
    block: list[Answered] = []
    size = 0
    for answered in groups:
        block.append(answered)
        size += len(answered.rows)
        if size >= BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def score_rows(rows: Sequence[Row], prompts: Sequence[Prompt], mix: RewardMix) -> list[Score]:
    """Return the scores of ``rows``, which answer ``prompts`` (one per row)."""
    batch = make_batch(rows, prompts)
    judged, repeated = mix.judge(batch), repeated_shares(batch)
    totals = mix.combine(judged).total
    return [
        Score(
            row.prompt_id,
            row.sample,
            totals[index],
            {name: values[index] for name, values in judged.items()},
            repeated[index],
        )
        for index, row in enumerate(rows)
    ]


def repeated_shares(batch: Batch) -> list[float]:
    """Return per completion the share of its triples that stood in it before: what the repetition reward punishes."""
    return [abs(judged.value or 0.0) for judged in repetition.judge(batch)]


def try_mix(mix: RewardMix, prompt: Prompt, token_ids: Sequence[int] | None) -> None:
    """Score one empty completion, so that a reward which lacks a column or its encoder says so before any work.

    Raises :class:`EvaluationError` for a reward that is called as their weighted sum is.
    """
    if TOTAL in mix.names:
        raise EvaluationError(f"a reward is named {TOTAL!r}, as the weighted sum of all is; give it another name.")
    score_rows([Row(prompt.id, 0, "", None, None, token_ids, "", "")], [prompt], mix)


def make_batch(rows: Sequence[Row], prompts: Sequence[Prompt]) -> Batch:
    """Return rows as a batch that rewards can judge; token ids are given when every row has them."""
    columns = sorted({name for prompt in prompts for name in prompt.columns})
    ids = [row.token_ids for row in rows if row.token_ids is not None]
    return Batch(
        raw=[row.text for row in rows],
        prompts=[prompt.text for prompt in prompts],
        completion_ids=ids if len(ids) == len(rows) else None,
        columns={name: [prompt.columns.get(name) for prompt in prompts] for name in columns},
    )
