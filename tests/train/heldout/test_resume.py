"""Held-out evaluation in a run that was killed or stopped at an unlucky moment: resumed, it is the run it would be."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from grpokit.evaluate.engines.checkpoint import fingerprint
from grpokit.evaluate.runs.run import Run
from grpokit.train import Step, train
from grpokit.train.heldout.callback import HeldOutEvaluation
from grpokit.train.heldout.questions import held_out, places

from ..fixture_types import MakeRecipe
from ..recorder import Recorder

ASKED = ("evaluation.limit=8", "evaluation.samples=1", "samples.sum=what is 12+19?", "save_steps=1")
EPOCHS = (*ASKED, "max_steps=-1", "num_train_epochs=2", "task.limit=8", "evaluation.every=epoch")  # of two steps
STEPS = (*ASKED, "max_steps=3", "evaluation.every=1", "evaluation.load_best=true")


def looks(out: Path) -> list[tuple[int, str, float]]:
    """The held-out totals in the history: step, name and value."""
    lines = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    found = [
        (line["step"], key, line[key]) for line in lines for key in line if key.endswith("total") and "eval" in key
    ]
    return sorted(found)


def killed(whole: Path, out: Path, step: int) -> Path:
    """Copy a finished run as it stood when the checkpoint of ``step`` had just been written."""
    shutil.copytree(whole, out)
    for checkpoint in (out / "checkpoints").glob("checkpoint-*"):
        if int(checkpoint.name.split("-")[1]) > step:
            shutil.rmtree(checkpoint)
    (out / "history.jsonl").unlink()
    return out


def same(one: Path, other: Path) -> bool:
    """Tell whether two runs ended in the same adapter, with the same held-out figures and answers."""
    runs = sorted(path.parent.relative_to(one) for path in one.glob("evaluation*/*/scores.jsonl"))
    assert runs == sorted(path.parent.relative_to(other) for path in other.glob("evaluation*/*/scores.jsonl"))
    texts = [[[row.text for row in Run.open(out / run).rows()] for run in runs] for out in (one, other)]
    return texts[0] == texts[1] and looks(one) == looks(other) and fingerprint(one) == fingerprint(other)


@pytest.fixture(scope="module")
def epochs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("epochs") / "whole"


def by_epochs(tiny: MakeRecipe, out: Path) -> Path:
    """The run by epochs that nobody stopped, made once."""
    if not out.exists():
        train(tiny(*EPOCHS), out)
    return out


UNLUCKY = {
    "before the evaluation": ("evaluation/step-00002", "evaluation-greedy/step-00002"),
    "between sampled and greedy": ("evaluation-greedy/step-00002",),
    "before the scores": ("evaluation/step-00002/scores.jsonl", "evaluation-greedy/step-00002"),
    "before the samples": ("evaluation/step-00002/samples.jsonl", "evaluation-greedy/step-00002"),
}


@pytest.mark.parametrize("moment", UNLUCKY)
def test_epoch_whose_evaluation_was_cut_short_gets_it(
    tiny: MakeRecipe, epochs: Path, tmp_path: Path, moment: str
) -> None:
    """The epoch's last checkpoint is written before its evaluation: such a run could never be resumed."""
    whole = by_epochs(tiny, epochs)
    out = killed(whole, tmp_path / "run", 2)
    for lost in UNLUCKY[moment]:
        shutil.rmtree(out / lost) if (out / lost).is_dir() else (out / lost).unlink()
    train(tiny(*EPOCHS), out, resume=True)
    assert same(whole, out)
    assert (out / "evaluation" / "step-00002" / "samples.jsonl").exists()


def test_stop_in_the_middle_of_an_epoch_adds_no_evaluation(
    tiny: MakeRecipe, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trainer ends the epoch on Ctrl-C as well; the answers then counted for the best checkpoint."""

    def interrupt(step: Step) -> None:
        if step.number == 3:
            os.kill(os.getpid(), signal.SIGINT)

    out = tmp_path / "run"
    monkeypatch.setattr(recorder, "step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(tiny(*EPOCHS, "task.limit=12"), out, watcher=recorder)  # three steps an epoch
    assert max((out / "checkpoints").glob("checkpoint-*")).name == "checkpoint-4"
    assert {path.name for path in (out / "evaluation").iterdir()} == {"base", "step-00003"}


@pytest.fixture
def chosen(tiny: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that chose its best adapter and, as one that is killed, did not get to tidying up."""
    whole = tmp_path / "whole"
    with monkeypatch.context() as patch:
        patch.setattr(HeldOutEvaluation, "tidy", lambda self: None)
        train(tiny(*STEPS), whole)
    return whole


def test_run_killed_before_its_history_is_written_is_finished(tiny: MakeRecipe, chosen: Path, tmp_path: Path) -> None:
    """With load_best the adapter to choose had been moved away: every resume ended in a traceback."""
    out = killed(chosen, tmp_path / "run", 3)
    train(tiny(*STEPS), out, resume=True)
    assert fingerprint(out) == fingerprint(chosen)
    assert looks(out) == looks(chosen)  # each logged once, although the last step was taken up again
    assert not (out / "adapters").exists()


def test_resumed_run_logs_no_evaluation_twice(tiny: MakeRecipe, chosen: Path, tmp_path: Path) -> None:
    out = killed(chosen, tmp_path / "run", 2)
    train(tiny(*STEPS), out, resume=True)
    assert same(chosen, out)


def test_lost_sample_answers_are_asked_for_again(tiny: MakeRecipe, chosen: Path) -> None:
    recipe = tiny(*STEPS)
    asked = held_out(recipe).final
    leading, *_ = (place for place in places(recipe, chosen, asked) if place.spec.path.adapter)
    assert leading.finished
    (leading.folder / "samples.jsonl").unlink()
    again, *_ = (place for place in places(recipe, chosen, asked) if place.spec.path.adapter)
    assert (again.folder, again.finished) == (leading.folder, False)
