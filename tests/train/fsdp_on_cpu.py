"""``grpo-train`` under FSDP 2 in processes on the CPU: torch shards there too, accelerate just does not offer it."""

import sys
from typing import Any

import pytest
from same_draws import same_draws


def offer_fsdp(patch: pytest.MonkeyPatch) -> None:
    """Have accelerate take several processes on the CPU for what the launcher's configuration says they are."""
    from accelerate.state import AcceleratorState, DistributedType

    make = AcceleratorState.__init__

    def make_fsdp(self: AcceleratorState, *arguments: Any, fsdp_plugin: Any = None, **named: Any) -> None:
        make(self, *arguments, fsdp_plugin=fsdp_plugin, **named)
        if self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.FSDP
        if fsdp_plugin is not None:
            self.fsdp_plugin = fsdp_plugin

    patch.setattr(AcceleratorState, "__init__", make_fsdp)


def check_sharded(patch: pytest.MonkeyPatch) -> None:
    """Fail when a run ends with a weight that is not spread over the processes."""
    from grpokit.train.trl.trainer import GuardedTrainer
    from torch.distributed.tensor import DTensor

    train = GuardedTrainer.train

    def train_sharded(self: GuardedTrainer, *arguments: Any, **named: Any) -> Any:
        done = train(self, *arguments, **named)
        assert all(isinstance(weight, DTensor) for weight in self.model_wrapped.parameters())
        return done

    patch.setattr(GuardedTrainer, "train", train_sharded)


if __name__ == "__main__":
    from grpokit.commands.train import main

    with pytest.MonkeyPatch.context() as patch, same_draws():
        offer_fsdp(patch)
        check_sharded(patch)
        sys.exit(main())
