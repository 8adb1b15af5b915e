"""What listens while TRL trains: the figures of each step, alarms, the proof that weights move, and Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Sequence
from types import FrameType
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..evaluate.paired.alarms import Alarm
from .heldout.alarm import AlarmLog
from .rewards import TrainingReward
from .types import Drawn, Step, TrainingError, Watcher

NO_SIGNAL_LOGS = 10
"""Logs in a row without any reward difference within a group, after which an alarm is raised."""

CLIPPED_LOGS, CLIPPED_SHARE = 10, 0.5
"""An alarm is raised when, over so many logs, more than this share of completions was cut at the token limit."""

SHOWN = 8
"""So many of the last completions are shown, at most."""

STILL_LOGS = 4
"""Logs with a gradient after which the adapter must have moved; warm-up may begin at a learning rate of 0, and A begins
to move after B."""


class Reporter(TrainerCallback):
    """Gives the watcher the figures of each log."""

    def __init__(self, watcher: Watcher, rewards: Sequence[TrainingReward]) -> None:
        self._watcher = watcher
        self._rewards = rewards

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Pass on a training log; the one at the very end has no reward and is left out."""
        if logs is None or "reward" not in logs or not state.is_world_process_zero:
            return
        means = {reward.__name__: logs[f"rewards/{reward.__name__}/mean"] for reward in self._rewards}
        clipped = logs["completions/clipped_ratio"]
        self._watcher.step(Step(state.global_step, state.max_steps, logs["reward"], means, clipped, self._drawn()))

    def _drawn(self) -> list[Drawn]:
        """The first completions that every reward judged last: a group, or its beginning."""
        names = [reward.__name__ for reward in self._rewards]
        columns = [reward.last for reward in self._rewards]
        completions = columns[0][:SHOWN]
        values = [[one.value for one in column[:SHOWN]] for column in columns]
        return [
            Drawn(first.prompt, first.completion, dict(zip(names, scores, strict=True)))
            for first, *scores in zip(completions, *values, strict=True)
        ]


class Alarms(TrainerCallback):
    """Says, once each, that there is nothing to learn from or that most completions are cut."""

    def __init__(self, alarms: AlarmLog) -> None:
        self._alarms = alarms
        self._constant: deque[bool] = deque(maxlen=NO_SIGNAL_LOGS)
        self._clipped: deque[float] = deque(maxlen=CLIPPED_LOGS)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Look at the last few logs."""
        if logs is None or "reward" not in logs or not state.is_world_process_zero:
            return
        self._constant.append(logs["frac_reward_zero_std"] >= 1)
        self._clipped.append(logs["completions/clipped_ratio"])
        if len(self._constant) == NO_SIGNAL_LOGS and all(self._constant):
            text = f"for {NO_SIGNAL_LOGS} logs all completions of each group earned the same."
            self._alarms.add(Alarm(state.global_step, "no learning signal", text))
        cut = sum(self._clipped) / CLIPPED_LOGS
        if len(self._clipped) == CLIPPED_LOGS and cut > CLIPPED_SHARE:
            text = (
                f"{cut:.0%} of the completions are cut at max_completion_length: raise it, unless the model is to "
                "learn to end sooner."
            )
            self._alarms.add(Alarm(state.global_step, "completions cut", text))


class MovementProof(TrainerCallback):
    """Stops a run whose gradients are healthy and whose adapter stays as it was (huggingface/trl#6700).

    Each kind of its weights must move: in 16 bits a matrix A of usual size hardly does at a usual learning rate.
    ``begun`` says that training has been set up, ``learned`` that weights have moved.
    """

    def __init__(self) -> None:
        self.begun = False
        self.learned = False
        self._start: dict[str, float] = {}
        self._still = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **kwargs: Any
    ) -> None:
        """Remember where the trainable weights start."""
        if not any(weight.requires_grad for weight in model.parameters()):
            raise TrainingError("no weight of the model is trainable, so nothing would be learned.")
        self._start = _sizes(model)
        self.begun = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Compare until all kinds of weights have moved once."""
        if not self._start or logs is None or not logs.get("grad_norm"):
            return
        now = _sizes(model)
        still = {kind: size for kind, size in self._start.items() if now[kind] == size}
        self.learned = self.learned or len(still) < len(self._start)
        self._start = still
        self._still += 1
        if still and self._still >= STILL_LOGS:
            raise TrainingError(
                f"after {state.global_step} steps with a gradient no adapter weight has moved ({', '.join(still)}): "
                "the trained weights are not those that the optimizer holds, or the learning rate is too small."
            )


def _sizes(model: Any) -> dict[str, float]:
    """The summed magnitude of the trained weights by their kind: lora_A, lora_B, and others such as DoRA's."""
    sizes: dict[str, float] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            kind = next((part for part in name.split(".") if part.startswith("lora_")), "weight")
            sizes[kind] = sizes.get(kind, 0.0) + float(weight.detach().abs().sum(dtype=torch.float64))
    return sizes


class Interruption(TrainerCallback):
    """Turns the first Ctrl-C, SIGTERM or SIGHUP into a checkpoint and a clean stop; a further Ctrl-C stops at once.

    Used as a context manager around training. ``requested`` is the number of the signal that asked to stop, else 0.
    """

    def __init__(self, every: int) -> None:
        self.requested = 0
        self._every = every
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                    self._previous[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = self.requested or number

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Save and stop where a generation batch is used up, so that resuming is exact."""
        if state.global_step % self._every == 0:
            self.requested = _any_process(self.requested, args)
            if self.requested:
                control.should_save = control.should_training_stop = True
        return control


def _any_process(here: int, args: TrainingArguments) -> int:
    """Return the highest number of all processes: one that stops alone leaves the others waiting for it for ever."""
    if args.world_size == 1:
        return here
    everywhere = torch.tensor(here, dtype=torch.int32, device=args.device)
    torch.distributed.all_reduce(everywhere, torch.distributed.ReduceOp.MAX)
    return int(everywhere)
