"""``grpo-eval signal``: forecast whether GRPO can learn from a run's task, and write the prompts worth training on."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from ...evaluate.paired.signal import signal
from ...evaluate.runs.run import Run, find_runs
from ...evaluate.statistics.groups import Scale
from ...evaluate.tasks import load_task, task_names
from ...evaluate.types import EvaluationError
from ...files import write_lines
from ...reports.signal import print_signal
from ..ending import reader_may_leave
from ..options import STDOUT
from ..targets import check_outputs, json_text, write_output


def forecast(source: Path, group: int, scale: Scale, prompts: Path | None, json: str | None) -> None:
    """Forecast from the run in ``source``, write what is asked for, and show it unless standard output is for JSON."""
    check_outputs({"--prompts": prompts, "--json": json}, inputs={"RUN": source})
    runs = find_runs([source])
    if len(runs) > 1:
        raise EvaluationError(f"{source} holds {len(runs)} runs; give one: {' or '.join(str(r.path) for r in runs)}.")
    seen = signal(runs[0], group, scale)
    if prompts is not None:
        _write_prompts(runs[0], set(seen.worth), prompts)
    with reader_may_leave():
        if json is not None:
            write_output(json_text(asdict(seen), json), json, "json")
        if json != STDOUT:
            print_signal(seen, Console(highlight=False))


def _write_prompts(source: Run, worth: set[str], target: Path) -> None:
    """Write the prompts as rows that feed their task again."""
    name = source.manifest.task.name
    card = load_task(name) if name.partition(":")[0] in task_names() else None
    chosen = (prompt for prompt in source.asked() if prompt.id in worth)
    write_lines(target, ({"id": one.id, **(one.columns if card is None else card.row(one))} for one in chosen))
    print(f"prompts: {target} ({len(worth)} of them)", file=sys.stderr)
