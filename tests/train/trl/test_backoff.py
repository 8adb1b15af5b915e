"""Memory that runs out changes how a run is computed, not what it learns. The model raises the errors itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from grpokit.train import TrainedAdapter, TrainingError, train

from ..fixture_types import MakeRecipe
from ..recorder import Recorder

CUDA = "CUDA out of memory. Tried to allocate 2.00 GiB."
CPU = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"


@pytest.fixture
def short_of_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Make the embedded model's forward raise above so many rows; returns the rows of passes that went through."""
    from transformers import LlamaModel

    forward = LlamaModel.forward

    def make(*, learning: int | None = None, drawing: int | None = None, error: type = torch.OutOfMemoryError) -> Any:
        passed: list[int] = []

        def limited(self: Any, input_ids: Any = None, **named: Any) -> Any:
            limit = learning if torch.is_grad_enabled() else drawing
            if limit is not None and len(input_ids) > limit:
                raise error(CUDA if error is torch.OutOfMemoryError else CPU)
            if torch.is_grad_enabled():
                passed.append(len(input_ids))
            return forward(self, input_ids=input_ids, **named)

        monkeypatch.setattr(LlamaModel, "forward", limited)
        return passed

    return make


def weights(folder: Path) -> torch.Tensor:
    from safetensors.torch import load_file

    tensors = load_file(folder / "adapter_model.safetensors")
    return torch.cat([tensors[name].flatten().double() for name in sorted(tensors)])


def distance(left: TrainedAdapter, right: TrainedAdapter) -> float:
    """The length of the difference of two adapters, relative to that of the first."""
    first, second = weights(left.folder), weights(right.folder)
    return float((first - second).norm() / first.norm())


GEOMETRIES = [
    [],  # one micro-batch a step
    ["gradient_accumulation_steps=2"],  # gradients of earlier micro-batches are kept
    ["num_iterations=2", "steps_per_generation=2", "beta=0.1"],  # old and reference probabilities, batches used again
]


@pytest.mark.parametrize("overrides", GEOMETRIES)
def test_backing_off_keeps_the_run(
    tiny: MakeRecipe,
    tmp_path: Path,
    recorder: Recorder,
    short_of_memory: Callable[..., list[int]],
    overrides: list[str],
) -> None:
    recipe = tiny("max_steps=4", *overrides)
    whole = train(recipe, tmp_path / "whole")
    passed = short_of_memory(learning=6)
    again = train(recipe, tmp_path / "again", watcher=recorder)
    assert set(passed) == {4}
    assert distance(whole, again) <= 1e-6
    assert [note.split(";")[0] for note in recorder.notes if "out of memory" in note] == [
        "out of memory while training on 16 completions at a time",
        "out of memory while training on 8 completions at a time",
    ]


@pytest.mark.parametrize("loss", ["dapo", "grpo", "dr_grpo", "bnpo"])  # each divides by something else
def test_backing_off_is_what_trl_does_with_smaller_micro_batches(
    tiny: MakeRecipe, tmp_path: Path, short_of_memory: Callable[..., list[int]], loss: Any
) -> None:
    halved = ["per_device_train_batch_size=8", "gradient_accumulation_steps=2"]
    small = train(tiny("max_steps=3", f"loss_type={loss}", *halved), tmp_path / "small")
    short_of_memory(learning=8)
    cut = train(tiny("max_steps=3", f"loss_type={loss}"), tmp_path / "cut")
    assert distance(small, cut) == 0


def test_error_of_the_allocator_for_cpus_is_known(
    tiny: MakeRecipe, tmp_path: Path, recorder: Recorder, short_of_memory: Callable[..., list[int]]
) -> None:
    passed = short_of_memory(learning=8, drawing=8, error=RuntimeError)
    train(tiny(), tmp_path / "run", watcher=recorder)
    assert set(passed) == {8}


def test_memory_that_runs_out_in_the_backward_pass_leaves_no_half_gradient(
    tiny: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate import Accelerator

    recipe = tiny("max_steps=4", "gradient_accumulation_steps=2")
    whole = train(recipe, tmp_path / "whole")
    backward, calls = Accelerator.backward, []

    def failing(self: Any, loss: Any, **named: Any) -> None:
        backward(self, loss, **named)
        calls.append(loss)
        if len(calls) == 4:  # the second micro-batch of the second step: its gradient is there already
            raise torch.OutOfMemoryError(CUDA)

    monkeypatch.setattr(Accelerator, "backward", failing)
    assert distance(whole, train(recipe, tmp_path / "again")) <= 1e-6


def test_odd_micro_batches_are_cut_evenly(
    tiny: MakeRecipe, tmp_path: Path, short_of_memory: Callable[..., list[int]]
) -> None:
    recipe = tiny("per_device_train_batch_size=9", "num_generations=3")
    whole = train(recipe, tmp_path / "whole")
    passed = short_of_memory(learning=4)
    assert distance(whole, train(recipe, tmp_path / "again")) <= 1e-6
    assert set(passed) == {3}


def test_loss_that_depends_on_the_micro_batch_is_not_called_the_same(
    tiny: MakeRecipe, tmp_path: Path, recorder: Recorder, short_of_memory: Callable[..., list[int]]
) -> None:
    short_of_memory(learning=8)
    train(tiny("loss_type=bnpo", "lora.dropout=0.1"), tmp_path / "run", watcher=recorder)
    (note,) = [note for note in recorder.notes if "out of memory" in note]
    assert note.endswith("With loss_type=bnpo and lora.dropout that is not the very same run.")


NEVER_ENOUGH = [
    ({"learning": 0}, "out of memory while training on one completion at a time; give gradient_checkpointing=true"),
    ({"drawing": 0}, "out of memory while completions are drawn, one at a time even; give a smaller max_completion"),
]


@pytest.mark.parametrize(("limits", "message"), NEVER_ENOUGH)
def test_no_memory_at_all_is_one_line(
    tiny: MakeRecipe, tmp_path: Path, short_of_memory: Callable[..., list[int]], limits: dict[str, int], message: str
) -> None:
    short_of_memory(**limits)
    with pytest.raises(TrainingError, match=message):
        train(tiny(), tmp_path / "run")


def test_no_memory_for_the_optimizer_is_one_line(
    tiny: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any, closure: object = None) -> None:
        raise torch.OutOfMemoryError(CUDA)

    monkeypatch.setattr(torch.optim.AdamW, "step", full)
    with pytest.raises(TrainingError, match="out of memory where the work could not be cut; give a smaller"):
        train(tiny(), tmp_path / "run")


def test_other_errors_are_not_taken_for_memory(
    tiny: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate import Accelerator

    def broken(self: Any, loss: Any, **named: Any) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(Accelerator, "backward", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        train(tiny(), tmp_path / "run")
