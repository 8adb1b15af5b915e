"""The noise floor: how often the same weights answer differently when rows are batched differently.

In bf16 and fp16 the rounding of a matrix product depends on the shape of the batch, so even greedy text depends on
it (arXiv 2506.09501). No interval over questions sees that noise. It is measured: the same requests again, in
batches of another size.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ...files import read_json, write_atomically
from ...rewards import RewardMix
from ...rewards.fault_isolation import GuardedMix
from ..runs.run import Run
from ..scoring import score_rows
from ..types import Engine, EvaluationError, Request, Row, Sampling
from .doubts import NoiseFloor
from .summary import TOTAL
from .table import primary_metric

ROWS = 256
"""Completions that are generated again, at the most: spread evenly over the run."""

FILE = "noise.json"


def measure_noise(run: Run, again: Engine, mix: RewardMix, sampling: Sampling) -> NoiseFloor:
    """Generate rows of ``run`` with ``again``, the same weights in other batches; keep and return what changed."""
    rows = list(run.rows())
    chosen: dict[str, list[Row]] = {}
    for row in rows[:: max(1, len(rows) // ROWS)][:ROWS]:
        chosen.setdefault(row.prompt_id, []).append(row)
    plan = again.plan([prompt for prompt in run.asked() if prompt.id in chosen], sampling)
    asked = [prompt for prompt in plan for _ in chosen[prompt.id]]
    kept = [row for prompt in plan for row in chosen[prompt.id]]
    requests = [Request(prompt, row.sample) for prompt, row in zip(asked, kept, strict=True)]
    fresh = [row for batch in again.generate(requests, sampling) for row in batch]
    primary = primary_metric(run)

    def values(answers: list[Row]) -> list[float | None]:
        scores = score_rows(answers, asked, GuardedMix(mix), run.manifest.task.reference)
        return [score.total if primary == TOTAL else score.rewards[primary].value for score in scores]

    pairs = list(zip(kept, fresh, values(kept), values(fresh), strict=True))
    floor = NoiseFloor(
        model=run.model,
        primary=primary,
        rows=len(pairs),
        text_changed=sum(old.text != new.text for old, new, _, _ in pairs) / len(pairs),
        value_changed=sum(before != after for _, _, before, after in pairs) / len(pairs),
    )
    write_atomically(run.path / FILE, json.dumps(asdict(floor), indent=2) + "\n")
    return floor


def read_noise(folder: Path) -> NoiseFloor | None:
    """Return the noise floor that was measured for the run in ``folder``, or None.

    Raises :class:`EvaluationError` for a file that is none.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return NoiseFloor(**read_json(path))
    except (ValueError, TypeError, OSError) as error:
        raise EvaluationError(f"{path} holds no noise floor ({error}); delete it, or measure it again.") from None
