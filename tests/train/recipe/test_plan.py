"""Batch geometry and steps, against TRL's own arithmetic."""

from pathlib import Path

import pytest
from grpokit.train import Recipe, TrainingError, make_plan
from grpokit.train.recipe.plan import solve
from hypothesis import given
from hypothesis import strategies as st
from trl.trainer.grpo_trainer import GRPOTrainer

from ..fixture_types import MakeRecipe

COUNTS = st.integers(1, 12)


def test_advice_for_a_misfit_counts_the_processes() -> None:
    wrong = {"per_device_train_batch_size": 1, "num_generations": 8, "gradient_accumulation_steps": 3}
    with pytest.raises(TrainingError, match=r"1 completions a micro-batch x 2 process.* to a multiple of 4,"):
        solve(wrong, 2)


@given(micro=COUNTS, processes=COUNTS, group=st.integers(2, 16))
def test_open_accumulation_fills_whole_groups_and_is_the_smallest(micro: int, processes: int, group: int) -> None:
    geometry = solve({"per_device_train_batch_size": micro, "num_generations": group}, processes)
    assert geometry.generation_batch % group == 0
    smaller = range(1, geometry.accumulation)
    assert all(micro * processes * accumulation % group for accumulation in smaller)


def test_batch_of_4_with_groups_of_8_is_solved() -> None:
    """TRL raises on batch 4 with its default of 8 generations."""
    from trl.trainer.grpo_config import GRPOConfig

    geometry = solve({"per_device_train_batch_size": 4}, 1)
    config = GRPOConfig(
        per_device_train_batch_size=4, gradient_accumulation_steps=geometry.accumulation, use_cpu=True, bf16=False
    )
    assert (config.generation_batch_size, config.steps_per_generation) == (8, geometry.steps_per_generation)


MISFITS = [
    (["gradient_accumulation_steps=3", "per_device_train_batch_size=2"], "multiple of 2"),  # 6 is no multiple of 4
    (["generation_batch_size=20"], "multiple of 16"),  # no whole micro-batch
    (["generation_batch_size=32", "steps_per_generation=2"], "not both"),
    (["num_generations=1"], "at least 2"),  # no group, no advantage
    (["num_generations=null"], "at least 2"),
    (["learning_rate=0"], "above 0"),
    (["temperature=0"], r"at least 0\.01"),  # greedy completions of a group are all equal
    (["temperature=1e-300"], r"at least 0\.01"),  # its logits are infinite
    (["top_p=-1.0"], "at least 1e-06"),  # what follows TRL and torch would complain of at the first step
    (["top_p=5.0"], "at most 1"),
    (["min_p=7.0"], "at most 1"),
    (["top_k=-5"], "at least 0"),
    (["repetition_penalty=-1.0"], r"at least 0\.01"),
    (["adam_beta1=2.0"], r"at most 0\.999999"),
    (["adam_beta2=1"], r"at most 0\.999999"),
    (["adam_epsilon=-1.0"], "at least 0"),
    (["max_completion_length=0"], "at least 1"),
    (["beta=-1"], "at least 0"),
    (["max_steps=-3"], r"max_steps=-3: give at least 1, or -1"),  # to TRL the same as -1
    (["max_steps=0"], "give at least 1, or -1"),
    (["num_train_epochs=0"], "above 0"),
    (["save_steps=0"], "above 0"),
    (["logging_steps=-1"], "above 0"),
    (["weight_decay=-0.1"], "at least 0"),
    (["max_grad_norm=-1"], "at least 0"),
    (["warmup_steps=-1"], "at least 0"),
    (["epsilon=-1"], "epsilon=-1: give at least 0"),  # TRL trains with what follows, to no purpose
    (["epsilon_high=-3"], "at least 0"),
    (["delta=0"], "above 0"),
    (["delta=-1"], "above 0"),
    (["top_entropy_quantile=5"], "at most 1"),  # torch's own error
    (["top_entropy_quantile=-1"], "at least 0"),
    (["neftune_noise_alpha=-4"], "at least 0"),
    (["seed=-1"], "seed=-1: give at least 0"),
    (["seed=4294967296"], r"at most 4294967295\."),  # numpy's own error
    (["sapo_temperature_pos=0"], "sapo_temperature_pos=0: give a number above 0"),  # it is divided by
    (["sapo_temperature_neg=-1"], "above 0"),
]


@pytest.mark.parametrize(("overrides", "message"), MISFITS)
def test_what_does_not_fit_is_refused(tiny: MakeRecipe, overrides: list[str], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        make_plan(tiny(*overrides), 100)


ENDS = [
    "min_p=null", "top_k=0", "top_p=1.0", "temperature=0.01", "adam_beta1=0", "epsilon=0", "epsilon=5",
    "epsilon_high=null", "epsilon_high=5.0", "delta=null", "delta=1.5", "top_entropy_quantile=0",
    "top_entropy_quantile=1.0", "neftune_noise_alpha=null", "neftune_noise_alpha=0", "seed=0", "seed=4294967295",
]  # fmt: skip


@pytest.mark.parametrize("override", ENDS)
def test_ends_of_ranges_are_taken(tiny: MakeRecipe, override: str) -> None:
    assert make_plan(tiny(override), 100).steps == 2


def test_data_smaller_than_a_generation_batch_is_refused(tiny: MakeRecipe) -> None:
    """TRL trains 0 steps on it and reports success."""
    with pytest.raises(TrainingError, match="3 rows do not fill one generation batch of 4 prompts"):
        make_plan(tiny(), 3)
    assert make_plan(tiny(), 4).steps == 2


EPOCHS = [
    # rows, overrides, steps
    (16, ["num_train_epochs=1"], 4),  # 4 prompts a generation batch, one step each
    (18, ["num_train_epochs=1"], 4),  # two rows left over
    (16, ["num_train_epochs=2.5"], 10),
    (16, ["num_train_epochs=1.1"], 5),  # a step begun is made
    (16, ["num_train_epochs=1", "num_iterations=2"], 8),  # each batch is used twice
    (16, ["num_train_epochs=1", "gradient_accumulation_steps=2"], 2),  # 8 prompts a generation batch
    (16, ["num_train_epochs=1", "steps_per_generation=2"], 4),  # 8 prompts, two steps each
]


@pytest.mark.parametrize(("rows", "overrides", "steps"), EPOCHS)
def test_steps_of_epochs(tiny: MakeRecipe, rows: int, overrides: list[str], steps: int) -> None:
    assert make_plan(tiny("max_steps=-1", *overrides), rows).steps == steps


@pytest.mark.parametrize(("rows", "overrides", "steps"), EPOCHS)
def test_steps_of_epochs_are_those_of_trl(
    tiny: MakeRecipe, rows: int, overrides: list[str], steps: int, tmp_path: Path
) -> None:
    trainer = real_trainer(tiny("max_steps=-1", *overrides), rows, tmp_path)
    loader = trainer.get_train_dataloader()
    counted = trainer.set_initial_training_values(trainer.args, loader)
    assert steps == counted[-1]


def real_trainer(recipe: Recipe, rows: int, folder: Path) -> GRPOTrainer:
    from datasets import Dataset
    from grpokit.evaluate.demo import checkpoint_path
    from grpokit.train.trl.arguments import make_arguments
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return GRPOTrainer(
        AutoModelForCausalLM.from_pretrained(checkpoint_path()),
        list(recipe.mix.reward_funcs),
        args=make_arguments(recipe, make_plan(recipe, rows), folder),
        train_dataset=Dataset.from_dict({"prompt": ["1+1"] * rows, "reference": ["2"] * rows}),
        processing_class=AutoTokenizer.from_pretrained(checkpoint_path()),
    )


def test_save_steps_fall_on_generation_boundaries(tiny: MakeRecipe) -> None:
    """Resuming is bit-exact only from there."""
    plan = make_plan(tiny("steps_per_generation=4", "save_steps=10"), 100)
    assert (plan.cycle, plan.save_steps) == (4, 12)
    assert any("save_steps=12 instead of 10" in note for note in plan.notes)
    assert make_plan(tiny("save_steps=10"), 100).save_steps == 10


CYCLES = [
    # micro-batches per generation batch, per step, uses of each, steps until generation batches are used up
    (4, 1, 1, 4),
    (2, 4, 1, 1),  # two generation batches in a step
    (3, 2, 1, 3),  # the second step takes from both
    (2, 2, 3, 3),
]


@pytest.mark.parametrize(("per_generation", "accumulation", "iterations", "cycle"), CYCLES)
def test_cycle_ends_where_a_step_and_a_generation_batch_end(
    tiny: MakeRecipe, per_generation: int, accumulation: int, iterations: int, cycle: int
) -> None:
    batches = [f"steps_per_generation={per_generation}", f"gradient_accumulation_steps={accumulation}"]
    assert make_plan(tiny(*batches, f"num_iterations={iterations}"), 100).cycle == cycle


def test_save_steps_may_be_a_share_of_the_run(tiny: MakeRecipe) -> None:
    assert make_plan(tiny("save_steps=0.25", "steps_per_generation=4"), 100).save_steps == 0.25


def test_learning_rate_too_low_for_lora_is_noted(tiny: MakeRecipe) -> None:
    """TRL's default of 1e-6 moves no LoRA adapter."""
    assert any("hardly moves" in note for note in make_plan(tiny("learning_rate=1e-6"), 100).notes)
    assert not make_plan(tiny("learning_rate=1e-5"), 100).notes


DELTAS = [
    # overrides, whether TRL's advice on the bound is repeated
    (["delta=1.2"], True),  # epsilon is 0.2
    (["delta=1.3"], False),
    (["delta=1.3", "epsilon=0.4"], True),
    (["delta=1.3", "epsilon_high=0.3"], True),
    (["delta=1.3", "epsilon=0.4", "epsilon_high=null"], True),
    (["delta=null"], False),
]


@pytest.mark.parametrize(("overrides", "noted"), DELTAS)
def test_delta_below_the_clipping_bound_is_noted(tiny: MakeRecipe, overrides: list[str], noted: bool) -> None:
    assert any("delta=" in note for note in make_plan(tiny(*overrides), 100).notes) is noted


def test_stop_texts_that_rollouts_run_past_are_noted(tiny: MakeRecipe, tmp_path: Path) -> None:
    """TRL hands transformers no tokenizer to look for them with."""
    card = tmp_path / "card.yaml"
    rest = "source: {generator: arithmetic}\nuser: '{question}'\nreference: reference\nrewards: correctness=1\n"
    card.write_text(f"name: sums\n{rest}primary: correctness\nstop: ['Q:', '###']\n")
    (note,) = make_plan(tiny(f"task={card}"), 100).notes
    assert note.startswith("the task's stop texts ('Q:', '###') end answers in evaluation alone")
    assert make_plan(tiny(), 100).notes == ()


def test_tokens_are_bounded(tiny: MakeRecipe) -> None:
    assert make_plan(tiny(), 100).max_tokens == 2 * 16 * 32
