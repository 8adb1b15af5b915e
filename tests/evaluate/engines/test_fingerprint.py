"""What the fingerprint of weights must tell apart, and what it must not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate import Prompt, Sampling
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.checkpoint import fingerprint
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.evaluation import Evaluation, task_record
from grpokit.evaluate.runs.manifest import Manifest
from grpokit.evaluate.types import EvaluationError
from grpokit.rewards import RewardMix
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

Change = Callable[[dict[str, Any]], object]

BASE: list[tuple[str, Change, bool]] = [
    # a file, what is done to it, and whether that makes other weights
    ("config.json", lambda it: it.update(rope_theta=500.0), True),
    ("config.json", lambda it: it.update(rms_norm_eps=0.1), True),
    ("config.json", lambda it: it.update(transformers_version="9", _name_or_path="/elsewhere"), False),
    ("generation_config.json", lambda it: it.update(eos_token_id=5), True),
    ("generation_config.json", lambda it: it.update(temperature=0.3), False),  # the task says how to sample
    ("tokenizer_config.json", lambda it: it.update(chat_template="{{ messages }}"), True),
    ("tokenizer_config.json", lambda it: it.update(padding_side="right", name_or_path="x"), False),
    ("tokenizer.json", lambda it: it["added_tokens"].pop(), True),
]

ADAPTER: list[tuple[Change, bool]] = [
    (lambda it: it.update(lora_alpha=2000), True),  # which is in no tensor
    (lambda it: it.update(use_rslora=True), True),
    (lambda it: it.update(target_modules=["q_proj"]), True),
    (lambda it: it["target_modules"].reverse(), False),  # a set, written in any order
    (lambda it: it.update(base_model_name_or_path="org/other", peft_version="9", revision="main"), False),
    (lambda it: it.update(inference_mode=False, lora_dropout=0.5), False),
    (lambda it: it.update(a_field_of_tomorrow=None), False),
]


def edited(folder: Path, file: str, change: Change) -> str:
    values = json.loads((folder / file).read_text())
    change(values)
    (folder / file).write_text(json.dumps(values))
    return fingerprint(folder)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapter")
    config = LoraConfig(r=2, lora_alpha=32, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(checkpoint_path()), config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("file", "change", "other"), BASE)
def test_a_checkpoint(file: str, change: Change, other: bool, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint_path(), tmp_path / "model")
    assert (edited(folder, file, change) != fingerprint(checkpoint_path())) is other


def test_a_template_of_its_own_file_counts(tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint_path(), tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (folder / "README.md").write_text("which does not")
    assert fingerprint(folder) != fingerprint(checkpoint_path())


@pytest.mark.parametrize(("change", "other"), ADAPTER)
def test_an_adapter(change: Change, other: bool, adapter: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(adapter, tmp_path / "copy")
    assert (edited(folder, "adapter_config.json", change) != fingerprint(adapter)) is other


def evaluation() -> Evaluation:
    prompts = [Prompt("0", "2+2?", {"reference": "4"})]
    record = task_record("sums", "correctness", None, prompts, "by hand", "reference")
    return Evaluation(record, prompts, Sampling(max_new_tokens=4), RewardMix.parse("correctness"))


def test_a_run_is_not_finished_by_an_adapter_of_another_scale(adapter: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(adapter, tmp_path / "copy")
    evaluation().run(next(load_engines([ModelSpec.parse(f"demo+{folder}")])), tmp_path / "out")
    edited(folder, "adapter_config.json", lambda it: it.update(lora_alpha=2000))
    engine = next(load_engines([ModelSpec.parse(f"demo+{folder}")]))
    with pytest.raises(EvaluationError, match="holds another run: its weights differ"):
        evaluation().run(engine, tmp_path / "out", resume=True)


def test_a_run_of_an_earlier_version_is_read_and_not_finished(tmp_path: Path) -> None:
    """Its fingerprint covered the tensors alone."""
    engine = next(load_engines([ModelSpec.parse("demo")]))
    run = evaluation().run(engine, tmp_path / "out")
    engine_then = {key: value for key, value in run.manifest.engine.items() if key != "fingerprint"}
    replace(run.manifest, weights="0" * 16, engine=engine_then).write(tmp_path / "out")
    assert Manifest.read(tmp_path / "out").weights == "0" * 16
    with pytest.raises(EvaluationError, match=r"was begun by an earlier version.*it can be compared and scored"):
        evaluation().run(engine, tmp_path / "out", resume=True)
