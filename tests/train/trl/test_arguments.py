"""What reaches TRL."""

from pathlib import Path

import pytest
from grpokit.train import TrainingError, make_plan
from grpokit.train.trl.arguments import make_arguments, stop_at_turns

from ..fixture_types import MakeRecipe


def test_defaults_that_differ_from_trl(tiny: MakeRecipe, tmp_path: Path) -> None:
    arguments = make_arguments(tiny(), make_plan(tiny(), 100), tmp_path)
    assert arguments.disable_dropout
    assert arguments.reward_weights == [1.0, 0.5]


def test_dropout_is_off_in_rollouts(tiny: MakeRecipe, tmp_path: Path) -> None:
    """GPT-2 carries a dropout of 0.1, which TRL leaves active when it samples."""
    import torch
    from datasets import Dataset
    from grpokit.evaluate.demo import checkpoint_path
    from grpokit.evaluate.engines.loading import load_tokenizer
    from transformers import GPT2Config, GPT2LMHeadModel
    from trl.trainer.grpo_trainer import GRPOTrainer

    model = GPT2LMHeadModel(GPT2Config(vocab_size=36, n_positions=64, n_embd=8, n_layer=1, n_head=1))
    assert model.transformer.drop.p > 0
    trainer = GRPOTrainer(
        model,
        list(tiny().mix.reward_funcs),
        args=make_arguments(tiny(), make_plan(tiny(), 100), tmp_path),
        train_dataset=Dataset.from_dict({"prompt": ["1+1"] * 8, "reference": ["2"] * 8}),
        processing_class=load_tokenizer(checkpoint_path()),
    )
    assert trainer.model is not None
    rates = {module.p for module in trainer.model.modules() if isinstance(module, torch.nn.Dropout)}
    assert rates == {0.0}


def test_vllm_ends_completions_with_the_turn_beside_what_the_recipe_says(tiny: MakeRecipe, tmp_path: Path) -> None:
    from grpokit.evaluate.demo import checkpoint_path
    from grpokit.evaluate.engines.loading import load_tokenizer

    arguments = make_arguments(tiny(), make_plan(tiny(), 100), tmp_path)
    tokenizer = load_tokenizer(checkpoint_path())
    stop_at_turns(arguments, tokenizer)
    assert arguments.generation_kwargs is None  # TRL reads the end tokens of the loaded model
    arguments.use_vllm, arguments.generation_kwargs = True, {"stop_token_ids": [9], "min_tokens": 2}
    stop_at_turns(arguments, tokenizer)
    assert arguments.generation_kwargs == {"stop_token_ids": [9, 3], "min_tokens": 2}


def test_stop_strings_that_trl_cannot_follow_are_refused_before_the_model_is_loaded(
    tiny: MakeRecipe, tmp_path: Path
) -> None:
    recipe = tiny("generation_kwargs={'stop_strings': ['Q:']}")
    with pytest.raises(TrainingError, match="stop_strings are looked for with a tokenizer"):
        make_arguments(recipe, make_plan(recipe, 100), tmp_path)
