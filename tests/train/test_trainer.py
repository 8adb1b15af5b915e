"""Real training runs of a few steps on the embedded checkpoint."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.paired.alarms import read_alarms
from grpokit.train import Step, TrainedAdapter, TrainingError, train

from .fixture_types import MakeRecipe
from .recorder import Recorder

STEPS = ("max_steps=4", "save_steps=2")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainedAdapter:
    """A run of four steps with checkpoints at two and four."""
    from grpokit.train import load_recipe

    small = ["per_device_train_batch_size=16", "num_generations=4", "report_to=none", "evaluation.every=null"]
    out = tmp_path_factory.mktemp("runs") / "finished"
    return train(load_recipe("arithmetic-tiny", [*small, *STEPS]), out)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "adapter_model.safetensors")


def test_run_leaves_adapter_tokenizer_recipe_and_history(finished: TrainedAdapter) -> None:
    names = {path.name for path in finished.folder.iterdir()}
    wanted = {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "recipe.yaml", "history.jsonl"}
    assert wanted <= names
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in names)
    assert finished.steps == 4
    assert finished.failed_rewards == {"correctness": 0, "xml_format(reasoning_tag=reasoning)": 0}


def test_history_has_every_reward_at_every_step(finished: TrainedAdapter) -> None:
    lines = [json.loads(line) for line in (finished.folder / "history.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "rewards/correctness/mean" in line] == [1, 2, 3, 4]


def test_adapter_changes_the_model(finished: TrainedAdapter) -> None:
    from grpokit.evaluate.engines.loading import load_base

    assert load_base(ModelPath("demo")).add_adapter(finished.folder) > 0


def test_card_names_no_model_that_does_not_exist(finished: TrainedAdapter) -> None:
    """TRL's cards say "fine-tuned version of None" for local bases."""
    text = (finished.folder / "README.md").read_text()
    assert "None" not in text
    assert "base_model" not in text


def test_resume_is_bit_exact(finished: TrainedAdapter, tiny: MakeRecipe, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    shutil.copytree(finished.folder, out)
    shutil.rmtree(out / "checkpoints" / "checkpoint-4")
    (out / "adapter_model.safetensors").unlink()
    (out / "history.jsonl").unlink()
    assert train(tiny(*STEPS), out, resume=True).steps == 4
    before, after = weights(finished.folder), weights(out)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("step", [2, 3, 4])  # within the first epoch, after it, within the second
def test_resume_is_bit_exact_in_every_epoch(
    tiny: MakeRecipe, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, step: int
) -> None:
    """TRL's trainer asked the prompts of a later epoch in the first epoch's order again."""
    recipe = tiny("max_steps=-1", "num_train_epochs=2", "task.limit=12", "save_steps=1")
    whole, out = tmp_path_factory.getbasetemp() / "two-epochs", tmp_path / "killed"
    if not whole.exists():
        train(recipe, whole)
    shutil.copytree(whole, out)
    for checkpoint in (out / "checkpoints").glob("checkpoint-*"):
        if int(checkpoint.name.split("-")[1]) > step:
            shutil.rmtree(checkpoint)
    (out / "history.jsonl").unlink()
    assert train(recipe, out, resume=True).steps == 6
    assert (out / "adapter_model.safetensors").read_bytes() == (whole / "adapter_model.safetensors").read_bytes()


def test_interrupt_saves_a_checkpoint_to_resume_from(
    tiny: MakeRecipe, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(step: Step) -> None:
        if step.number == 1:  # a second one would stop at once
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(recorder, "step", interrupt)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(tiny("max_steps=50"), tmp_path / "run", watcher=recorder)
    (saved,) = (tmp_path / "run" / "checkpoints").glob("checkpoint-*/trainer_state.json")
    assert json.loads(saved.read_text())["global_step"] == 2
    assert signal.getsignal(signal.SIGINT) is handler


def test_finished_run_is_not_trained_again(finished: TrainedAdapter, tiny: MakeRecipe) -> None:
    before = (finished.folder / "adapter_model.safetensors").stat().st_mtime_ns
    assert train(tiny(*STEPS), finished.folder, resume=True).steps == 4
    assert (finished.folder / "adapter_model.safetensors").stat().st_mtime_ns == before


def test_run_killed_after_its_last_step_is_finished_without_another(
    finished: TrainedAdapter, tiny: MakeRecipe, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    shutil.copytree(finished.folder, out)
    for name in ("adapter_model.safetensors", "history.jsonl", "README.md"):
        (out / name).unlink()
    assert train(tiny(*STEPS), out, resume=True).steps == 4
    before, after = weights(finished.folder), weights(out)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert (out / "history.jsonl").exists()


REFUSED = [
    (
        ["learning_rate=1e-4", *STEPS],
        True,
        r"another recipe .grpo\.learning_rate was 0\.001, is 0\.0001.",
    ),  # the folder's recipe is another
    ([*STEPS], False, "is not empty"),  # neither overwritten nor mixed
]


@pytest.mark.parametrize(("overrides", "resume", "message"), REFUSED)
def test_folder_of_another_run_is_left_alone(
    finished: TrainedAdapter, tiny: MakeRecipe, overrides: list[str], resume: bool, message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        train(tiny(*overrides), finished.folder, resume=resume)


def test_resume_without_a_run_is_refused(tiny: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no run to resume"):
        train(tiny(), tmp_path / "nothing", resume=True)


def test_half_written_checkpoint_is_passed_over(tmp_path: Path) -> None:
    from grpokit.train.folder import last_checkpoint

    whole = tmp_path / "checkpoints" / "checkpoint-9"
    torn = tmp_path / "checkpoints" / "checkpoint-10"
    for folder in (whole, torn):
        folder.mkdir(parents=True)
    (whole / "trainer_state.json").write_text("{}")
    assert last_checkpoint(tmp_path) == whole


@pytest.mark.parametrize("torn", ["weights", "trainer_state.json", "whole.json"])
def test_torn_checkpoint_is_passed_over(tmp_path: Path, torn: str) -> None:
    """A machine that lost its power may leave files of a checkpoint empty, whichever was written last."""
    from grpokit.train.folder import last_checkpoint, mark_whole

    folders = [tmp_path / "checkpoints" / f"checkpoint-{step}" for step in (2, 4, 6)]
    for folder in folders:
        folder.mkdir(parents=True)
        for name in ("weights", "trainer_state.json"):
            (folder / name).write_text("{}")
    for folder in folders[:2]:
        mark_whole(folder)
    assert last_checkpoint(tmp_path) == folders[1]  # the last one was killed before its marker
    (folders[1] / torn).write_text("")
    assert last_checkpoint(tmp_path) == folders[0]
    (folders[0] / "weights").unlink()
    assert last_checkpoint(tmp_path) == folders[2]


def test_quantised_base_is_trained_and_evaluated_alike(tiny: MakeRecipe, tmp_path: Path) -> None:
    from grpokit.evaluate.engines.loading import load_base
    from grpokit.train.heldout.questions import loading

    recipe = tiny("model.quantization=4bit", "max_steps=1")
    adapter = train(recipe, tmp_path / "run")
    base = load_base(ModelPath("demo"), loading(recipe))
    assert base.model.is_loaded_in_4bit
    assert base.add_adapter(adapter.folder) > 0


EARLY = [
    # told before the model is loaded, and nothing is written
    ("use_transformers_continuous_batching=true", "fifty times slower"),
    ("lr_scheduler_type=cosine_with_min_lr", "TRL, before the first step"),  # needs a min_lr
    ("lora.r=65", "lora.r=65: the adapted layers are at most 64 wide"),
    ("task.limit=3", "do not fill one generation batch"),
    ("task.split=tets", "Did you mean 'test'"),
    ("task=arithmetik", "Did you mean 'arithmetic'"),
    ("model=/no/such/model", "no folder /no/such/model"),
    ("max_completion_length=4000", "no prompt leaves room"),
    ("use_vllm=true", "vLLM"),
    ("report_to=swanlab", "needs the package swanlab"),
    ("report_to=[tensorboard, clearml]", "needs the package clearml"),
]


@pytest.mark.parametrize(("override", "message"), EARLY)
def test_mistake_leaves_nothing_behind(tiny: MakeRecipe, tmp_path: Path, override: str, message: str) -> None:
    from grpokit.errors import GrpokitError

    with pytest.raises(GrpokitError, match=message):
        train(tiny(override), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_rows_that_are_held_out_too_are_said_everywhere(tiny: MakeRecipe, tmp_path: Path) -> None:
    """Three training rows are asked of base and tuned, one in other words: terminal, report and card count them."""
    rows = [
        {"left": number, "right": 15, "question": f"{number} + 15", "answer": str(number + 15)}
        for number in (25, 36, 47)
    ]
    asked = tmp_path / "asked.jsonl"
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows))
    own = [*rows, *({**rows[0], "question": f"{number} + 19", "answer": str(number + 19)} for number in range(20, 60))]
    own[1] = {**rows[1], "question": "36  +  15 ."}
    trained = tmp_path / "trained.jsonl"
    trained.write_text("".join(json.dumps(row) + "\n" for row in own))
    card = tmp_path / "card.yaml"
    card.write_text(
        f"name: own\nsource: {{file: {trained}}}\nuser: 'What is {{question}}?'\nreference: answer\n"
        "rewards: correctness=1\nprimary: correctness\nmax_new_tokens: 32\n"
    )
    watcher, recipe = Recorder(), tiny(f"task={card}", f"evaluation.data={asked}", "max_steps=1")
    adapter = train(recipe, tmp_path / "run", compared=True, watcher=watcher)
    said = "3 of 43 training rows were held-out rows too and are left out of training"
    assert [(alarm.step, alarm.kind) for alarm in watcher.alarms if alarm.kind == "overlap"] == [(0, "overlap")]
    assert said in next(alarm.text for alarm in watcher.alarms if alarm.kind == "overlap")
    assert said in (adapter.folder / "README.md").read_text()
    tuned = adapter.folder / "evaluation" / "tuned"
    assert any(alarm.kind == "overlap" for alarm in read_alarms(tuned))  # so every report of the comparison has it


def test_what_trains_is_imported_without_a_word() -> None:
    program = "from grpokit.train.trainer import _training_run; _training_run()"  # bitsandbytes warns on some CPUs
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
