"""The fields of GRPOConfig, read from source, against the class itself."""

from dataclasses import fields

import pytest
from grpokit.train import TrainingError
from grpokit.train.trl.fields import OURS, WORDS, check_field, grpo_fields, report_services


def test_fields_are_those_of_the_class() -> None:
    from trl.trainer.grpo_config import GRPOConfig

    assert set(grpo_fields()) == {field.name for field in fields(GRPOConfig) if field.init}


def test_fields_that_are_ours_exist() -> None:
    assert set(OURS) <= set(grpo_fields())


WRONG = [
    # what is written, and the repair
    ("report_to", "wandbb", "is no service. Did you mean 'wandb'?"),
    ("report_to", ["tensorboard", "mlflo"], "Did you mean 'mlflow'?"),
    ("lr_scheduler_type", "constnt", "Did you mean 'constant'?"),
    ("optim", "adamw_torc", "Did you mean 'adamw_torch'?"),
    ("loss_type", "dapoo", "Did you mean 'dapo'?"),  # TRL says so after the first completions
    ("bf16", "yes", "GRPOConfig takes bool | None. Write true or false."),
    ("max_steps", "yes", "GRPOConfig takes int."),
]


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_wrong_word_is_refused_with_the_nearest(name: str, value: object, said: str) -> None:
    with pytest.raises(TrainingError) as caught:
        check_field(name, value)
    assert said in str(caught.value)
    assert "Write true" not in str(caught.value) or "bool" in said


RIGHT = [
    ("report_to", "all"), ("report_to", "none"), ("report_to", None), ("report_to", ["wandb", "tensorboard"]),
    ("lr_scheduler_type", "cosine"), ("save_strategy", "no"), ("optim", "adamw_torch"), ("run_name", "anything"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_right_word_is_taken(name: str, value: object) -> None:
    check_field(name, value)


def test_services_are_those_of_transformers() -> None:
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    assert report_services() == tuple(INTEGRATION_TO_CALLBACK)


def test_words_are_those_that_trl_compares_with() -> None:
    import inspect

    from trl.trainer import grpo_config, grpo_trainer

    source = inspect.getsource(grpo_trainer) + inspect.getsource(grpo_config)
    assert {word for words in WORDS.values() for word in words if f'"{word}"' not in source} == set()
    assert set(WORDS) <= set(grpo_fields())
