"""Choosing a checkpoint and training seeds, by simulation: what a verdict on them is worth. Minutes, no model.

    python bench/choosing.py
    python bench/choosing.py --runs 20000

chosen   20 checkpoints of a training that changed nothing, each with .8 of the last one's answers (0/1, drawn at rates
         of their own); the best one is compared with the base on the questions that chose it, and on others: how often
         its 95 % interval lies above 0, and how much better it seems
seeds    arms of 3, 5 and 10 seeds that truly change nothing, for seeds' luck from none to much more than the questions'
         error (.03): how often the interval over questions and seeds holds the truth, and the one over questions alone
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
from grpokit.evaluate.statistics import crossed_spread, difference_interval, expected_maximum, flattery, t_interval
from grpokit.evaluate.statistics.arrays import Floats

KEPT = 0.8
"""The share of answers that one checkpoint has in common with the last."""

QUESTIONS = 200
LUCK = (0.0, 0.02, 0.05, 0.1, 0.2)


class Chosen(NamedTuple):
    """Shares of runs in which the best checkpoint seemed better than its base, and by how much it did on average."""

    improved_same: float
    improved_apart: float
    lift_same: float
    lift_apart: float
    said: float


def trajectory(draw: np.random.Generator, questions: int, samples: int, looks: int) -> Floats:
    """Draw the questions' means of a base and of checkpoints that are no better, ``[1 + looks, questions]``."""
    rates = draw.random((questions, 1))
    answers = draw.random((questions, samples)) < rates
    means = [answers.mean(axis=1)]
    for _ in range(looks):
        fresh = draw.random((questions, samples)) < rates
        answers = np.where(draw.random((questions, samples)) < KEPT, answers, fresh)
        means.append(answers.mean(axis=1))
    return np.stack(means)


def choose(runs: int, questions: int, samples: int, looks: int, seed: int = 1) -> Chosen:
    """Simulate runs whose best checkpoint is judged by half of the questions: the half that chose it, and the other."""
    draw, rows, half = np.random.default_rng(seed), [], questions // 2
    for _ in range(runs):
        base, *checkpoints = trajectory(draw, questions, samples, looks)
        changes = np.stack(checkpoints) - base
        best = changes[int(np.argmax(changes[:, :half].mean(axis=1)))]
        intervals = [difference_interval(part, 1.0) for part in (best[:half], best[half:])]
        better = [interval is not None and interval.low > 0 for interval in intervals]
        said = flattery(np.stack(checkpoints, axis=1)[:half])
        rows.append([*better, best[:half].mean(), best[half:].mean(), said])
    return Chosen(*np.mean(rows, axis=0).tolist())


def covered(runs: int, seeds: int, luck: float, seed: int = 2) -> tuple[float, float]:
    """Return how often the interval over questions and seeds, and that over questions alone, holds the truth."""
    draw, hits = np.random.default_rng(seed), np.zeros(2)
    for _ in range(runs):
        questions, rest = draw.normal(size=(QUESTIONS, 1)) * 0.3, draw.normal(size=(QUESTIONS, seeds)) * 0.3
        tuned = draw.normal(size=seeds) * luck + questions + rest
        base = draw.normal(size=(QUESTIONS, 1)) * 0.3
        change = float(tuned.mean() - base.mean())
        spreads = (crossed_spread(base, tuned), crossed_spread(base, tuned.mean(axis=1, keepdims=True)))
        hits += [abs(change) <= change - t_interval(change, spread).low for spread in spreads]
    whole, alone = (hits / runs).tolist()
    return whole, alone


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000, help="simulated runs per row (default: 2000)")
    runs = parser.parse_args().runs
    print(f"chosen: the best of 20, {runs} runs (the largest of 20 noises: {expected_maximum(20):.3f})")
    print("  questions  samples   above 0, same  above 0, others   lift, same  lift, others   said of the same")
    for questions, samples in ((200, 1), (400, 1), (200, 4), (1000, 4)):
        one = choose(runs, questions, samples, 20)
        print(
            f"  {questions // 2:>9}  {samples:>7}   {one.improved_same:>13.3f}  {one.improved_apart:>15.3f}"
            f"   {one.lift_same:>+10.3f}  {one.lift_apart:>+12.3f}   {one.said:>+16.3f}"
        )
    print(f"seeds: how often a 95 % interval holds the truth, {runs} runs")
    print("  seeds  their luck   over questions and seeds   over questions alone")
    for seeds in (3, 5, 10):
        for luck in LUCK:
            whole, alone = covered(runs, seeds, luck)
            print(f"  {seeds:>5}  {luck:>10.2f}   {whole:>24.3f}   {alone:>20.3f}")


if __name__ == "__main__":
    main()
