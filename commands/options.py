"""Options that several commands share: for each group of them a function that adds it and a class that holds it.

A command reads the groups that it has added with :func:`read`; what lies behind it gets these values.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..errors import GrpokitError
from .numbers import batch_size, positive, seconds, whole

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from ..evaluate.engines import Limits, Loading, VllmSettings
    from ..evaluate.engines.spec import ModelSpec
    from ..evaluate.tasks.card import Task
    from ..evaluate.types import Sampling
    from ..rewards import RewardMix
    from ..rewards.fault_isolation import Calls

    Group = TypeVar("Group", bound=DataclassInstance)

RUNS = Path("runs")
"""Where runs go when --out does not say."""


STDOUT = "-"
"""Standard output, in the place of a file."""


class UsageError(GrpokitError):
    """Options that do not go together."""


def note(text: str) -> None:
    """Say something beside the results, on standard error, once for all processes."""
    from ..evaluate.runs.shards import Shard
    from ..reports.wording import one_line

    if Shard.current().first:
        print(f"note: {one_line(text)}", file=sys.stderr)


def read(group: type[Group], args: argparse.Namespace) -> Group:
    """Return the options of a group: each field of its class has the value of the option of that name."""
    return group(**{field.name: getattr(args, field.name) for field in fields(group)})


@dataclass(frozen=True)
class SamplingOptions:
    """How completions are drawn; what is None is as the task's card says."""

    samples: int | None
    temperature: float | None
    top_p: float | None
    max_new_tokens: int | None
    stop: list[str] | None
    seed: int | None

    def of(self, task: Task) -> Sampling:
        """Return the task's settings with these in their place."""
        return task.sampling(**{**asdict(self), "stop": None if self.stop is None else tuple(self.stop)})


class Scoring(NamedTuple):
    """A mix and the name of the metric (a reward, or the total) whose verdict counts."""

    mix: RewardMix
    primary: str


@dataclass(frozen=True)
class ScoringOptions:
    """How completions are scored."""

    rewards: str | None
    primary: str | None
    allow_code: bool
    reward_timeout: float | None = None
    workers: int | None = None

    @property
    def calls(self) -> Calls:
        """How rewards are called: notes on their failures go to standard error."""
        from ..rewards.fault_isolation import Calls

        return Calls(self.reward_timeout, note, self.workers)

    def over(self, default: str, primary: str | None, where: str, *, own: bool = False) -> Scoring:
        """Return the mix of --rewards, or the ``default`` one that the file ``where`` names, and its primary metric.

        A file of this package's ``own`` may name its code.
        """
        from ..evaluate.scoring import check_primary, primary_of
        from ..rewards import RewardMix

        code = self.allow_code or own
        mix = RewardMix.parse(chosen_spec(self.rewards, default, where, allow_code=code))
        if self.primary is not None:
            check_primary(mix, self.primary, "--primary ")
        return Scoring(mix, primary_of(mix, self.primary or primary))


@dataclass(frozen=True)
class EndpointOptions:
    """How endpoints are asked; None is the default."""

    concurrency: int | None
    request_timeout: float | None
    retries: int | None

    def limits(self, specs: Sequence[ModelSpec]) -> Limits:
        """Return the limits; raise :class:`UsageError` where none of the models is an endpoint to limit."""
        from ..evaluate.engines import Limits

        given = {name: value for name, value in asdict(self).items() if value is not None}
        if given and not any(spec.kind == "openai" for spec in specs):
            words = " and ".join("--" + name.replace("_", "-") for name in given)
            raise UsageError(f"{words} is for endpoints (openai:URL#MODEL), and no --model is one; leave it out.")
        return Limits(**given)


def check_loading(specs: Sequence[ModelSpec], loading: Loading) -> None:
    """Raise :class:`UsageError` for an option that says how weights are loaded where none of the models has any."""
    given = [
        "--" + field.name.replace("_", "-")
        for field in fields(loading)
        if getattr(loading, field.name) != field.default
    ]
    if given and not any(spec.loads for spec in specs):
        raise UsageError(f"{' and '.join(given)} is for weights that are loaded here, and no --model is; leave it out.")


@dataclass(frozen=True)
class VllmOptions:
    """How vLLM is loaded."""

    vllm: list[str]

    def settings(self, specs: Sequence[ModelSpec], loading: Loading) -> VllmSettings:
        """Return the settings.

        Raises :class:`UsageError` where no model is vLLM's to set anything of, or one is and has no way to follow an
        option that says how weights are loaded.
        """
        from ..evaluate.engines import VllmSettings

        theirs = [spec.name for spec in specs if spec.kind == "vllm"]
        if self.vllm and not theirs:
            raise UsageError("--vllm is for vLLM (vllm:PATH_OR_ID), and no --model is one; leave it out.")
        ways = {
            "device": "vLLM takes the GPUs that CUDA_VISIBLE_DEVICES names",
            "attention": "vLLM chooses among kernels of its own",
            "quantization": "vLLM serves quantised checkpoints (AWQ, GPTQ, FP8): give one",
        }
        for name, way in ways.items():
            value = getattr(loading, name)
            if theirs and value not in (None, "auto"):
                raise UsageError(f"--{name} {value} is not for {theirs[0]}, which vLLM loads: {way}; leave it out.")
        return VllmSettings.parse(self.vllm)


def add_cluster(group: argparse._ActionsContainer) -> None:
    """Add the option that says which questions are not independent."""
    group.add_argument(
        "--cluster-column",
        metavar="NAME",
        help="the column whose equal values make questions one cluster (a passage, a template), which intervals follow",
    )


def add_generation(parser: argparse.ArgumentParser) -> None:
    """Add the options of generation; the task's card has the defaults."""
    group = parser.add_argument_group("generation (defaults: the task's)")
    group.add_argument("--samples", type=positive, metavar="K", help="completions per prompt")
    group.add_argument("--temperature", type=float, metavar="T", help="0 is greedy")
    group.add_argument("--top-p", type=float, metavar="P", help="nucleus of this mass")
    group.add_argument("--max-new-tokens", type=positive, metavar="N", help="completions are cut there")
    group.add_argument(
        "--stop", action="append", metavar="TEXT", help="completions end before this text; may be given again"
    )
    group.add_argument("--seed", type=int, metavar="S", help="seed of the sampling (default: 0)")
    group.add_argument("--batch-size", type=batch_size, metavar="N|auto", help="rows per batch (default: auto)")


def add_rewards(parser: argparse.ArgumentParser) -> None:
    """Add the options of scoring."""
    group = parser.add_argument_group("scoring")
    group.add_argument(
        "--rewards",
        metavar="SPEC",
        help="the mix, such as 'correctness=1,length(target=200)=0.2'; with other tags than think and answer such as "
        "'layout(answer_tag=result);correctness=1'",
    )
    group.add_argument("--primary", metavar="NAME", help="the reward whose verdict counts, or 'total'")
    add_reward_timeout(group)
    add_workers(group)
    add_allow_code(group)


def add_workers(group: argparse._ActionsContainer) -> None:
    """Add the option that says in how many processes completions are scored."""
    group.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="processes that score, where all rewards are this package's and none loads a model (default: the "
        "processors from 20,000 completions on, 1 below)",
    )


def add_allow_code(group: argparse._ActionsContainer) -> None:
    """Add the option by which the files of the command line may name rewards by import path."""
    group.add_argument(
        "--allow-code",
        action="store_true",
        help="import the rewards that the card, recipe or run named here gives by path (pkg.module:function); what "
        "--rewards says needs no leave",
    )


def chosen_spec(typed: str | None, default: str, where: str, *, allow_code: bool) -> str:
    """Return the mix that was typed, else the one in the file ``where``, which may name no code unless that is allowed.

    Raises :class:`~grpokit.rewards.spec.ForeignCode`.
    """
    from ..rewards.spec import registered_only

    if typed is not None:
        return typed
    return default if allow_code else registered_only(default, where)


def add_reward_timeout(group: argparse._ActionsContainer) -> None:
    """Add the option that sets a deadline to rewards of others."""
    group.add_argument(
        "--reward-timeout",
        type=seconds,
        metavar="SECONDS",
        help="for one call of a reward that is not this package's: a batch that misses it counts as not applicable, "
        "the second one ends the command (default: no limit)",
    )


def add_loading(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how weights are loaded."""
    group = parser.add_argument_group("loading")
    group.add_argument(
        "--dtype",
        default="auto",
        choices=("auto", "float32", "bfloat16", "float16"),
        help="default: auto, which is float32 on a CPU and the checkpoint's own on a GPU",
    )
    group.add_argument("--device", default="auto", help="such as cpu, cuda or cuda:1 (default: auto)")
    group.add_argument("--quantization", choices=("4bit", "8bit"), help="load the base in 4 (NF4) or 8 bits")
    add_trust(group)
    group.add_argument("--attention", choices=("eager", "sdpa", "flash_attention_2"), help="attention implementation")


def add_vllm(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how vLLM is loaded."""
    group = parser.add_argument_group("vLLM (vllm:PATH_OR_ID)")
    group.add_argument(
        "--vllm",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="tensor_parallel_size, gpu_memory_utilization, max_model_len or enforce_eager, as vLLM has them; may be "
        "given again",
    )


def add_trust(group: argparse._ActionsContainer) -> None:
    """Add the option by which the Python code that a checkpoint brings is run."""
    group.add_argument(
        "--trust-remote-code", action="store_true", help="run the Python code that a checkpoint brings (auto_map)"
    )


def add_endpoints(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how endpoints are asked."""
    group = parser.add_argument_group("endpoints (openai:URL#MODEL)")
    group.add_argument("--concurrency", type=positive, metavar="N", help="requests under way at once (default: 16)")
    group.add_argument(
        "--request-timeout",
        type=seconds,
        metavar="S",
        help="seconds for one request, from its first byte to the last of its answer (default: 120)",
    )
    group.add_argument(
        "--retries",
        type=whole,
        metavar="N",
        help="times that a request is repeated after a 429, a 5xx, a timeout or an answer without text (default: 6)",
    )
