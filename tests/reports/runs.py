"""Writes run directories like those of an evaluation of sums, through the writers that runs are written with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from random import Random
from typing import NamedTuple

from grpokit.evaluate.runs.manifest import Manifest, MixRecord, TaskRecord
from grpokit.evaluate.runs.run import Run, Score
from grpokit.evaluate.types import Prompt, Row
from grpokit.files import write_lines
from grpokit.rewards.reward import Judgement, Span

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


class Model(NamedTuple):
    """How often a model is right, keeps the format, and runs into the token limit."""

    name: str
    right: float
    formatted: float
    cut: float


BASE = Model("base", 0.3, 0.7, 0.08)
TUNED = Model("tuned", 0.8, 0.98, 0.01)


def write_run(
    folder: Path,
    model: Model,
    *,
    questions: int = 60,
    samples: int = 4,
    say: str = "",
    task: str = "sums",
    third: str = "length(target=200)",
) -> Run:
    """Write a run of ``model``; ``say`` stands in every prompt, completion and reason, ``third`` names a reward."""
    weights = {"correctness": 1.0, "xml_format": 0.5, third: 0.25}
    random = Random(f"{model.name}{questions}".encode())
    prompts = [_prompt(number, say) for number in range(questions)]
    folder.mkdir(parents=True)
    _manifest(model, questions, samples, task, weights).write(folder)
    write_lines(folder / "prompts.jsonl", (prompt._asdict() for prompt in prompts))
    pairs = [pair for prompt in prompts for pair in _answers(prompt, model, samples, say, random, weights)]
    write_lines(folder / "completions.jsonl", (row._asdict() for row, _ in pairs))
    write_lines(folder / "scores.jsonl", (score.to_json() for _, score in pairs))
    return Run.open(folder)


def rescored(run: Run, statuses: Sequence[tuple[str, float | None]], manifest: Manifest | None = None) -> Run:
    """Give the completions of a run these statuses and values of correctness in turn, and totals to match.

    With ``manifest``, which takes the place of the run's own, the totals follow its weights.
    """
    manifest = manifest or run.manifest
    weights = manifest.mix.weights
    scores = []
    for score, (status, value) in zip(run.scores(), cycle(statuses), strict=False):
        rewards = {**score.rewards, "correctness": Judgement(value, status, "set by hand")}
        scores.append(_score(score.prompt_id, score.sample, rewards, weights, 0.0))
    manifest.write(run.path)
    write_lines(run.path / "scores.jsonl", [score.to_json() for score in scores])
    return Run.open(run.path)


def _prompt(number: int, say: str) -> Prompt:
    left, right = 10 + number * 7 % 90, 10 + number * 13 % 90
    text = [
        {"role": "system", "content": "Think in <reasoning>, answer in <answer>."},
        {"role": "user", "content": f"What is {left} + {right}? {say}"},
    ]
    return Prompt(f"sum-{number:04}", text, {"reference": str(left + right), "left": left, "right": right})


def _answers(
    prompt: Prompt, model: Model, samples: int, say: str, random: Random, weights: Mapping[str, float]
) -> Iterator[tuple[Row, Score]]:
    gold = int(prompt.columns["reference"])
    for sample in range(samples):
        cut = random.random() < model.cut
        right = not cut and random.random() < model.right
        formatted = not cut and random.random() < model.formatted
        answer = str(gold if right else gold - 10)
        head = f"<reasoning>\nI add {prompt.columns['left']} and {prompt.columns['right']}: tens, then ones. {say}\n"
        text = head if cut else f"{head}</reasoning>\n<answer>{answer}</answer>"
        text = text if formatted or cut else text.replace("</reasoning>", "")
        span = None if cut else Span(text.index("<answer>") + 8, text.index("</answer>"))
        judged = _judge(cut, right, formatted, text, span, say)
        yield (
            Row(prompt.id, sample, text, "length" if cut else "eos", len(text), None, model.name, f"w-{model.name}"),
            _score(prompt.id, sample, dict(zip(weights, judged, strict=True)), weights, 0.125 if cut else 0.0),
        )


def _judge(cut: bool, right: bool, formatted: bool, text: str, span: Span | None, say: str) -> list[Judgement]:
    status = "unclosed" if cut else "correct" if right else "wrong"
    length = max(0.0, 1 - abs(len(text) - 200) / 200)
    return [
        Judgement(float(right), status, f"compared with the reference {say}", span),
        Judgement(float(formatted), "ok" if formatted else "malformed", "tags looked at"),
        Judgement(length, "ok", f"{len(text)} characters, 200 wanted"),
    ]


def _score(
    prompt_id: str, sample: int, rewards: dict[str, Judgement], weights: Mapping[str, float], repeated: float
) -> Score:
    total = sum(weights[name] * judged.value for name, judged in rewards.items() if judged.value is not None)
    return Score(prompt_id, sample, total, rewards, repeated)


def _manifest(model: Model, questions: int, samples: int, task: str, weights: Mapping[str, float]) -> Manifest:
    spec = ",".join(f"{name}={weight}" for name, weight in weights.items())
    return Manifest(
        model=model.name,
        weights=f"w-{model.name}",
        task=TaskRecord(task, "correctness", None, "f" * 16, questions, "made by hand"),
        mix=MixRecord(spec, weights, dict.fromkeys(weights, "1")),
        sampling={"samples": samples, "temperature": 1.0, "max_new_tokens": 256, "seed": 0},
        engine={"kind": "transformers", "checkpoint": "demo", "dtype": "float32", "template": "t" * 16},
        environment={"torch": "2.13.0", "python": "3.11"},
        command="grpo-eval run --task sums --model base=demo --model tuned=demo+adapter --samples 4",
        created="2026-01-01T00:00:00+00:00",
    )
