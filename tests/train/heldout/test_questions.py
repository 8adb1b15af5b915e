"""Held-out evaluation in the loop: what is asked, kept, chosen and logged."""

import json
import shutil
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from grpokit.evaluate.engines.checkpoint import fingerprint, locate
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.paired.choice import Part, read_choice
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.paired.table import read_table
from grpokit.evaluate.runs.run import Run, find_runs
from grpokit.evaluate.statistics import flattery
from grpokit.train import HeldOut, Recipe, TrainingError, load_recipe, train
from grpokit.train.heldout.questions import held_out, loading, places
from grpokit.train.heldout.series import step_folder

from ..fixture_types import MakeRecipe
from ..recorder import Recorder

ASKED = ("evaluation.limit=40", "evaluation.samples=1", "samples.sum=what is 12+19?")


Watched: TypeAlias = tuple[Recipe, Path, Recorder]


def evaluations(listener: Recorder, decoding: str) -> list[HeldOut]:
    return [found for found in listener.evaluations if found.decoding == decoding]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Six steps, evaluated every two, the best kept; TensorBoard and completions too."""
    out, listener = tmp_path_factory.mktemp("runs") / "watched", Recorder()
    recipe = load_recipe(
        "arithmetic-tiny",
        [
            *ASKED,
            "per_device_train_batch_size=16",
            "num_generations=4",
            "max_steps=6",
            "save_steps=2",
            "evaluation.every=2",
            "evaluation.load_best=true",
            "learning_rate=3e-3",
            "beta=0.01",
            "log_completions=true",
            "report_to=tensorboard",
        ],
    )
    train(recipe, out, watcher=listener)
    return recipe, out, listener


def test_every_evaluation_is_a_run_of_one_trajectory(watched: Watched) -> None:
    _, out, _ = watched
    runs = find_runs([out / "evaluation"])
    assert [run.path.name for run in runs] == ["base", "step-00002", "step-00004", "step-00006"]
    assert len({run.manifest.weights for run in runs}) == 4
    assert [pair.comparable for pair in compare(runs).pairs] == [True, True, True]


def test_watcher_hears_of_base_and_checkpoints(watched: Watched) -> None:
    _, _, listener = watched
    for decoding in ("sampled", "greedy"):
        found = evaluations(listener, decoding)
        assert [one.step for one in found] == [0, 2, 4, 6]
        assert found[0].change is None
        assert found[-1].change is not None
        assert found[-1].change.low is not None
    assert all(one.answers["sum"] for one in evaluations(listener, "sampled"))


def test_greedy_answers_go_beside_sampled_ones(watched: Watched) -> None:
    _, out, listener = watched
    runs = find_runs([out / "evaluation-greedy"])
    assert [run.path.name for run in runs] == ["base", "step-00002", "step-00004", "step-00006"]
    samplings = [run.manifest.sampling or {} for run in runs]
    assert {(sampling["samples"], sampling["temperature"]) for sampling in samplings} == {(1, 0.0)}
    assert [one.means for one in evaluations(listener, "greedy")] != [
        one.means for one in evaluations(listener, "sampled")
    ]


ASKED_HOW = [
    # the recipe's keys, what is asked, with how many samples
    ([], [("sampled", 4), ("greedy", 1)]),
    (["evaluation.greedy=false"], [("sampled", 4)]),
    (["evaluation.temperature=0", "evaluation.samples=1"], [("greedy", 1)]),  # greedy already
]


@pytest.mark.parametrize(("keys", "wanted"), ASKED_HOW)
def test_ways_of_asking(keys: list[str], wanted: Any) -> None:
    asked = held_out(load_recipe("arithmetic-tiny", ["evaluation.limit=3", *keys])).final
    assert [(one.decoding, one.evaluation.sampling.samples) for one in asked] == wanted
    assert [one.leading for one in asked] == [True, False][: len(asked)]


def test_field_14_the_best_checkpoint_is_kept_by_the_held_out_metric(watched: Watched) -> None:
    """Never by the training reward: that of a hacked run is at its best when the model is at its worst."""
    _, out, listener = watched
    best = max(evaluations(listener, "sampled")[1:], key=lambda found: (found.means["correctness"], -found.step))
    kept = fingerprint(locate(ModelPath("demo")), out)
    assert kept == Run.open(best.folder).manifest.weights
    assert f"step {best.step}, the best" in listener.notes[-1]
    assert not (out / "adapters").exists()


def test_how_the_checkpoint_was_chosen_is_kept(watched: Watched) -> None:
    """Forty questions are too few to cut: those that chose it judge it, and by how much that flatters is said."""
    _, out, listener = watched
    tuned = next(place for place in places(watched[0], out, held_out(watched[0]).final) if place.spec.name == "tuned")
    choice = read_choice(tuned.folder)
    assert choice is not None
    assert (choice.looks, choice.apart, choice.asked) == (3, False, choice.judged)
    assert choice.judged == Part(40, "test split")
    assert f"step {choice.step}, the best" in listener.notes[-1]
    columns = [
        read_table(Run.open(out / "evaluation" / step_folder(step))).values["correctness"].means() for step in (2, 4, 6)
    ]
    assert choice.flattery == pytest.approx(flattery(np.stack(columns, axis=1)))
    assert choice.sentence in (out / "README.md").read_text()


def test_comparison_at_the_end_asks_nobody_again(watched: Watched) -> None:
    recipe, out, _ = watched
    found = places(recipe, out, held_out(recipe).final)
    assert [place.finished for place in found] == [True] * 4
    assert [place.questions.decoding for place in found] == ["sampled", "sampled", "greedy", "greedy"]
    assert [place.folder.name for place in found[::2]] == ["base", "base"]
    assert len({place.folder.name for place in found[1::2]}) == 1  # one checkpoint: the best


def test_live_model_answers_as_the_saved_adapter_does(watched: Watched) -> None:
    """The adapter was silently not applied, or training and evaluation ask with different templates."""
    from grpokit.evaluate.engines import load_engines

    recipe, out, _ = watched
    for tuned in places(recipe, out, held_out(recipe).final)[1::2]:
        (engine,) = load_engines([tuned.spec], loading=loading(recipe))
        again = tuned.questions.evaluation.run(engine, out.parent / f"again {tuned.questions.decoding}")
        assert [row.text for row in again.rows()] == [row.text for row in Run.open(tuned.folder).rows()]


def test_how_far_each_checkpoint_has_moved_is_measured_while_training(watched: Watched) -> None:
    """As the saved adapter says it, of sampled answers; greedy ones are the same few."""
    from grpokit.evaluate.engines import load_engines
    from grpokit.evaluate.engines.transformers import TransformersEngine

    recipe, out, _ = watched
    base, *checkpoints = find_runs([out / "evaluation"])
    pairs = compare([base, *checkpoints]).pairs
    moved = [pair.drift.divergence for pair in pairs if pair.drift is not None]
    assert len(moved) == len(checkpoints)
    assert all(one > 0 for one in moved)
    assert not list((out / "evaluation-greedy").glob("*/plausibility.jsonl"))
    tuned = places(recipe, out, held_out(recipe).final)[1]
    (engine,) = load_engines([tuned.spec], loading=loading(recipe))
    assert isinstance(engine, TransformersEngine)
    lines = [json.loads(line) for line in (tuned.folder / "plausibility.jsonl").read_text().splitlines()]
    answers = list(Run.open(tuned.folder).answered())
    assert [line["base"] for line in lines] == pytest.approx(engine.plausibility(answers, None), abs=1e-3)
    assert [line["own"] for line in lines] == pytest.approx(engine.plausibility(answers, engine.adapter), abs=1e-3)


def test_tensorboard_has_rewards_divergence_loss_and_held_out_metrics(watched: Watched) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _, out, _ = watched
    (file,) = out.rglob("events.out.tfevents.*")
    events = EventAccumulator(str(file.parent))
    events.Reload()
    wanted = {"train/reward", "train/reward_std", "train/kl", "train/loss", "train/rewards/correctness/mean"}
    wanted |= {"eval/greedy/correctness", "eval/greedy/correctness/low"}
    wanted |= {"train/rewards/correctness/std", "eval/correctness", "eval/total", "eval/correctness/low"}
    assert wanted <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("eval/correctness")] == [0, 2, 4, 6]
    assert len(events.Scalars("train/reward")) == 6  # evaluating takes no step's figures away


def test_completions_are_kept_as_parquet(watched: Watched) -> None:
    import pyarrow.parquet

    _, out, _ = watched
    (first, *rest) = sorted(out.rglob("completions_*.parquet"))
    table = pyarrow.parquet.read_table(first)
    assert {"step", "prompt", "completion", "correctness", "advantage"} <= set(table.column_names)
    assert len(rest) == 5


def test_resumed_run_takes_up_its_evaluations(watched: Watched, tmp_path: Path) -> None:
    recipe, out, before = watched
    killed, listener = tmp_path / "killed", Recorder()
    shutil.copytree(out, killed)
    shutil.rmtree(killed / "checkpoints" / "checkpoint-6")
    shutil.rmtree(killed / "checkpoints" / "checkpoint-4")
    (killed / "history.jsonl").unlink()
    train(recipe.model_copy(update={"evaluation": recipe.evaluation}), killed, resume=True, watcher=listener)
    for decoding in ("sampled", "greedy"):
        again, first = evaluations(listener, decoding), evaluations(before, decoding)
        assert [found.means for found in again] == [found.means for found in first]
    assert fingerprint(killed) == fingerprint(out)


def test_early_stop_waits_for_its_patience(tiny: MakeRecipe, tmp_path: Path, recorder: Recorder) -> None:
    """A learning rate that does nothing brings no improvement, so the second evaluation is the last."""
    overrides = ["max_steps=20", "learning_rate=1e-12", "evaluation.every=1", "evaluation.early_stop=2"]
    assert train(tiny(*ASKED, *overrides), tmp_path, watcher=recorder).steps == 2
    assert "2 evaluations in a row brought no improvement" in recorder.notes[-1]


def test_epochs(tiny: MakeRecipe, tmp_path: Path, recorder: Recorder) -> None:
    overrides = ["max_steps=-1", "num_train_epochs=2", "task.limit=8", "evaluation.every=epoch", "save_strategy=epoch"]
    train(tiny(*ASKED, *overrides), tmp_path, watcher=recorder)
    assert [found.step for found in evaluations(recorder, "greedy")] == [0, 2, 4]
    assert {path.name for path in Path(tmp_path / "checkpoints").glob("checkpoint-*")} == {
        "checkpoint-2",
        "checkpoint-4",
    }


@pytest.mark.parametrize("key", ["load_best=true", "early_stop=2"])
def test_choosing_needs_evaluations(key: str) -> None:
    with pytest.raises(TrainingError, match="needs evaluation"):
        load_recipe("arithmetic-tiny", ["evaluation.every=null", f"evaluation.{key}"])


def test_wandb_works_offline_and_keeps_no_key(
    tiny: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="needs the extra wandb")
    secret = "0123456789abcdef0123456789abcdef01234567"
    for name, value in {"WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path), "WANDB_API_KEY": secret}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WANDB_SILENT", "true")
    train(tiny(*ASKED, "report_to=wandb", "evaluation.every=1"), tmp_path / "run")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("offline-run" in str(path) for path in written)
    assert not any(secret.encode() in path.read_bytes() for path in written)
    history = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert sum("eval_correctness" in line for line in history) == 3


def test_clusters_of_held_out_questions_are_counted(tmp_path: Path) -> None:
    rows: list[dict[str, str | None]] = [
        {"question": f"{n}+1", "answer": str(n + 1), "page": page} for n, page in enumerate("aabb")
    ]
    rows.append({"question": "9+1", "answer": "10", "page": None})  # a question of no page is one by itself
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    card = tmp_path / "card.yaml"
    card.write_text(
        "name: own\nsource: {file: rows.jsonl}\nuser: '{question}'\nreference: answer\ncluster: page\n"
        "rewards: correctness=1\nprimary: total\nmax_new_tokens: 32\n"
    )
    (asked,) = held_out(
        load_recipe("arithmetic-tiny", [f"task={card}", "evaluation.temperature=0", "evaluation.samples=1"])
    ).final
    assert asked.units == pytest.approx(2.8)  # two pages of two and a question alone; three equal clusters would be 3
    assert asked.evaluation.task.primary == "total"  # as the card says, though no reward is called so
    assert held_out(load_recipe("arithmetic-tiny", ["evaluation.limit=7"])).final[0].units == 7
