"""Where the time of a GRPO step goes, and the memory that it takes, for any subclass of TRL's trainer alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from trl.trainer.grpo_trainer import GRPOTrainer

PHASES = {
    # TRL's method -> the name of what it does; methods call each other, so an outer one has the inner ones' time too
    "training_step": "micro-batch",
    "_prepare_inputs": "inputs",
    "_generate": "drawing",
    "_calculate_rewards": "rewards",
    "_compute_loss": "forward",
}


@dataclass
class Clock:
    """Seconds by phase and in all, over the steps after the first ``warm_up``.

    ``trained`` are the dtypes of the weights that were trained.
    """

    warm_up: int
    ends: list[float] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES.values(), 0.0))
    running: set[str] = field(default_factory=set)
    trained: set[str] = field(default_factory=set)

    def end_step(self) -> None:
        """Take note of the end of a step, and forget what was counted while warming up."""
        self.ends.append(now())
        if len(self.ends) == self.warm_up:
            self.seconds = dict.fromkeys(self.seconds, 0.0)

    def step(self, steps: int) -> float:
        """Return seconds per step."""
        return (self.ends[self.warm_up + steps - 1] - self.ends[self.warm_up - 1]) / steps

    def shares(self, steps: int) -> dict[str, float]:
        """Return seconds per step by phase; they add up to those of a step."""
        each = {name: seconds / steps for name, seconds in self.seconds.items()}
        named = {
            "drawing": each["drawing"],
            "rewards": each["rewards"],
            "scoring": each["inputs"] - each["drawing"] - each["rewards"],
            "forward": each["forward"],
            "backward": each["micro-batch"] - each["inputs"] - each["forward"],
        }
        return {**named, "optimizer and the rest": self.step(steps) - sum(named.values())}


@contextmanager
def timed(warm_up: int) -> Iterator[Clock]:
    """Time the phases of every trainer for as long as the block lasts; with ``logging_steps=1`` a log ends a step."""
    clock = Clock(warm_up)
    real = {name: getattr(GRPOTrainer, name) for name in (*PHASES, "log")}
    for name, phase in PHASES.items():
        setattr(GRPOTrainer, name, _timing(clock, phase, real[name]))
    setattr(GRPOTrainer, "log", _ending(clock, real["log"]))  # noqa: B010 - a method, which a type check lets nobody assign
    try:
        yield clock
    finally:
        for name, method in real.items():
            setattr(GRPOTrainer, name, method)


def _timing(clock: Clock, phase: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def measured(*arguments: Any, **named: Any) -> Any:
        if phase in clock.running:  # a method that calls itself is timed once
            return method(*arguments, **named)
        clock.running.add(phase)
        start = now()
        try:
            return method(*arguments, **named)
        finally:
            clock.seconds[phase] += now() - start
            clock.running.remove(phase)

    return measured


def _ending(clock: Clock, method: Callable[..., Any]) -> Callable[..., Any]:
    def log(trainer: GRPOTrainer, *arguments: Any, **named: Any) -> Any:
        clock.end_step()
        model = cast(torch.nn.Module, trainer.model)
        weights = (weight for weight in model.parameters() if weight.requires_grad)
        clock.trained |= {str(weight.dtype).removeprefix("torch.") for weight in weights}
        return method(trainer, *arguments, **named)

    return log


def now() -> float:
    """Return the time once the GPU has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def fresh_memory() -> None:
    """Let go of the last run's memory and begin to count anew."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_memory() -> float | None:
    """Return the most bytes that tensors held on the GPU since; None on a CPU, where torch does not count."""
    return float(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else None
