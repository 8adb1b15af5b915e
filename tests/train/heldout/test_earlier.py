"""``evaluation.base``: what the base has answered in an earlier run is taken where it answers what is asked."""

import json
import re
import shutil
from pathlib import Path

import pytest
from grpokit.commands.held_out import fill
from grpokit.evaluate import Run
from grpokit.evaluate.demo import checkpoint_path
from grpokit.train import Recipe, TrainingError, load_recipe, train
from grpokit.train.heldout.earlier import earlier
from grpokit.train.heldout.questions import base_places, held_out, loading

from ..fixture_types import MakeRecipe
from ..recorder import Recorder

ASKED = ("evaluation.limit=24", "evaluation.samples=2")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base's answers to the held-out questions, sampled and greedy, as a training run keeps them."""
    out = tmp_path_factory.mktemp("earlier")
    recipe = load_recipe("arithmetic-tiny", ASKED)
    fill(recipe, base_places(recipe, held_out(recipe).final, out), loading(recipe))
    return out


def test_answers_are_taken_as_they_are(tiny: MakeRecipe, asked: Path, tmp_path: Path, recorder: Recorder) -> None:
    out = tmp_path / "out"
    train(tiny(*ASKED, f"evaluation.base={asked}", "evaluation.every=2"), out, watcher=recorder)
    for folder in ("evaluation", "evaluation-greedy"):
        source, taken = Run.open(asked / folder / "base"), Run.open(out / folder / "base")
        for name in ("prompts.jsonl", "completions.jsonl", "scores.jsonl"):
            assert (taken.path / name).read_bytes() == (source.path / name).read_bytes()
        assert taken.manifest.engine["taken_from"]["created"] == source.manifest.created
    assert [one.step for one in recorder.evaluations] == [0, 0, 2, 2]


def test_base_is_not_asked_at_the_end(tiny: MakeRecipe, asked: Path, tmp_path: Path) -> None:
    recipe = tiny(*ASKED, f"evaluation.base={asked / 'evaluation' / 'base'}")
    places = base_places(recipe, held_out(recipe).final, tmp_path)
    finished = [(place.questions.decoding, place.finished) for place in places]
    assert finished == [("sampled", True), ("greedy", False)]  # the run has no greedy answers, so they are asked for
    fill(recipe, places, loading(recipe))
    taken = [Run.open(place.folder).manifest.engine.get("taken_from") is not None for place in places]
    assert taken == [True, False]
    assert all(place.finished for place in base_places(recipe, held_out(recipe).final, tmp_path))


def test_sample_questions_are_asked_all_the_same(tiny: MakeRecipe, asked: Path, tmp_path: Path) -> None:
    asked = shutil.copytree(asked, tmp_path / "earlier")
    (asked / "evaluation" / "base" / "samples.jsonl").write_text("[]\n")  # those of another recipe, answered
    tmp_path = tmp_path / "out"
    recipe = tiny(*ASKED, f"evaluation.base={asked}", "samples.sum=what is 12+19?")
    (leading, _) = places = base_places(recipe, held_out(recipe).final, tmp_path)
    assert not leading.finished
    fill(recipe, places, loading(recipe))
    assert "12+19" in (leading.folder / "samples.jsonl").read_text()
    rows = (leading.folder / "completions.jsonl").read_bytes()
    assert rows == (asked / "evaluation" / "base" / "completions.jsonl").read_bytes()


REFUSED = [
    # overrides, what is said
    (["evaluation.limit=25"], "its prompts are others (24 there, 25 here"),
    (["evaluation.samples=3"], "its sampling samples differs: 2 there, 3 here. Ask as it was asked, or leave it out."),
    (["evaluation.temperature=0.5"], "its sampling temperature differs: 1.0 there, 0.5 here"),
    (["rewards=correctness=1"], "its fingerprint of reward xml_format(reasoning_tag=reasoning) differs"),
    (["rewards=correctness=2,xml_format(reasoning_tag=reasoning)=0.5"], "its weight of correctness differs: 1.0 there"),
]


@pytest.mark.parametrize(("overrides", "said"), REFUSED)
def test_answers_to_other_questions_are_refused(
    tiny: MakeRecipe, asked: Path, tmp_path: Path, overrides: list[str], said: str
) -> None:
    recipe = tiny(*ASKED, f"evaluation.base={asked}", *overrides)
    with pytest.raises(TrainingError, match=re.escape(said)) as refusal:
        earlier(recipe, held_out(recipe).final, tmp_path)
    assert f"evaluation.base={asked / 'evaluation' / 'base'}: " in str(refusal.value)


def test_runs_of_other_weights_are_refused(tiny: MakeRecipe, asked: Path, tmp_path: Path) -> None:
    other = shutil.copytree(checkpoint_path(), tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 0.5}))
    recipe = tiny(*ASKED, f"evaluation.base={asked}", f"model={other}")
    with pytest.raises(TrainingError, match=r"the weights of its runs are not the model's; give a run of .*other, or"):
        earlier(recipe, held_out(recipe).final, tmp_path / "out")


def test_a_folder_without_a_run_is_refused(tiny: MakeRecipe, tmp_path: Path) -> None:
    recipe = tiny(*ASKED, f"evaluation.base={tmp_path}")
    with pytest.raises(TrainingError, match="it holds no run; give a run of demo, or leave it out"):
        earlier(recipe, held_out(recipe).final, tmp_path / "out")


def test_what_is_there_already_is_not_looked_for(tiny: MakeRecipe, asked: Path, tmp_path: Path) -> None:
    """A run that is resumed needs the earlier one no more."""
    recipe: Recipe = tiny(*ASKED, f"evaluation.base={asked}")
    sets = held_out(recipe).final
    base_places(recipe, sets, tmp_path)
    gone = tiny(*ASKED, f"evaluation.base={tmp_path / 'gone'}")
    assert all(place.finished for place in base_places(gone, sets, tmp_path))
