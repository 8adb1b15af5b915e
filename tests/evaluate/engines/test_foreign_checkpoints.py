"""Checkpoints and adapters of others: their code does not run, and what is loaded is what was named."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.loading import check_trained
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.types import EvaluationError, Prompt, Sampling
from grpokit.train import TrainingError, load_recipe
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

CODE = """\
from pathlib import Path

from transformers import LlamaConfig, LlamaForCausalLM

(Path({place!r}) / "ran.txt").write_text("ran")


class Config(LlamaConfig):
    model_type = "evil"


class Model(LlamaForCausalLM):
    config_class = Config


def generate(model, *arguments, **named):
    return model.generate(*arguments, **named)
"""

EVIL = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}


def edit(file: Path, changes: Mapping[str, Any]) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A copy of the demo that brings code, of the same model."""
    folder = shutil.copytree(checkpoint_path(), tmp_path / "model")
    (folder / "evil.py").write_text(CODE.format(place=str(tmp_path)))
    return folder


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned")
    model = AutoModelForCausalLM.from_pretrained(checkpoint_path())
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    adapted.save_pretrained(folder)
    return folder


@pytest.fixture
def adapter(tuned: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tuned, tmp_path / "adapter")


def load(spec: str) -> None:
    list(load_engines([ModelSpec.parse(spec)]))


def typed(place: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command with somebody at the keyboard who says yes to everything."""
    words = ["--task", "arithmetic", "--model", str(place / "model"), "--limit", "1", "--out", str(place / "out")]
    line = [sys.executable, "-m", "grpokit.commands.eval", "run", *words, *options]
    env = os.environ | {"HF_HOME": str(place / "cache"), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(line, capture_output=True, text=True, check=False, input="y\n" * 50, env=env, timeout=120)


def test_a_checkpoints_code_does_not_run_whoever_says_yes(checkpoint: Path, tmp_path: Path) -> None:
    edit(checkpoint / "config.json", {"model_type": "evil", "auto_map": EVIL})
    done = typed(tmp_path)
    assert done.returncode == 2
    said = f"note: {checkpoint} brings Python code of its own, which does not run (--trust-remote-code runs it).\n"
    assert said in done.stderr
    assert not (tmp_path / "ran.txt").exists()
    assert not (tmp_path / "out").exists()
    allowed = typed(tmp_path, "--trust-remote-code")
    assert allowed.returncode == 0, allowed.stderr
    assert "which runs, as --trust-remote-code says" in allowed.stderr
    assert (tmp_path / "ran.txt").exists()


TOKENIZER = """\
from pathlib import Path

from transformers import PreTrainedTokenizerFast

(Path({place!r}) / "ran.txt").write_text("ran")


class Tokenizer(PreTrainedTokenizerFast):
    pass
"""


@pytest.mark.parametrize("action", ["show", "prepare"])
def test_a_tokenizers_code_runs_where_that_is_said(action: str, checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "own.py").write_text(TOKENIZER.format(place=str(tmp_path)))
    own = {"tokenizer_class": "Tokenizer", "auto_map": {"AutoTokenizer": [None, "own.Tokenizer"]}}
    edit(checkpoint / "tokenizer_config.json", own)
    words = ["arithmetic", "--model", str(checkpoint), "--limit", "2"]
    for options in ([], ["--trust-remote-code"]):
        out = ["--out", str(tmp_path / f"out{len(options)}")] if action == "prepare" else []
        line = [sys.executable, "-m", "grpokit.commands.eval", "tasks", action, *words, *out, *options]
        env = os.environ | {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(line, capture_output=True, text=True, check=False, input="y\n" * 50, env=env, timeout=120)
        assert "brings Python code of its own, which" in done.stderr
        assert (tmp_path / "ran.txt").exists() == bool(options), done.stderr
    assert done.returncode == 0, done.stderr


def test_a_known_type_of_model_is_loaded_without_its_code(checkpoint: Path, tmp_path: Path) -> None:
    edit(checkpoint / "config.json", {"auto_map": EVIL})
    edit(checkpoint / "tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}})
    (checkpoint / "custom_generate").mkdir()
    shutil.copy(checkpoint / "evil.py", checkpoint / "custom_generate" / "generate.py")
    done = typed(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("brings Python code of its own, which does not run") == 1
    assert not (tmp_path / "ran.txt").exists()


def test_attention_from_the_hub_is_refused(checkpoint: Path) -> None:
    edit(checkpoint / "config.json", {"attn_implementation": "evil/kernels"})
    with pytest.raises(EvaluationError, match="attn_implementation='evil/kernels' is code on the hub"):
        load(str(checkpoint))


def test_a_recipe_cannot_trust_a_checkpoint(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("model: {path: demo, trust_remote_code: true}\ntask: arithmetic\nrewards: correctness=1\n")
    with pytest.raises(TrainingError, match="not for a file to say; give --trust-remote-code"):
        load_recipe(str(recipe))
    trusting = load_recipe("arithmetic-tiny", ["model.trust_remote_code=true"])
    assert trusting.model.trust_remote_code
    assert "trust_remote_code" not in trusting.to_yaml()  # nor does the recipe beside the adapter


def test_an_adapter_is_the_file_that_peft_loads(adapter: Path) -> None:
    """A pickle is not loaded because something beside it has the right ending."""
    weights = load_file(adapter / "adapter_model.safetensors")
    torch.save(weights, adapter / "adapter_model.bin")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model-decoy.safetensors")
    with pytest.raises(EvaluationError, match=r"there is no adapter_model\.safetensors in it"):
        load(f"demo+{adapter}")


def test_an_adapter_of_zeros_is_said(adapter: Path) -> None:
    check_trained(adapter)
    weights = {name: torch.zeros_like(one) for name, one in load_file(adapter / "adapter_model.safetensors").items()}
    save_file(weights, adapter / "adapter_model.safetensors")
    with pytest.raises(EvaluationError, match="changes nothing: its B matrices are all zero"):
        check_trained(adapter)
    with pytest.raises(EvaluationError, match="changes nothing"):
        load(f"demo+{adapter}")


NAMED = [
    (str(checkpoint_path()), False),
    ("/elsewhere/checkpoint", False),  # the same folder on another machine
    ("", False),
    ("org/model", True),
]


@pytest.mark.parametrize(("named", "said"), NAMED)
def test_an_adapter_of_another_base_is_said(
    named: str, said: bool, adapter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(adapter / "adapter_config.json", {"base_model_name_or_path": named})
    load(f"demo+{adapter}")
    assert (f"note: adapter {adapter} names {named!r} as its base" in capsys.readouterr().err) is said


def test_a_checkpoint_that_is_an_adapter_too_is_refused(adapter: Path, checkpoint: Path) -> None:
    """From such a folder transformers loads the base that the adapter names, wherever that is."""
    shutil.copy(adapter / "adapter_config.json", checkpoint)
    with pytest.raises(EvaluationError, match="holds a checkpoint and an adapter"):
        load(str(checkpoint))


@pytest.mark.parametrize("text", ["[]", "{", "[" * 5000])
def test_settings_that_are_none_are_one_line(text: str, checkpoint: Path) -> None:
    (checkpoint / "config.json").write_text(text)
    with pytest.raises(EvaluationError, match=r"cannot read .*config\.json") as caught:
        load(str(checkpoint))
    assert "\n" not in str(caught.value)


def widened(checkpoint: Path, name: str) -> Path:
    """Add a token to the tokenizer that the embedding has no row for; ``name`` is what it is used as."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    rows = json.loads((checkpoint / "config.json").read_text())["vocab_size"]
    tokenizer.add_tokens([f"<|new{number}|>" for number in range(rows - len(tokenizer) + 1)], special_tokens=True)
    if name:
        setattr(tokenizer, name, tokenizer.convert_ids_to_tokens(rows))
    tokenizer.save_pretrained(checkpoint)
    return checkpoint


@pytest.mark.parametrize(("name", "use"), [("pad_token", "pad"), ("eos_token", "end"), ("bos_token", "begin")])
def test_a_tokenizer_wider_than_the_embedding_is_refused(checkpoint: Path, name: str, use: str) -> None:
    said = rf"wider than the embedding: '<\|new\d+\|>', the {use} token, is token (\d+), and the embedding has \1 rows"
    with pytest.raises(EvaluationError, match=said):
        load(str(widened(checkpoint, name)))


def test_a_token_without_a_row_matters_where_a_prompt_has_it(checkpoint: Path) -> None:
    folder = widened(checkpoint, "")
    (engine,) = load_engines([ModelSpec.parse(str(folder))])
    token = AutoTokenizer.from_pretrained(folder).convert_ids_to_tokens(engine.base.embedding_rows)
    asked, chosen = Prompt("1", f"1+1{token}=", {}), Prompt("2", "1+1=", {"continuations": ["2", token]})
    assert engine.plan([Prompt("0", "1+1=", {})], Sampling(max_new_tokens=4))
    for prompt, sampling in ((asked, Sampling(max_new_tokens=4)), (chosen, Sampling(likelihood=True))):
        with pytest.raises(EvaluationError, match=f"prompt '{prompt.id}' holds '{re.escape(token)}', token"):
            engine.plan([prompt], sampling)
