"""Scoring a run: every reward of a mix over its stored completions, block by block, in memory that stays flat."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import GrpokitError, nearest
from ..files import dump_line, replacing
from ..rewards import RewardMix, repetition
from ..rewards.answers import verifier
from ..rewards.fault_isolation import UNWATCHED, Calls, GuardedMix
from ..rewards.graded import GRADED
from ..rewards.registry import spec_of
from ..rewards.reward import Batch, Judgement, Reward
from ..rewards.spec import parse_reward
from .paired.summary import TOTAL
from .progress import Advance, unwatched
from .runs.lines import checksum
from .runs.manifest import MixRecord
from .runs.run import MadeOf, Run, Score, Stored
from .types import EvaluationError, Prompt, Row
from .workers import Job, cores, processes, spread

BLOCK = 1024
"""Completions scored in one call, at least: enough for rewards that work in batches."""

TRIALS = ("", "The answer is 18.")
"""What a mix is tried on: two texts, so that one value for all of them is told from one for each."""

CALLED_WITH = ("prompt", "prompts", "completion", "completions", "completion_ids")
"""Names that a reward call has for something else than a column of the data."""


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

    A reward is wanted by its name, or as it is written in the mix, such as ``my_module:name``.

    >>> mix = RewardMix.parse("correctness,length(target=90)=0.5,textwrap:wrap")
    >>> [primary_of(mix, wanted) for wanted in ("textwrap:wrap", "length(target = 90)", "total", "rouge", None)]
    ['wrap', 'length(target=90)', 'total', 'correctness', 'correctness']
    """
    return _metric(mix, wanted) or mix.names[0]


def check_primary(mix: RewardMix, wanted: str, where: str) -> None:
    """Raise :class:`EvaluationError`, which begins with ``where``, unless ``mix`` has the metric that is wanted."""
    if _metric(mix, wanted) is None:
        raise EvaluationError(f"{where}{wanted!r} is not in the mix. {nearest(wanted, [*mix.names, TOTAL])}")


def _metric(mix: RewardMix, wanted: str | None) -> str | None:
    if wanted is None or wanted in (*mix.names, TOTAL):
        return wanted
    try:
        spec = parse_reward(wanted)
    except GrpokitError:
        return None
    return next((reward.__name__ for reward in mix.rewards if parse_reward(spec_of(reward)) == spec), None)


def score_run(run: Run, mix: RewardMix, advance: Advance = unwatched, calls: Calls = UNWATCHED) -> None:
    """Write ``scores.jsonl`` of ``run``, whole or not at all; ``calls`` says how rewards are called.

    A prompt's samples are always scored together, so that rewards which compare within the prompt's group see
    the whole group.
    """
    guarded = GuardedMix(mix, calls)
    with replacing(run.path / "scores.jsonl") as file, closing(_scored(run, guarded, calls.workers)) as blocks:
        for block in blocks:
            file.write(block.lines)
            advance(block.rows)
        guarded.require_values()
    for name, count in guarded.failures.items():
        if count > 1:  # of a single one the note on it said all
            calls.note(f"reward {name!r} failed on {count} completions, which count as not applicable.")


class ScoredBlock(NamedTuple):
    """The lines of ``scores.jsonl`` of a block, how many they are, and how many completions rewards have judged."""

    lines: bytes
    rows: int
    judged: int


Block = Sequence[Stored]
"""Whole prompts and their completions, by where they stand."""


@dataclass(frozen=True)
class ScoringJob(Job[Block, ScoredBlock]):
    """Scoring a run block by block in so many ``processes``, whose verifiers share the processors."""

    run: Run
    mix: RewardMix
    processes: int

    @property
    def verifiers(self) -> int:
        """How many verifiers each process may have."""
        return max(1, cores() // self.processes)

    def done(self, block: Block) -> ScoredBlock | None:
        """Return the scores of a block, None where anything at all was wrong."""
        verifier.limit_processes(self.verifiers)
        mix, failed = GuardedMix(self.mix), verifier.counts().failed
        result = score_block(self.run, block, mix)
        clean = not any(mix.failures.values()) and verifier.counts().failed == failed
        return result if clean else None


def _scored(run: Run, mix: GuardedMix, workers: int | None) -> Generator[ScoredBlock, None, None]:
    """Yield the scores block by block; what another process could not score without a fault is scored here.

    So a fault ends, or is counted and reported, as it is where one process scores all.
    """
    count = _processes(run, mix.mix, workers)
    work = spread(ScoringJob(run, mix.mix, count), _blocks(run.stored()), count)
    with closing(work):
        for block, scored in work:
            if scored is None:
                yield score_block(run, block, mix)
            else:
                mix.count_judged(scored.judged)
                yield scored


def _processes(run: Run, mix: RewardMix, workers: int | None) -> int:
    """Return how many processes are to score a run: one where a reward is another's code, or loads a model."""
    spreads = all(reward.spreads for reward in mix.rewards)
    return processes(run.path / "completions.jsonl", workers) if spreads else 1


def _blocks(prompts: Iterable[Stored]) -> Iterator[list[Stored]]:
    block: list[Stored] = []
    size = 0
    for stored in prompts:
        block.append(stored)
        size += stored.rows.lines
        if size >= BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def score_block(run: Run, block: Block, mix: GuardedMix) -> ScoredBlock:
    """Return the lines of scores of whole prompts' completions, which may hold faults of any kind."""
    lines = list(run.stored_lines(block))
    read = [run.read(stored) for stored in lines]
    rows = [row for answered in read for row in answered.rows]
    prompts = [answered.prompt for answered in read for _ in answered.rows]
    made_of = [
        MadeOf(prompt, checksum(row)) for stored in lines for prompt in [checksum(stored.prompt)] for row in stored.rows
    ]
    scores = [
        score._replace(made_of=checksums)
        for score, checksums in zip(score_rows(rows, prompts, mix, run.manifest.task.reference), made_of, strict=True)
    ]
    judged = sum(row.finish_reason != "missing" for row in rows)
    return ScoredBlock("".join(dump_line(score.to_json()) for score in scores).encode(), len(rows), judged)


def score_rows(
    rows: Sequence[Row], prompts: Sequence[Prompt], mix: GuardedMix, reference: str | None = None
) -> list[Score]:
    """Return the scores of ``rows``, which answer ``prompts`` (one per row).

    ``reference`` is the data's own name of the reference's column, under which rewards get it too. No reward sees a row
    that is missing, and none applies to it.
    """
    there = [index for index, row in enumerate(rows) if row.finish_reason != "missing"]
    known = _score_known([rows[index] for index in there], [prompts[index] for index in there], mix, reference)
    if len(known) == len(rows):
        return known
    missing = dict.fromkeys(mix.mix.names, Judgement(None, "no completion", "the source has no text here"))
    scores = [Score(row.prompt_id, row.sample, None, missing) for row in rows]
    for index, score in zip(there, known, strict=True):
        scores[index] = score
    return scores


def _score_known(rows: Sequence[Row], prompts: Sequence[Prompt], mix: GuardedMix, reference: str | None) -> list[Score]:
    if not rows:
        return []
    batch = make_batch(rows, prompts, reference)
    judged, repeated = mix.judge(batch, [row.prompt_id for row in rows]), repeated_shares(batch)
    totals = mix.mix.combine(judged).total
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


def try_mix(
    mix: RewardMix,
    prompt: Prompt,
    token_ids: Sequence[int] | None,
    reference: str | None = None,
    calls: Calls = UNWATCHED,
) -> None:
    """Score two trial completions of a prompt, so that a reward which cannot be used says so before any work.

    Raises :class:`EvaluationError` for a reward that is called as their weighted sum is, and what
    :meth:`~grpokit.rewards.fault_isolation.GuardedReward.try_on` raises.
    """
    if TOTAL in mix.names:
        raise EvaluationError(f"a reward is named {TOTAL!r}, as the weighted sum of all is; give it another name.")
    rows = [Row(prompt.id, sample, text, None, None, token_ids, "", "") for sample, text in enumerate(TRIALS)]
    batch = make_batch(rows, [prompt] * len(rows), reference)
    for reward in GuardedMix(mix, calls).rewards:
        reward.try_on(batch)


def check_without_prompts(mix: RewardMix, where: str) -> None:
    """Raise :class:`EvaluationError` for a reward that judges prompts, where ``where`` does not say what was asked."""
    for reward in mix.rewards:
        if any(part.reads_prompt for part in (reward, *_all_parts(reward))):
            raise EvaluationError(
                f"{where} does not say what was asked, and {reward.__name__} judges an answer to its prompt; name the "
                "column of the prompts with --prompt-column."
            )


def _all_parts(reward: Reward) -> Iterator[Reward]:
    for part in reward.parts().values():
        yield part
        yield from _all_parts(part)


def make_batch(rows: Sequence[Row], prompts: Sequence[Prompt], reference: str | None = None) -> Batch:
    """Return rows as a batch that rewards can judge; token ids are given when every row has them.

    The reference stands in the column ``reference``, and in the one that the data has it in.
    """
    columns = reward_columns(prompts, reference)
    if any(row.graded is not None for row in rows):
        columns[GRADED] = [row.graded for row in rows]
    ids = [row.token_ids for row in rows if row.token_ids is not None]
    return Batch(
        raw=[row.text for row in rows],
        prompts=[prompt.text for prompt in prompts],
        completion_ids=ids if len(ids) == len(rows) else None,
        columns=columns,
    )


def reward_columns(prompts: Sequence[Prompt], reference: str | None) -> dict[str, list[Any]]:
    """Return what rewards get of prompts by column: None where a prompt has no such column.

    ``reference`` is the data's own name of the reference's column; one that rewards are called with means something
    else, and stays away.

    >>> reward_columns([Prompt("1", "9+9?", {"reference": "18"})], "answer")
    {'reference': ['18'], 'answer': ['18']}
    """
    names = sorted({name for prompt in prompts for name in prompt.columns})
    columns = {name: [prompt.columns.get(name) for prompt in prompts] for name in names}
    if reference is not None and reference not in (*columns, *CALLED_WITH) and "reference" in columns:
        columns[reference] = columns["reference"]
    return columns
