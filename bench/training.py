"""What ``grpo-train`` costs over plain TRL, what merged rollouts gain, and how soon the command answers.

The same run (``arithmetic-tiny``: same base, prompts, rewards, seeds and settings, no held-out evaluation) is made
by plain TRL as its documentation has it, by this package, and by this package without merged rollouts, turn by turn
in one process, so that whatever else the machine does falls on all three alike. Processor time is compared, which a
busy machine does not change much; the overhead is the geometric mean over rounds of the ratio within a round, with its
95 % interval (t, of the logarithms). All must end with the same weights.

    python bench/training.py [--steps 60] [--rounds 12]

A step of a real model is measured by ``bench/steps.py``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grpokit.train import Recipe, load_recipe
from trainers import OPEN, WAYS, show, turns, use_one_thread

RECIPE = "arithmetic-tiny"
LOOKS = (["--help"], ["--list"], ["--show", "arithmetic-tiny"], ["arithmetic-tiny", "--dry-run"])
LOOK_LIMIT_S = 0.4
TRIES = 7


def main() -> None:
    """Time everything and print it."""
    parser = argparse.ArgumentParser(description="the overhead of grpo-train over plain TRL")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=12)
    size = parser.parse_args()
    use_one_thread()
    recipe = load_recipe(RECIPE, [*OPEN, f"max_steps={size.steps}"])
    with tempfile.TemporaryDirectory() as folder:
        spent, adapters = _rounds(recipe, size.rounds, Path(folder))
        print(f"{size.steps} steps of {RECIPE}, {size.rounds} rounds, processor seconds of a whole run (median)")
        show(spent, adapters)
    _look()


def _rounds(recipe: Recipe, rounds: int, folder: Path) -> tuple[dict[str, list[float]], dict[str, Path]]:
    """Run all ways in turn, each round beginning with another one; the first round warms up and is left out."""
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    adapters = {}
    for number in range(rounds + 1):
        for name in turns(number):
            out = folder / f"{number}-{name}"
            start = time.process_time()
            WAYS[name](recipe, out)
            if number:
                spent[name].append(time.process_time() - start)
            adapters[name] = out
    return spent, adapters


def _look() -> None:
    """Time what a person waits for before anything is trained: whole processes, the fastest of some."""
    print(f"\ngrpo-train as a process, wall-clock seconds, fastest of {TRIES}; goal: under {LOOK_LIMIT_S}")
    for argv in LOOKS:
        seconds = min(_process(argv) for _ in range(TRIES))
        print(f"{' '.join(argv):32} {seconds:.2f}")


def _process(argv: list[str]) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "grpokit.commands.train", *argv]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
