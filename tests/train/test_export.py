"""A merged model says what base and adapter say together; nothing is published but the model."""

import errno
from pathlib import Path
from typing import Any

import pytest
from grpokit.commands.train import main
from grpokit.evaluate.engines.loading import LoadedBase
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.train import Recipe, TrainingError, train
from grpokit.train.export import MERGED, check_push, merge, merged_loading, push, pushed_files
from transformers import PreTrainedModel

from .hub_server import hub

SMALL = ["per_device_train_batch_size=16", "num_generations=4", "report_to=none"]


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Path]:
    """An adapter trained for two steps on the embedded base in 4 bits."""
    from grpokit.train import load_recipe

    recipe = load_recipe("arithmetic-tiny", [*SMALL, "max_steps=2", "evaluation.every=null", "model.quantization=4bit"])
    return recipe, train(recipe, tmp_path_factory.mktemp("runs") / "quantised").folder


def logits(loaded: LoadedBase, adapter: Path | None = None) -> Any:
    import torch

    with loaded.active(adapter) as model, torch.inference_mode():
        return model(input_ids=torch.arange(12)[None]).logits


def test_adapter_is_merged_into_the_whole_base_never_into_4_bits(quantised: tuple[Recipe, Path]) -> None:
    import torch
    from grpokit.evaluate.engines.loading import load_base

    recipe, adapter = quantised
    folder = merge(recipe, adapter, 2)
    merged = load_base(ModelPath(str(folder)), merged_loading(recipe))
    assert not getattr(merged.model, "is_loaded_in_4bit", False)
    assert merged.model.dtype == torch.float32
    whole = load_base(ModelPath("demo"))
    whole.add_adapter(adapter)
    torch.testing.assert_close(logits(merged), logits(whole, adapter), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(logits(merged), logits(whole), atol=1e-2)


def test_merged_model_stands_alone(quantised: tuple[Recipe, Path]) -> None:
    """transformers loads it without PEFT, with the base's own tokenizer and template."""
    from grpokit.evaluate.demo import checkpoint_path
    from transformers import AutoTokenizer

    recipe, adapter = quantised
    folder = merge(recipe, adapter, 2)
    own, exported = (AutoTokenizer.from_pretrained(path) for path in (checkpoint_path(), folder))
    assert exported.chat_template == own.chat_template
    assert exported("what is 15+27?") == own("what is 15+27?")
    assert not list(folder.glob("adapter*"))
    assert (folder / "recipe.yaml").exists()


def test_dtype_may_be_chosen(quantised: tuple[Recipe, Path]) -> None:
    from safetensors.torch import load_file

    recipe, adapter = quantised
    section = recipe.export.model_copy(update={"dtype": "bfloat16"})
    folder = merge(recipe.model_copy(update={"export": section}), adapter, 2)
    assert {str(tensor.dtype) for tensor in load_file(folder / "model.safetensors").values()} == {"torch.bfloat16"}


def test_full_disk_leaves_no_half_merged_model(quantised: tuple[Recipe, Path], monkeypatch: pytest.MonkeyPatch) -> None:

    def full(self: object, folder: Path, **named: Any) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text("{}")
        raise OSError(errno.ENOSPC, "No space left on device")

    recipe, adapter = quantised
    before = merge(recipe, adapter, 2)
    weights = (before / "model.safetensors").read_bytes()
    monkeypatch.setattr(PreTrainedModel, "save_pretrained", full)
    with pytest.raises(TrainingError, match=r"cannot write .*merged: No space left on device\. The adapter in"):
        merge(recipe, adapter, 2)
    assert (before / "model.safetensors").read_bytes() == weights
    assert not list(adapter.glob(".*"))


def test_command_merges_evaluates_again_and_writes_both_cards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from grpokit.evaluate.runs.run import Run
    from huggingface_hub import ModelCard

    out = tmp_path / "run"
    small = [*SMALL, "max_steps=2", "evaluation.limit=8", "evaluation.every=null"]
    assert main(["arithmetic-tiny", *small, "--merge", "--out", str(out)]) in (0, 1)  # two steps may go either way
    shown = capsys.readouterr().out
    assert "merged" in shown
    texts = [[row.text for row in Run.open(out / "evaluation" / name).rows()] for name in ("tuned", MERGED)]
    assert texts[0] == texts[1]
    for folder in (out, out / MERGED):
        first, *_ = ModelCard.load(folder / "README.md").data.eval_results
        assert first.metric_type == "correctness"


def test_merged_again_in_another_dtype_it_is_evaluated_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answers of the model merged before were in the way: 'holds another run'."""
    from grpokit.evaluate.runs.run import Run

    command = ["arithmetic-tiny", *SMALL, "max_steps=1", "evaluation.limit=4", "evaluation.every=null", "--merge"]
    command += ["--out", str(tmp_path / "run")]
    assert main(command) in (0, 1)
    first = Run.open(tmp_path / "run" / "evaluation" / MERGED).manifest.weights
    assert main([*command, "--resume", "export.dtype=float16"]) in (0, 1)
    assert Run.open(tmp_path / "run" / "evaluation" / MERGED).manifest.weights != first


def test_only_the_model_is_published(tmp_path: Path) -> None:
    published = ["README.md", "adapter_config.json", "adapter_model.safetensors", "recipe.yaml", "tokenizer.json"]
    private = ["history.jsonl", "training_args.bin", ".env", "checkpoints/checkpoint-2/adapter_model.safetensors"]
    private += ["evaluation/base/manifest.json", "merged/model.safetensors", "samples.jsonl", "logs/events.out"]
    for name in [*published, *private]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert pushed_files(tmp_path) == sorted(published)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def test_push_makes_a_private_repository_of_exactly_these_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: None
) -> None:
    for name in ("adapter_model.safetensors", "recipe.yaml", "history.jsonl"):
        (tmp_path / name).write_text(f"the {name}")
    with hub() as server:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
        check_push("me/model")
        assert push(tmp_path, "me/model").endswith("/me/model")
    assert server.private == {"me/model": True}
    wanted = ("adapter_model.safetensors", "recipe.yaml")
    assert server.files == {"me/model": {name: f"the {name}".encode() for name in wanted}}
    assert server.tokens == {"Bearer hf_secret"}


@pytest.mark.parametrize(("trouble", "reason"), [("refuses", "403"), ("hangs up", "Server disconnected")])
def test_hub_in_trouble_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: None, trouble: str, reason: str
) -> None:
    (tmp_path / "recipe.yaml").write_text("x")
    with hub(trouble) as server:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
        with pytest.raises(TrainingError, match=rf"--push-to-hub me/model: .*{reason}.* is whole\.") as told:
            push(tmp_path, "me/model")
    assert "\n" not in str(told.value)
    assert "hf_secret" not in str(told.value)


REFUSED = [
    ({"HF_TOKEN": "hf_secret", "HF_HUB_OFFLINE": "1"}, "me/model", "the hub cannot be reached (offline mode"),
    ({}, "me/model", "--push-to-hub needs a token: set HF_TOKEN"),
    ({}, "not an id", "export.push_to_hub='not an id'"),
]


@pytest.mark.parametrize(("environment", "repository", "message"), REFUSED)
def test_push_that_cannot_work_is_refused_before_training(
    tmp_path: Path, environment: dict[str, str], repository: str, message: str
) -> None:
    import os
    import subprocess
    import sys

    held = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    command = [sys.executable, "-m", "grpokit.commands.train", "arithmetic-tiny", "--push-to-hub", repository]
    done = subprocess.run(
        [*command, "--out", "run"],
        cwd=tmp_path,
        env={**held, "HF_HOME": str(tmp_path / "hub"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("grpo-train: ")
    assert message in line
    assert "hf_secret" not in line
    assert not (tmp_path / "run").exists()


def test_token_may_stand_in_a_dotenv_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from grpokit.train.export import _client

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    (tmp_path / ".env").write_text("HF_TOKEN=hf_from_file\n")
    assert _client().token == "hf_from_file"
