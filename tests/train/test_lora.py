"""LoRA targets on real architectures at tiny size."""

import pytest
from grpokit.train import TrainingError
from grpokit.train.lora import make_lora
from grpokit.train.recipe.recipe import LoraSection
from transformers import PreTrainedModel


@pytest.fixture(scope="module")
def phi() -> PreTrainedModel:
    from transformers import AutoModelForCausalLM, PhiConfig

    config = PhiConfig(vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return model


def adapted(model: PreTrainedModel, section: LoraSection, notes: list[str]) -> set[str]:
    from peft import get_peft_model

    tuned = get_peft_model(model, make_lora(section, model, notes.append))
    names = {name.split(".lora_A")[0].rsplit(".", 1)[-1] for name, _ in tuned.named_parameters() if "lora_A" in name}
    tuned.unload()
    return names


PHI_NAMES = {"q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"}


def test_old_phi_names_are_translated(phi: PreTrainedModel) -> None:
    """PEFT adapts fc1 and fc2 alone under the old names, without a word."""
    notes: list[str] = []
    section = LoraSection(target_modules=["Wqkv", "out_proj", "fc1", "fc2"])
    assert adapted(phi, section, notes) == PHI_NAMES
    assert len(notes) == 2


def test_all_linear_leaves_the_output_out(phi: PreTrainedModel) -> None:
    assert adapted(phi, LoraSection(), []) == PHI_NAMES


BAD_TARGETS = [
    (["q_proj", "qkv"], "no module 'qkv'"),  # one of two matches
    (["proj"], "no module 'proj'"),  # a part of a name is no name
    (["lm_head"], "leave it out"),  # TRL would ignore it
    ([], "empty"),
]


@pytest.mark.parametrize(("targets", "message"), BAD_TARGETS)
def test_target_that_matches_nothing_is_refused(phi: PreTrainedModel, targets: list[str], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        make_lora(LoraSection(target_modules=targets), phi, print)


def test_modules_that_there_are_come_without_the_numbers_of_blocks(phi: PreTrainedModel) -> None:
    with pytest.raises(TrainingError, match=r"; it has ([a-z_]\w*, )+[a-z_]\w*\.$"):
        make_lora(LoraSection(target_modules=["qkv"]), phi, print)
