"""One batch and one step: what a check says of a run, and that nothing of it is kept."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grpokit.commands.train import main
from grpokit.train.check import Check, Spread
from grpokit.train.trainer import check
from grpokit.train.trl.self_test import Agreement

from .fixture_types import MakeCard, MakeRecipe

GOOD = Check(
    completions=16,
    group=4,
    tokens=400,
    rewards=(Spread("correctness", 1.0, 0.5, 0.4, 0.75), Spread("total", 1.0, 0.5, 0.4, 0.75)),
    cut=0.1,
    without_answer=0.1,
    drawing=2.0,
    scoring=0.1,
    learning=1.0,
    steps=10,
    whole=31.0,
    asking=5.0,
    gradient=0.1,
    failed=0,
    agreement=Agreement(40, 1e-6, 1e-5, 1e-3),
)
SAME = (Spread("correctness", 1.0, 0.0, 0.0, 0.0), Spread("total", 1.0, 0.0, 0.0, 0.0))
FORMAT_ALONE = (
    Spread("correctness", 1.0, 0.0, 0.0, 0.0),
    Spread("xml_format", 0.5, 0.5, 0.4, 0.9),
    Spread("total", 1.0, 0.5, 0.4, 0.9),
)
RARE = (Spread("correctness", 1.0, 0.1, 0.1, 0.2), Spread("total", 1.0, 0.1, 0.1, 0.2))

ADVICE = [
    # what was seen, whether it is sound to train, and what is advised
    (GOOD, True, []),
    (replace(GOOD, rewards=SAME), False, ["all completions of each group earned the same"]),
    (replace(GOOD, rewards=RARE), True, ["only 20% of the groups differ: more num_generations than 4"]),
    (replace(GOOD, rewards=FORMAT_ALONE), True, ["correctness gave all completions of each group the same"]),
    (replace(GOOD, gradient=0.0), False, ["groups differ and the gradient is 0"]),
    (replace(GOOD, gradient=0.0, rewards=SAME), False, ["all completions of each group earned the same"]),  # not twice
    (replace(GOOD, gradient=float("nan")), True, []),  # max_grad_norm=0 measures none
    (replace(GOOD, cut=0.6), True, ["60% of the completions are cut: raise max_completion_length"]),
    (replace(GOOD, without_answer=0.7), True, ["70% of the completions have no answer"]),
    (replace(GOOD, failed=2), True, ["rewards failed on 2 completions"]),
    (replace(GOOD, whole=25 * 3600.0), True, ["the run takes more than a day"]),
    (replace(GOOD, whole=None, steps=None), True, []),
    (replace(GOOD, agreement=Agreement(40, 0.5, 3.0, 1e-3)), False, ["under other probabilities than they were drawn"]),
    (replace(GOOD, agreement=None), True, []),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "sound", "advice"), ADVICE)
def test_advice(seen: Check, sound: bool, advice: list[str]) -> None:
    assert seen.sound is sound
    assert len(seen.advice) == len(advice)
    assert all(part in sentence for part, sentence in zip(advice, seen.advice, strict=True))


def test_a_batch_is_measured(tiny: MakeRecipe) -> None:
    seen = check(tiny("max_steps=10", "steps_per_generation=2", "evaluation.limit=8", "evaluation.samples=1"))
    assert (seen.completions, seen.group, seen.steps) == (32, 4, 10)
    assert [one.name for one in seen.rewards] == ["correctness", "xml_format(reasoning_tag=reasoning)", "total"]
    correct, form, total = seen.rewards
    assert total.mean is not None
    assert correct.mean is not None
    assert form.mean is not None
    assert total.mean == pytest.approx(correct.mean + 0.5 * form.mean)
    assert 0 < total.within <= correct.within + 0.5 * form.within
    assert 0 < total.differs <= 1
    assert 100 < seen.tokens < 32 * 32
    assert seen.whole == pytest.approx(10 * (seen.learning + (seen.drawing + seen.scoring) / 2))  # two steps a batch
    assert seen.asking == pytest.approx(seen.drawing / 32 * 2 * (8 + 8))  # base and tuned, sampled and greedy
    assert seen.gradient > 0
    assert seen.agreement is not None
    assert seen.agreement.holds


def test_held_out_questions_count_as_often_as_they_are_asked(tiny: MakeRecipe) -> None:
    asked = ["evaluation.limit=8", "evaluation.samples=1", "evaluation.greedy=false", "evaluation.every=4"]
    seen = check(tiny("max_steps=10", *asked))
    assert seen.asking == pytest.approx(seen.drawing / 16 * 8 * (1 + 3))  # the base, after 4, after 8, at the end


def test_a_check_keeps_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = ["arithmetic-tiny", "--check", "num_generations=4", "per_device_train_batch_size=16", "evaluation.limit=8"]
    assert main(argv) == 0
    said = capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert "one batch of 16 completions (4 prompts x 4) and one step, not kept" in said
    assert re.search(r"correctness +1 +0\.\d+ +0\.\d+ +\d", said)
    time = r"(\d+):(\d\d):(\d\d)"
    shown = re.search(rf"the whole run about {time}: 60 steps {time}, held-out questions {time}\n", said)
    assert shown
    hours, minutes, rest = (np.array(shown.groups()[place::3], int) for place in range(3))
    whole, steps, asking = 3600 * hours + 60 * minutes + rest
    assert abs(whole - steps - asking) <= 1
    assert "self-test: log-probabilities as drawn and in the loss agree" in said


def test_what_would_be_trained_in_vain_is_status_1(card: MakeCard, capsys: pytest.CaptureFixture[str]) -> None:
    task = card([{"question": f"{number}+15", "reference": "none"} for number in range(10, 40)])
    small = ["num_generations=4", "per_device_train_batch_size=16", "rewards=correctness=1", "evaluation.holdout=0.2"]
    assert main(["arithmetic-tiny", "--check", f"task={task}", *small, "evaluation.samples=1"]) == 1
    assert capsys.readouterr().out.startswith("all completions of each group earned the same")
