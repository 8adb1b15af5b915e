"""Writes small run directories by hand, through the same writers that runs are written with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grpokit.evaluate.runs.manifest import Manifest, MixRecord, TaskRecord, prompt_digest, prompts_fingerprint
from grpokit.evaluate.runs.run import Run, Score
from grpokit.evaluate.types import Prompt, Row
from grpokit.files import write_lines
from grpokit.rewards.reward import Judgement, Span

SAMPLING = {"samples": 1, "temperature": 1.0, "max_new_tokens": 64, "seed": 0}


def judgement(value: float | None, span: Span | None = None) -> Judgement:
    words = {None: "not applicable", 0.0: "wrong", 1.0: "correct"}
    return Judgement(value, words.get(value, "graded"), "by hand", span)


def manifest(name: str = "base", primary: str = "correctness", **changes: Any) -> Manifest:
    made = Manifest(
        model=name,
        weights=f"weights-of-{name}",
        task=TaskRecord("sums", primary, None, "f" * 16, 0, "by hand"),
        mix=MixRecord("correctness=1", {"correctness": 1.0}, {"correctness": "c" * 16}),
        sampling=SAMPLING,
        engine={"kind": "transformers", "checkpoint": name, "dtype": "float32", "template": "t" * 16},
        environment={"torch": "2.13"},
        command="grpo-eval run",
        created="2026-01-01T00:00:00+00:00",
    )
    return replace(made, **changes)


def write_run(
    folder: Path,
    scores: Mapping[str, Sequence[Sequence[float | None]]],
    name: str = "base",
    *,
    weights: Mapping[str, float] | None = None,
    primary: str = "correctness",
    clusters: Sequence[Any] | None = None,
    cut: Sequence[Sequence[bool]] | None = None,
    tokens: Sequence[Sequence[int]] | None = None,
    judgements: Mapping[str, Sequence[Sequence[Judgement]]] | None = None,
    texts: Sequence[Sequence[str]] | None = None,
    repeated: Sequence[Sequence[float | None]] | None = None,
    token_ids: Sequence[int] | None = None,
    **changes: Any,
) -> Run:
    """Write a run of ``scores[reward][question][sample]``; the total is the weighted sum (weights 1)."""
    weights = weights or dict.fromkeys(scores, 1.0)
    judged: dict[str, Sequence[Sequence[Judgement]]]
    judged = {reward: [[judgement(v) for v in row] for row in rows] for reward, rows in scores.items()}
    judged.update(judgements or {})
    grid = next(iter(scores.values()))
    places = [(q, s) for q, row in enumerate(grid) for s in range(len(row))]
    mix = MixRecord("by hand", weights, {reward: f"{reward}-1" for reward in scores})
    columns = [{"seed": clusters[q]} if clusters else {} for q in range(len(grid))]
    prompts = [Prompt(f"q{q}", f"question {q}", kept) for q, kept in enumerate(columns)]
    fingerprint = prompts_fingerprint(map(prompt_digest, prompts))
    task = TaskRecord("sums", primary, "seed" if clusters else None, fingerprint, len(grid), "by hand")
    folder.mkdir(parents=True, exist_ok=True)
    sampling = {**SAMPLING, "samples": max(map(len, grid))}
    manifest(name, **{"mix": mix, "task": task, "sampling": sampling, **changes}).write(folder)
    write_lines(folder / "prompts.jsonl", (prompt._asdict() for prompt in prompts))
    write_lines(
        folder / "completions.jsonl",
        (
            Row(
                f"q{q}",
                s,
                texts[q][s] if texts else "some text",
                "length" if cut and cut[q][s] else "eos",
                tokens[q][s] if tokens else 5,
                token_ids,
                name,
                f"weights-of-{name}",
            )._asdict()
            for q, s in places
        ),
    )
    scored = (_score(q, s, judged, weights)._replace(repeated=repeated[q][s] if repeated else 0.0) for q, s in places)
    write_lines(folder / "scores.jsonl", (score.to_json() for score in scored))
    return Run.open(folder)


def _score(q: int, s: int, judged: Mapping[str, Any], weights: Mapping[str, float]) -> Score:
    found = {reward: rows[q][s] for reward, rows in judged.items()}
    applying = [weights[reward] * one.value for reward, one in found.items() if one.value is not None]
    return Score(f"q{q}", s, sum(applying) if applying else None, found)
