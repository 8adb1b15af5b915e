"""The options by which asking ends as soon as the verdict is sure."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .options import UsageError

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..evaluate.engines.spec import ModelSpec


@dataclass(frozen=True)
class StopOptions:
    """When asking may end before all questions are asked."""

    until_decided: bool
    until: str | None

    @property
    def early(self) -> bool:
        """Whether it may end early at all."""
        return self.until_decided or self.held

    @property
    def held(self) -> bool:
        """Whether it ends too when a loss of the margin is ruled out."""
        return self.until == "held"

    def check(self, specs: Sequence[ModelSpec]) -> None:
        """Raise :class:`UsageError` for models that cannot be asked in turns."""
        from ..evaluate.runs.shards import Shard

        if not self.early:
            return
        if len(specs) != 2:
            raise UsageError(f"--until-decided compares a base with one other model, and {len(specs)} are given.")
        for spec in specs:
            if spec.kind == "run":
                raise UsageError(f"--until-decided asks both models in turns, and {spec.name!r} is a finished run.")
        if {spec.kind for spec in specs} == {"vllm"} and specs[0].path.without_adapter != specs[1].path.without_adapter:
            raise UsageError(
                "--until-decided asks the models in turns, and vLLM holds one base at a time: ask the base first, and "
                "then both with --model replay:RUN in its place."
            )
        if Shard.current().count > 1:
            raise UsageError(f"--until-decided is for one process, and {Shard.current().count} share this run.")


def add_stopping(parser: argparse.ArgumentParser) -> None:
    """Add the options by which asking ends as soon as the verdict is sure."""
    group = parser.add_argument_group("when to stop asking (default: after all questions)")
    group.add_argument(
        "--until-decided",
        action="store_true",
        help="ask both models in turns, in a random order, and stop at the first look (after 1/16, 1/8, 1/4 or 1/2 of "
        "the questions) at which one is surely better, or both are surely within the margin of each other",
    )
    group.add_argument(
        "--until", choices=("held",), help="as --until-decided, and stop too when a loss of the margin is ruled out"
    )
