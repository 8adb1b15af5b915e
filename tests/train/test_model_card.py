"""The card of a trained model names its base honestly."""

from pathlib import Path
from typing import Any

import pytest
from grpokit.train.model_card import card

from .fixture_types import MakeRecipe

BASES = [
    ("demo", "the embedded demo checkpoint", False),
    ("org/model-1.5", "org/model-1.5", True),  # a hub id is what the hub links
    ("FOLDER", "my base", False),  # a local folder is nobody else's, and TRL's card says "None" for it
]


@pytest.mark.parametrize(("path", "name", "linked"), BASES)
@pytest.mark.parametrize("merged", [False, True])
def test_base_is_metadata_only_where_the_hub_has_it(
    tiny: MakeRecipe, tmp_path: Path, path: str, name: str, linked: bool, merged: bool
) -> None:
    from huggingface_hub import ModelCard

    folder = tmp_path / "my base"
    folder.mkdir()
    text = card(tiny(f"model={folder if path == 'FOLDER' else path}"), 7, merged=merged)
    data: Any = ModelCard(text).data
    assert data.base_model == (path if linked else None)
    assert data.library_name == ("transformers" if merged else "peft")
    assert f"{name}\n" in text
    assert "7 steps" in text
    assert "None" not in text
    assert str(tmp_path) not in text


def test_card_says_how_it_was_trained(tiny: MakeRecipe) -> None:
    text = card(tiny("model.quantization=4bit", "lora.target_modules=[q_proj,v_proj]", "model.revision=v2"), 1)
    assert "at v2, in 4 bits (NF4) while training" in text
    assert "r 16, alpha 32, dropout 0, on `q_proj`, `v_proj`" in text
    assert "learning rate | 0.001" in text
