"""LoRA targets on real architectures at tiny size."""

from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate.engines.loading import load_base
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.train import TrainingError, train
from grpokit.train.lora import make_lora
from grpokit.train.recipe.sections import LoraSection
from transformers import PreTrainedModel

from .fixture_types import MakeRecipe


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


def test_routers_of_experts_are_left_out_and_said() -> None:
    from transformers import AutoModelForCausalLM, PhimoeConfig

    config = PhimoeConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, num_local_experts=4,
    )  # fmt: skip
    notes: list[str] = []
    names = adapted(AutoModelForCausalLM.from_config(config), LoraSection(r=4), notes)
    assert not names & {"gate", "router"}
    assert "q_proj" in names
    (note,) = notes
    assert note.startswith("all-linear leaves out the routers of experts (")


@pytest.mark.parametrize(("tied", "merge", "fine"), [(True, True, False), (False, True, True), (True, False, True)])
def test_tied_embeddings_are_not_merged(tied: bool, merge: bool, fine: bool) -> None:
    """The adapter changes what the model reads, a merge what it writes as well."""
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        tie_word_embeddings=tied,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    section = LoraSection(target_modules=["embed_tokens", "q_proj"])
    if fine:
        make_lora(section, model, print, merge=merge)
        return
    with pytest.raises(TrainingError, match=r"lora: model\.embed_tokens is the model's output, too"):
        make_lora(section, model, print, merge=merge)
    make_lora(LoraSection(), model, print, merge=merge)


@pytest.mark.parametrize(("r", "fine"), [(16, True), (17, False)])
def test_rank_beyond_the_narrower_side_is_refused(phi: PreTrainedModel, r: int, fine: bool) -> None:
    if fine:
        make_lora(LoraSection(r=r), phi, print)
        return
    with pytest.raises(TrainingError, match="at most 16 wide"):
        make_lora(LoraSection(r=r), phi, print)


FIELDS: dict[str, Any] = {
    "use_rslora": True,
    "rank_pattern": {"fc1": 2},
    "alpha_pattern": {"fc1": 3},
    "init_lora_weights": "gaussian",
}


def test_fields_of_peft_are_passed_on(phi: PreTrainedModel) -> None:
    section = LoraSection(**FIELDS, exclude_modules=["q_proj"], modules_to_save=["final_layernorm"])
    made = make_lora(section, phi, print)
    assert {name: getattr(made, name) for name in FIELDS} == FIELDS
    assert adapted(phi, section, []) == PHI_NAMES - {"q_proj"}


def test_fields_are_those_of_peft() -> None:
    from dataclasses import fields

    from grpokit.train.lora import PASSED
    from grpokit.train.recipe.start import FIELDS as CALLED
    from peft import LoraConfig

    own = {field.name for field in fields(LoraConfig)}
    assert PASSED | CALLED.keys() <= own
    assert {*CALLED.values(), *PASSED} <= set(LoraSection.model_fields)


def test_a_pattern_of_whole_names_is_taken(phi: PreTrainedModel) -> None:
    assert adapted(phi, LoraSection(target_modules=r".*\.mlp\.fc\d"), []) == {"fc1", "fc2"}


BAD_NAMES = [
    ({"exclude_modules": ["qkv"]}, r"lora\.exclude_modules: the model has no module 'qkv'"),
    ({"modules_to_save": ["norm"]}, r"lora\.modules_to_save: the model has no module 'norm'"),
    ({"modules_to_save": ["lm_head"]}, r"lora\.modules_to_save: TRL computes the loss past lm_head"),
    ({"rank_pattern": {"qkv": 8}}, r"lora\.rank_pattern: the model has no module 'qkv'"),
    ({"alpha_pattern": {"q_pro": 8}}, r"lora\.alpha_pattern: the model has no module 'q_pro'"),
    ({"target_modules": "fc1"}, r"lora\.target_modules: no module matches the pattern 'fc1'"),  # not the whole name
    ({"target_modules": "(fc1"}, r"no regular expression"),
]


@pytest.mark.parametrize(("fields", "message"), BAD_NAMES)
def test_names_that_match_nothing_are_refused(phi: PreTrainedModel, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        make_lora(LoraSection(**fields), phi, print)


@pytest.mark.parametrize("field", ["use_dora=true", "init_lora_weights=orthogonal", "use_rslora=true"])
def test_variants_learn_and_are_answered_with(tiny: MakeRecipe, tmp_path: Path, field: str) -> None:
    """DoRA's merged weights are drawn from, and its magnitudes move."""
    out = train(tiny(f"lora.{field}", "max_steps=3"), tmp_path / "run").folder
    assert load_base(ModelPath("demo")).add_adapter(out) > 0
