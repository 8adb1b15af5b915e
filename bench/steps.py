"""What a step of a real model costs by ``grpo-train`` over plain TRL, with merged rollouts and without.

Three processes make the same run (same base, prompts, rewards, seeds and settings, no held-out evaluation) and go one
step at a time, each in its turn while the others wait, so that whatever else the machine does falls on all three alike
within minutes. The processor time of each step is compared; the overhead is the geometric mean over steps of the ratio
within a step, with its 95 % interval (t, of the logarithms). The first step is left out: it warms up, and has the
self-test that ``grpo-train`` makes once in a run.

    python bench/steps.py examples/real/smollm2-length.yaml model.path=FOLDER task.data=prompts.jsonl \\
        model.dtype=float32 gradient_accumulation_steps=1 --steps 25
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from grpokit.train import load_recipe
from trainers import OPEN, WAYS, show, turns, use_one_thread


def main() -> None:
    """Time every step and print what they cost."""
    size = _arguments()
    settings = [*OPEN, *size.overrides, f"max_steps={size.steps}"]
    with tempfile.TemporaryDirectory() as folder:
        adapters = {name: Path(folder) / name for name in WAYS}
        runs = {name: Run(name, size.recipe, settings, adapters[name]) for name in WAYS}
        try:
            spent = _steps(runs, size.steps)
        finally:
            for run in runs.values():
                run.stop()
        print(f"{size.steps - 1} steps of {size.recipe} after the first, processor seconds of a step (median)")
        show(spent, adapters)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="a step of grpo-train beside one of plain TRL")
    parser.add_argument("recipe", metavar="NAME_OR_FILE")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes of the recipe")
    parser.add_argument("--steps", type=int, default=25, help="three or more (default: 25)")
    size = parser.parse_intermixed_args()
    if size.steps < 3:
        parser.error(f"--steps is {size.steps}; the first is left out, and an interval needs two: give 3 or more")
    return size


def _steps(runs: dict[str, Run], steps: int) -> dict[str, list[float]]:
    """Let all runs go on in turn; return the seconds of each step but the first."""
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    for step in range(steps):
        for name in turns(step):
            seconds = runs[name].step()
            if step:
                spent[name].append(seconds)
                print(f"step {step + 1} of {steps}, {name}: {seconds:.2f} s", file=sys.stderr, flush=True)
    for run in runs.values():
        run.end()
    return spent


class Run:
    """A run in a process of its own, which goes one step at a time."""

    def __init__(self, name: str, recipe: str, settings: Sequence[str], out: Path) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._turn, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_train, args=(name, recipe, settings, out, theirs))
        self._process.start()
        theirs.close()

    def step(self) -> float:
        """Let it make a step; return the processor seconds that it took."""
        self._turn.send(None)
        return float(self._turn.recv())

    def end(self) -> None:
        """Let it save what it has and end."""
        self._turn.send(None)
        self._process.join()

    def stop(self) -> None:
        """Stop it where it stands, if it has not ended."""
        self._process.terminate()


def _train(name: str, recipe: str, settings: Sequence[str], out: Path, turn: Connection) -> None:
    """Train and wait for a turn before each step and after the last."""
    from transformers.trainer_callback import CallbackHandler

    ends, start = CallbackHandler.on_step_end, 0.0

    def waiting(self: CallbackHandler, *arguments: Any) -> Any:
        nonlocal start
        turn.send(time.process_time() - start)
        turn.recv()
        start = time.process_time()
        return ends(self, *arguments)

    CallbackHandler.on_step_end = waiting  # type: ignore[assignment, method-assign]  # the trainers have nothing else in common
    turn.recv()
    use_one_thread()
    WAYS[name](load_recipe(recipe, settings), out)


if __name__ == "__main__":
    main()
