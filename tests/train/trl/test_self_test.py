"""Completions are as likely in the loss as when they were drawn, whatever positions and dropout an architecture has."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from grpokit.evaluate.demo import checkpoint_path
from grpokit.train import train
from grpokit.train.trl.self_test import Agreement, measure_agreement

from ..fixture_types import MakeRecipe
from ..recorder import Recorder


class Architecture(NamedTuple):
    """A configuration class and its sizes; weights are random, and large enough to make positions matter."""

    config: str
    sizes: dict[str, Any]


GPT2 = Architecture("GPT2Config", {"n_positions": 128, "n_embd": 32, "n_layer": 1, "n_head": 2})
_HEADS = {"num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 128}
ARCHITECTURES = {
    # learned positions, and modules of dropout
    "gpt2": GPT2,
    # positions counted from the mask, and rates of dropout that are numbers of a layer
    "opt": Architecture("OPTConfig", {**_HEADS, "hidden_size": 32, "ffn_dim": 64, "word_embed_proj_dim": 32}),
    # positions of sines, in no module of their own
    "xglm": Architecture(
        "XGLMConfig",
        {"d_model": 32, "ffn_dim": 64, "num_layers": 1, "attention_heads": 2, "max_position_embeddings": 128},
    ),
    # rotary positions, which stay as TRL has them
    "qwen3": Architecture(
        "Qwen3Config",
        {**_HEADS, "hidden_size": 32, "intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 16},
    ),
}


def write(architecture: Architecture, folder: Path) -> Path:
    """A checkpoint with the demo's tokenizer."""
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint_path())
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    width = {"init_std" if architecture.config in ("OPTConfig", "XGLMConfig") else "initializer_range": 0.5}
    torch.manual_seed(0)
    config = getattr(transformers, architecture.config)(
        vocab_size=len(tokenizer), **architecture.sizes, **ends, **dict.fromkeys(width, 0.5)
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def agreements(monkeypatch: pytest.MonkeyPatch) -> list[Agreement | None]:
    """What each self-test came to."""
    seen = list[Agreement | None]()

    def remember(*arguments: Any) -> Agreement | None:
        seen.append(measure_agreement(*arguments))
        return seen[-1]

    monkeypatch.setattr("grpokit.train.trl.trainer.measure_agreement", remember)
    return seen


@pytest.fixture
def uneven(tmp_path: Path) -> str:
    """A task whose prompts have many lengths, so that they are padded."""
    rows = tmp_path / "rows.jsonl"
    lines = [{"question": "1+" * (n % 7 + 1) + "2", "reference": "4"} for n in range(16)]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    card = tmp_path / "card.yaml"
    card.write_text(
        f"name: own\nsource: {{file: {rows}}}\nuser: '{{question}}'\nreference: reference\n"
        "rewards: correctness=1\nprimary: correctness\nmax_new_tokens: 12\n"
    )
    return str(card)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("dropout", ["true", "false"])  # with false it is in the loss alone
def test_drawn_as_learned(
    tiny: MakeRecipe, uneven: str, agreements: list[Agreement | None], tmp_path: Path, name: str, dropout: str
) -> None:
    model, recorder = write(ARCHITECTURES[name], tmp_path / "model"), Recorder()
    recipe = tiny(f"model.path={model}", f"task.name={uneven}", "rewards=correctness=1", f"disable_dropout={dropout}")
    train(recipe, tmp_path / "run", watcher=recorder)
    (agreement,) = agreements  # once a run
    assert agreement is not None
    assert agreement.tokens > 20
    assert agreement.mean < 1e-5
    assert recorder.alarms == []


def test_other_positions_in_the_loss_are_an_alarm(
    tiny: MakeRecipe, uneven: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRL's loss by itself counts the padding of a prompt (trl#6800)."""
    monkeypatch.setattr("grpokit.train.trl.trainer.count_positions", lambda base: None)
    model, recorder = write(GPT2, tmp_path / "model"), Recorder()
    train(
        tiny(f"model.path={model}", f"task.name={uneven}", "rewards=correctness=1"), tmp_path / "run", watcher=recorder
    )
    assert [(one.step, one.kind) for one in recorder.alarms] == [(0, "self-test")]
    assert "as drawn and in the loss do not agree" in recorder.alarms[0].text


NUMBERS = [
    # settings that round, and how little is explained by rounding
    ("model.dtype=bfloat16", 0.1),
    ("bf16=true", 0.1),
    ("model.quantization=4bit", 0.1),
    ("temperature=0.7", 0.001),  # float32: the loss divides by it, and so did the draw
]


@pytest.mark.parametrize(("override", "allowed"), NUMBERS)
def test_what_rounding_explains_is_allowed(
    tiny: MakeRecipe, agreements: list[Agreement | None], tmp_path: Path, override: str, allowed: float
) -> None:
    train(tiny("max_steps=1", override), tmp_path / "run")
    (agreement,) = agreements
    assert agreement is not None
    assert agreement.allowed == allowed
    assert agreement.holds


def test_noise_on_embeddings_is_in_the_loss_alone(
    tiny: MakeRecipe, agreements: list[Agreement | None], tmp_path: Path
) -> None:
    """NEFTune's hook adds its noise wherever the embedding trains, in TRL's rollouts too."""
    train(tiny("max_steps=1", "neftune_noise_alpha=50"), tmp_path / "noisy")
    train(tiny("max_steps=1"), tmp_path / "plain")
    assert agreements[0] == agreements[1]
    logs = [(tmp_path / name / "history.jsonl").read_text().splitlines()[0] for name in ("noisy", "plain")]
    noisy, plain = map(json.loads, logs)
    assert noisy["reward"] == plain["reward"]
    assert noisy["grad_norm"] != plain["grad_norm"]
