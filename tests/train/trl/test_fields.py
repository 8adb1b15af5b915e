"""The fields of GRPOConfig, read from source, against the class itself."""

from dataclasses import fields

from grpokit.train.trl.fields import OURS, grpo_fields


def test_fields_are_those_of_the_class() -> None:
    from trl.trainer.grpo_config import GRPOConfig

    assert set(grpo_fields()) == {field.name for field in fields(GRPOConfig) if field.init}


def test_fields_that_are_ours_exist() -> None:
    assert set(OURS) <= set(grpo_fields())
