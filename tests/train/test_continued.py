"""Going on from an adapter, and longer: what training begins with is what is compared with and learned from."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from grpokit.errors import GrpokitError
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.checkpoint import fingerprint
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.paired.drift import FILE as PLAUSIBILITY
from grpokit.evaluate.runs.manifest import Manifest
from grpokit.plain_yaml import read_yaml
from grpokit.train import load_recipe, train
from grpokit.train.heldout.questions import ask, held_out, loading, places
from grpokit.train.learned import nothing_learned
from safetensors.torch import load_file, save_file

from .fixture_types import MakeRecipe
from .recorder import Recorder

SMALL = ["per_device_train_batch_size=16", "num_generations=4", "report_to=none", "evaluation.every=null"]
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def sft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter as supervised fine-tuning leaves it: of another rank than the recipe's."""
    out = tmp_path_factory.mktemp("sft") / "adapter"
    train(
        load_recipe("arithmetic-tiny", [*SMALL, "max_steps=2", "lora.r=4", "lora.alpha=9", "lora.use_rslora=true"]), out
    )
    return out


@pytest.mark.parametrize("beta", ["0", "0.04"])  # with a reference, which TRL holds as a second adapter
def test_training_goes_on_from_an_adapter(
    tiny: MakeRecipe, recorder: Recorder, sft: Path, tmp_path: Path, beta: str
) -> None:
    recipe = tiny(
        f"model.adapter={sft}", f"beta={beta}", "lora.dropout=0.1", "evaluation.limit=8", "evaluation.every=1"
    )
    out = train(recipe, tmp_path / "run", watcher=recorder).folder
    assert f"goes on from the adapter {sft}: r 4, alpha 9." in recorder.notes
    stored = read_yaml(out / "recipe.yaml")["lora"]
    assert (stored["r"], stored["alpha"], stored["use_rslora"], stored["dropout"]) == (4, 9, True, 0.1)
    before, after = load_file(sft / WEIGHTS), load_file(out / WEIGHTS)
    assert before.keys() == after.keys()
    moved = max(float((before[name] - after[name]).abs().max()) for name in before)
    assert 0 < moved < 0.01  # two steps of 1e-3, from there
    assert not (out / "ref").exists()
    assert not nothing_learned(out, sft)
    assert nothing_learned(sft, sft)
    base = Manifest.read(out / "evaluation" / "base")
    assert base.weights == fingerprint(checkpoint_path(), sft)
    asked = places(recipe, out, held_out(recipe).final)
    assert [place.finished for place in asked] == [True] * 4  # base and tuned, sampled and greedy
    assert "goes on from the adapter adapter" in (out / "README.md").read_text()


@pytest.mark.parametrize("beta", ["0", "0.04"])
def test_how_far_it_moved_is_measured_from_where_it_began(
    tiny: MakeRecipe, sft: Path, tmp_path: Path, beta: str
) -> None:
    """While it trains, and afterwards alike; and the weights in training come back."""
    asked = [f"model.adapter={sft}", f"beta={beta}", "evaluation.limit=8", "evaluation.greedy=false"]
    blind = train(tiny(*asked, "evaluation.every=null"), tmp_path / "blind").folder
    recipe = tiny(*asked, "evaluation.every=1")
    out = train(recipe, tmp_path / "run").folder
    assert (out / WEIGHTS).read_bytes() == (blind / WEIGHTS).read_bytes()
    began = fingerprint(checkpoint_path(), sft)
    base, (first, last) = out / "evaluation" / "base", sorted((out / "evaluation").glob("step-*"))
    for row in plausibilities(base):
        assert row["under"] == began
        assert row["base"] == row["own"]
    assert [row["base"] for row in plausibilities(first)] != [row["own"] for row in plausibilities(first)]
    from_training = plausibilities(last)
    (last / PLAUSIBILITY).unlink()
    (engine,) = load_engines([ModelSpec("tuned", ModelPath("demo", adapter=str(out)))], loading=loading(recipe))
    ask(recipe, held_out(recipe).final[0], engine, last)  # which has the adapter that it began with yet to load
    assert [row["under"] for row in from_training] == [row["under"] for row in plausibilities(last)]
    for name in ("base", "own"):
        again = [row[name] for row in plausibilities(last)]
        assert [row[name] for row in from_training] == pytest.approx(again, abs=1e-5)


def plausibilities(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / PLAUSIBILITY).read_text().splitlines()]


def test_resumed_it_goes_on_bit_for_bit(tiny: MakeRecipe, sft: Path, tmp_path: Path) -> None:
    recipe = tiny(f"model.adapter={sft}", "beta=0.04", "max_steps=3", "save_steps=1")
    whole = train(recipe, tmp_path / "whole").folder
    shutil.copytree(whole, tmp_path / "killed")
    shutil.rmtree(tmp_path / "killed" / "checkpoints" / "checkpoint-3")
    (tmp_path / "killed" / "history.jsonl").unlink()
    train(recipe, tmp_path / "killed", resume=True)
    assert (tmp_path / "killed" / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()


def rewrite(adapter: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = adapter / "adapter_config.json"
    settings = json.loads(path.read_text())
    change(settings)
    path.write_text(json.dumps(settings))


def other_kind(adapter: Path) -> None:
    rewrite(adapter, lambda settings: settings.update(peft_type="IA3"))


def merged(adapter: Path) -> None:
    shutil.rmtree(adapter)
    shutil.copytree(checkpoint_path(), adapter)


def other_base(adapter: Path) -> None:
    tensors = {
        name: torch.ones(2 * tensor.shape[0], tensor.shape[1]) for name, tensor in load_file(adapter / WEIGHTS).items()
    }
    save_file(tensors, adapter / WEIGHTS)


def deeper_base(adapter: Path) -> None:
    tensors = load_file(adapter / WEIGHTS)
    extra = {name.replace("layers.1.", "layers.2."): tensor.clone() for name, tensor in tensors.items()}
    save_file({**tensors, **extra}, adapter / WEIGHTS)


def gone(adapter: Path) -> None:
    shutil.rmtree(adapter)


def without_weights(adapter: Path) -> None:
    (adapter / WEIGHTS).unlink()


BAD = [
    # what is wrong with the adapter, and what is said
    (gone, "there is no adapter_config.json in it."),
    (merged, "It holds a whole model, with an adapter merged into it perhaps: give it as model.path."),
    (other_kind, "is of PEFT's type IA3; only LORA is trained here."),
    (other_base, "does not fit base"),
    (deeper_base, "weights have no counterpart, such as"),  # PEFT leaves them out without a word
    (without_weights, "holds no adapter weights"),
]


@pytest.mark.parametrize(("spoil", "said"), BAD)
def test_an_adapter_that_cannot_be_gone_on_from_is_one_line(
    tiny: MakeRecipe, sft: Path, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    adapter = tmp_path / "adapter"
    shutil.copytree(sft, adapter)
    spoil(adapter)
    with pytest.raises(GrpokitError) as caught:
        train(tiny(f"model.adapter={adapter}"), tmp_path / "run")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_rank_beside_the_adapters_own_is_refused(tiny: MakeRecipe, sft: Path, tmp_path: Path) -> None:
    """Unless the adapter is put, on the command line, into a recipe that was written for a new one."""
    said = r"lora\.r=8, but model\.adapter has 4; leave it out\."
    with pytest.raises(GrpokitError, match=said):
        tiny(f"model.adapter={sft}", "lora.r=8")
    file = tmp_path / "mine.yaml"
    file.write_text(tiny("lora.r=8").to_yaml())
    assert load_recipe(str(file), [f"model.adapter={sft}"]).lora.r == 4
    file.write_text(file.read_text().replace("adapter: null", f"adapter: {sft}"))
    with pytest.raises(GrpokitError, match=said):
        load_recipe(str(file))


def test_a_longer_run_is_the_one_that_was_longer_from_the_beginning(tiny: MakeRecipe, tmp_path: Path) -> None:
    asked = ["evaluation.limit=8", "evaluation.every=2"]
    whole = train(tiny("max_steps=4", *asked), tmp_path / "whole").folder
    out = train(tiny("max_steps=2", *asked), tmp_path / "run").folder
    longer = tiny("max_steps=4", *asked)
    assert train(longer, out, resume=True).steps == 4
    assert (out / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    assert read_yaml(out / "recipe.yaml")["grpo"]["max_steps"] == 4
    assert sorted(path.name for path in (out / "evaluation").iterdir()) == ["base", "step-00002", "step-00004"]
    assert train(longer, out, resume=True).seconds == 0  # nothing is done again


OTHER = [
    # how the recipe was changed, and what is said
    (["max_steps=1"], r"grpo\.max_steps was 2, is 1"),  # shorter
    (["max_steps=4", "learning_rate=2e-3"], r"grpo\.learning_rate was 0\.001, is 0\.002"),
    (["lora.r=8"], r"lora\.r was 16, is 8"),
    (["top_p=0.9"], r"grpo\.top_p was unset, is 0\.9"),
]


@pytest.mark.parametrize(("overrides", "said"), OTHER)
def test_a_changed_recipe_is_named_by_its_key(
    tiny: MakeRecipe, tmp_path: Path, overrides: list[str], said: str
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "recipe.yaml").write_text(tiny().to_yaml())
    with pytest.raises(GrpokitError, match=said):
        train(tiny(*overrides), out, resume=True)


def test_a_schedule_that_spreads_over_the_run_makes_no_longer_one(tiny: MakeRecipe, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "recipe.yaml").write_text(tiny("lr_scheduler_type=linear").to_yaml())
    with pytest.raises(GrpokitError, match=r"2 steps with lr_scheduler_type=linear, which .* model\.adapter="):
        train(tiny("lr_scheduler_type=linear", "max_steps=4"), out, resume=True)
