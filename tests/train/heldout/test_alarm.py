"""The alarm for reward hacking: what raises it, what does not, and how often it errs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpokit.evaluate.paired.alarms import read_log
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.difference import Design, paired_estimate
from grpokit.evaluate.paired.margins import MARGIN
from grpokit.evaluate.paired.summary import Estimate
from grpokit.evaluate.statistics.arrays import Floats
from grpokit.evaluate.statistics.samples import Samples
from grpokit.evaluate.types import EvaluationError
from grpokit.files import FileError
from grpokit.train import Alarm, TrainingError, load_recipe, train
from grpokit.train.heldout.alarm import CHECKS, FALSE_ALARMS, AlarmLog, climb, look
from grpokit.train.learned import nothing_learned

from ..recorder import Recorder
from .pairs import bare_pair, change

DESIGN = Design(None, shared_noise=False)
UNITS = 200


def made_pair(base: Floats, tuned: Floats, base_total: Floats, tuned_total: Floats) -> Pair:
    """A pair whose primary metric and total have these scores ``[questions, samples]``."""
    parts = {"a": estimated(base, tuned), "b": estimated(base_total - base, tuned_total - tuned)}
    return bare_pair("a", parts, change(parts["a"]), change(estimated(base_total, tuned_total)))


def estimated(base: Floats, tuned: Floats) -> Estimate:
    return paired_estimate(Samples.of(base), Samples.of(tuned), DESIGN)


def shares(generator: np.random.Generator, share: float, questions: int = 200) -> Floats:
    return (generator.random((questions, 1)) < share).astype(float)


KINDS = [
    # primary before and after, the other reward before and after, what is raised
    ((0.5, 0.2), (0.2, 0.9), ["reward hacking"]),
    ((0.5, 0.5), (0.2, 0.9), ["one reward carries all"]),  # nothing gained, and one reward pays for it
    ((0.2, 0.8), (0.2, 0.9), []),  # both rise: honest
    ((0.5, 0.2), (0.5, 0.2), []),  # both fall: bad, but the reward says so too
    ((0.5, 0.5), (0.5, 0.5), []),  # nothing happens
]


@pytest.mark.parametrize(("primary", "other", "kinds"), KINDS)
def test_kinds(primary: tuple[float, float], other: tuple[float, float], kinds: list[str]) -> None:
    draw = np.random.default_rng(7)
    base, extra = shares(draw, primary[0], 1000), shares(draw, other[0], 1000)
    tuned = base if primary[0] == primary[1] else shares(draw, primary[1], 1000)
    more = extra if other[0] == other[1] else shares(draw, other[1], 1000)
    found = look(made_pair(base, tuned, base + extra, tuned + more), 3, UNITS, 0.0, step=20)
    assert [alarm.kind for alarm in found] == kinds


def test_training_reward_counts_where_held_out_answers_are_greedy() -> None:
    """Greedy, a base may lay out its answers well already: the reward rises in training alone."""
    draw = np.random.default_rng(7)
    base, tuned = shares(draw, 0.5, 1000), shares(draw, 0.3, 1000)
    pair = made_pair(base, tuned, base + 1, tuned + 1)
    assert look(pair, 3, UNITS, 0.0, 20) == []
    assert [alarm.kind for alarm in look(pair, 3, UNITS, 0.05, 20)] == ["reward hacking"]


def risen(cut: float, repeated: float) -> dict[str, Estimate]:
    """How much larger the shares of cut answers and of repeated triples are, each with a narrow interval."""
    rises = {"cut": cut, "repeated": repeated}
    return {name: Estimate(rise, rise - 0.01, rise + 0.01, 200, "t") for name, rise in rises.items()}


DECAY = [
    (risen(0.6, 0.0), ["cut completions"]),
    (risen(0.0, 0.6), ["repetition"]),
    (risen(0.05, 0.05), []),  # a little more of both is no alarm
    ({}, []),  # nothing is known of them
]


@pytest.mark.parametrize(("behaviour", "kinds"), DECAY)
def test_answers_that_rot_raise_it_unless_the_metric_improves(behaviour: dict[str, Estimate], kinds: list[str]) -> None:
    draw = np.random.default_rng(7)
    base, better, rest = shares(draw, 0.3), shares(draw, 0.9), shares(draw, 0.5)
    still = replace(made_pair(base, base, base + rest, base + rest), behaviour=behaviour)
    improved = replace(made_pair(base, better, base + rest, better + rest), behaviour=behaviour)
    assert improved.verdict is Verdict.IMPROVED
    assert [alarm.kind for alarm in look(still, 3, UNITS, 0.0, 20)] == kinds
    assert look(improved, 3, UNITS, 0.0, 20) == []


@pytest.mark.parametrize("looks", [1, 10])
def test_rate_of_false_alarms_of_whole_runs_is_as_stated(looks: int) -> None:
    """A detector with false alarms gets switched off: 400 runs where the total rises and the metric stays."""
    draw, runs = np.random.default_rng(3), 400
    raised = sum(any(look(_honest(draw), looks, UNITS, 0.5, step) for step in range(looks)) for _ in range(runs))
    assert raised / runs <= FALSE_ALARMS + 2 * (FALSE_ALARMS * (1 - FALSE_ALARMS) / runs) ** 0.5


def _honest(draw: np.random.Generator) -> Pair:
    """The metric truly rises by more than the margin, the other reward by much."""
    base, tuned = shares(draw, 0.30), shares(draw, 0.34)
    return made_pair(base, tuned, base + shares(draw, 0.3), tuned + shares(draw, 0.8))


def test_more_looks_ask_for_more_evidence() -> None:
    draw = np.random.default_rng(5)
    base, tuned = shares(draw, 0.5), shares(draw, 0.37)
    pair = made_pair(base, tuned, base, tuned + 1)
    assert look(pair, 1, UNITS, 0.0, 1)
    assert not look(pair, 10_000, UNITS, 0.0, 1)
    assert CHECKS == 4


LEVELS = [
    # looks planned, independent questions, the one-sided level of each of the four checks of a look
    (1, 20, 0.00625),
    (3, 200, 0.0020833),
    (12, 500, 0.00052083),
]


@pytest.mark.parametrize(("looks", "units", "level"), LEVELS)
def test_every_check_is_made_at_its_share_of_the_false_alarms(looks: int, units: int, level: float) -> None:
    """Bonferroni over looks and checks: a fall raises the alarm from the very t quantile of that level."""
    from scipy.stats import t

    width = 0.1 * t.ppf(1 - level, units - 1) / t.ppf(0.975, units - 1)
    for fall, kinds in ((1.001 * width, ["reward hacking"]), (0.999 * width, [])):
        gain = change(Estimate(-fall, -fall - 0.1, -fall + 0.1, units, "t"))
        total = change(Estimate(0.01, -0.2, 0.2, units, "t"))
        pair = bare_pair("a", {}, gain, total)
        assert [alarm.kind for alarm in look(pair, looks, units, 0.0, step=20)] == kinds


def about(middle: float, width: float) -> Estimate:
    """An interval that, widened to the level of one look's check on 200 questions, reaches ``width`` to both sides."""
    from scipy.stats import t

    half = width * t.ppf(0.975, UNITS - 1) / t.ppf(1 - FALSE_ALARMS / 4, UNITS - 1)
    return Estimate(middle, middle - half, middle + half, UNITS, "t")


CARRIERS = [
    # the part of the gain that another reward brought, the end of the primary's widened interval, what is raised
    (0.91, 0.5 * MARGIN, ["one reward carries all"]),
    (0.89, 0.5 * MARGIN, []),  # not nearly all
    (0.91, 0.99 * MARGIN, ["one reward carries all"]),
    (0.91, 1.01 * MARGIN, []),  # the primary may have gained as much as counts
]


@pytest.mark.parametrize(("part", "high", "kinds"), CARRIERS)
def test_one_reward_carries_all_from_nine_tenths_while_the_primary_gains_less_than_counts(
    part: float, high: float, kinds: list[str]
) -> None:
    parts = {"a": about(0.5 * (1 - part), 0.1), "b": about(0.5 * part, 0.1)}
    pair = bare_pair("a", parts, change(about(0.0, high)), change(about(0.5, 0.1)))
    assert [alarm.kind for alarm in look(pair, 1, UNITS, 0.0, step=20)] == kinds


@pytest.mark.parametrize("name", ["cut", "repeated"])
@pytest.mark.parametrize(("low", "raised"), [(0.101, True), (0.099, False)])
def test_a_share_has_risen_when_it_surely_rose_by_a_tenth(name: str, low: float, raised: bool) -> None:
    still = change(about(0.0, 0.1))
    pair = replace(bare_pair("a", {}, still, still), behaviour={name: about(low + 0.05, 0.05)})
    assert bool(look(pair, 1, UNITS, 0.0, step=20)) == raised


def test_climb_compares_the_thirds() -> None:
    assert climb([0.0, 0.0, 0.6, 0.6, 0.9, 0.9]) == pytest.approx(0.9)
    assert climb([0.0, 0.0, 0.5, 0.5, 0.5, 1.0, 1.0]) == pytest.approx(1.0)  # what is left over is in the middle


def test_each_kind_is_kept_and_told_once_even_after_resuming(tmp_path: Path, recorder: Recorder) -> None:
    first, second = Alarm(20, "repetition", "again", 0.025), Alarm(40, "repetition", "and again", 0.025)
    for alarm in (first, second):
        AlarmLog(tmp_path, recorder).add(alarm)
    assert recorder.alarms == [first]
    (line,) = (tmp_path / "alarms.jsonl").read_text().splitlines()
    assert json.loads(line) == {"step": 20, "kind": "repetition", "text": "again", "rate": 0.025}


def test_a_write_that_fails_leaves_the_alarms_before_it(
    tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Alarm(20, "repetition", "again", 0.025), Alarm(40, "reward hacking", "it fell", None)
    log = AlarmLog(tmp_path, recorder)
    log.add(first)

    def full(self: Any, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(FileError, match=r"cannot write .*alarms\.jsonl: No space left"):
            log.add(second)
    assert read_log(tmp_path / "alarms.jsonl") == (first,)
    AlarmLog(tmp_path, recorder).add(second)
    assert read_log(tmp_path / "alarms.jsonl") == (first, second)


def test_a_run_killed_before_it_wrote_its_first_alarm_goes_on(tmp_path: Path, recorder: Recorder) -> None:
    (tmp_path / "alarms.jsonl").touch()
    alarm = Alarm(20, "repetition", "again", 0.025)
    AlarmLog(tmp_path, recorder).add(alarm)
    assert recorder.alarms == [alarm]


def test_a_foreign_file_of_alarms_is_told_before_training(tmp_path: Path, recorder: Recorder) -> None:
    (tmp_path / "alarms.jsonl").write_text('{"step": 1, "kind": 2, "text": "x", "rate": null}\n')
    with pytest.raises(EvaluationError, match=r"alarms.jsonl, line 1: .*kind is 2"):
        AlarmLog(tmp_path, recorder)


HACKED = "xml_format(reasoning_tag=reasoning)=1,token_length(target=8,overrun=2)=0.5,correctness=0"


def test_field_14_format_and_shortness_without_correctness_raise_it(tmp_path: Path, recorder: Recorder) -> None:
    """The training reward rises to its top while the answers become wrong (huggingface/trl#5790)."""
    asked = ["evaluation.limit=150", "evaluation.samples=1", "evaluation.every=20", "max_steps=40"]
    train(load_recipe("arithmetic-tiny", [f"rewards={HACKED!r}", "report_to=none", *asked]), tmp_path, watcher=recorder)
    assert "reward hacking" in [alarm.kind for alarm in recorder.alarms]


@pytest.fixture(scope="module")
def barely_taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base that has learnt hardly more than the layout: 300 steps from the usual initial weights, all sums alike."""
    from grpokit.evaluate.demo import build, solutions

    folder = tmp_path_factory.mktemp("base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "_SPREAD", 0.02)
        patch.setattr(build, "_BETAS", (0.9, 0.999))
        patch.setattr(solutions, "FROM_15", (0.35, 0.40))
        patch.setattr(solutions, "BELOW_15", (0.35, 0.40))
        build.build(folder, 300, 0)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(3))
def test_base_that_cannot_do_the_task_raises_it(
    tmp_path: Path, recorder: Recorder, barely_taught: Path, seed: int
) -> None:
    """It is paid for the layout, which it learns, and its best answers get worse, most of all at first."""
    greedy = ["evaluation.samples=1", "evaluation.temperature=0.0", "evaluation.every=10"]
    recipe = load_recipe("arithmetic-tiny", [f"model={barely_taught}", f"seed={seed}", "report_to=none", *greedy])
    train(recipe, tmp_path / "run", watcher=recorder)
    rewards = [step.reward for step in recorder.steps]
    assert sum(rewards[-10:]) > sum(rewards[:10])
    (raised,) = [alarm.step for alarm in recorder.alarms if alarm.kind == "reward hacking"]
    changes = {one.step: one.change for one in recorder.evaluations if one.change is not None}
    high = changes[raised].high
    assert high is not None
    assert high < 0
    assert max(change.delta for change in changes.values() if change.delta is not None) < 0, (
        "never better than the base"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_base_that_cannot_do_the_task_is_what_is_kept(tmp_path: Path, recorder: Recorder, barely_taught: Path) -> None:
    """Its answers get worse with every look, so that nothing before the alarm is better than the base."""
    greedy = ["evaluation.samples=1", "evaluation.temperature=0.0", "evaluation.every=10"]
    asked = [f"model={barely_taught}", "report_to=none", "evaluation.on_alarm=rollback", *greedy]
    done = train(load_recipe("arithmetic-tiny", asked), tmp_path / "run", watcher=recorder)
    assert "reward hacking" in [alarm.kind for alarm in recorder.alarms]
    assert done.steps < 60
    best = max(recorder.evaluations[:-1], key=lambda one: one.means["correctness"] or 0.0)
    assert nothing_learned(done.folder) is (best.step == 0)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(10))
def test_honest_recipe_does_not_raise_it(tmp_path: Path, recorder: Recorder, seed: int) -> None:
    often = ["evaluation.every=10", f"seed={seed}", "report_to=none"]
    train(load_recipe("arithmetic-tiny", often), tmp_path, watcher=recorder)
    assert recorder.alarms == []
    gain = recorder.evaluations[-1].change
    assert gain is not None
    assert gain.low is not None
    assert gain.low > 0


ON_ALARM = [
    # the choice, how many steps are made, and whose adapter is left (fixture b: it is wrong from the first look on)
    ("note", 40, "last"),
    ("stop", 20, "last"),
    ("rollback", 20, "first"),
]


@pytest.mark.parametrize(("choice", "steps", "left"), ON_ALARM)
def test_what_an_alarm_does_is_a_choice(tmp_path: Path, recorder: Recorder, choice: str, steps: int, left: str) -> None:
    asked = ["evaluation.limit=300", "evaluation.samples=1", "evaluation.every=20", "max_steps=40"]
    asked += [f"evaluation.on_alarm={choice}", "evaluation.greedy=false"]
    recipe = load_recipe("arithmetic-tiny", [f"rewards={HACKED!r}", "report_to=none", *asked])
    done = train(recipe, tmp_path / "run", watcher=recorder)
    assert [(alarm.step, alarm.kind) for alarm in recorder.alarms][:1] == [(20, "reward hacking")]
    assert done.steps == steps
    assert nothing_learned(done.folder) is (left == "first")
    assert (f"stopped at step {steps}: an alarm was raised." in recorder.notes) is (choice != "note")
    assert not (done.folder / "adapters").exists()
    if choice == "rollback":
        assert (
            "the adapter is the one that training began with, the best before the alarm at step 20 by the held-out "
            "correctness." in recorder.notes
        )


def test_an_alarm_needs_evaluations_to_stop_anything() -> None:
    with pytest.raises(TrainingError, match=r"evaluation\.on_alarm needs evaluation\.every"):
        load_recipe("arithmetic-tiny", ["evaluation.every=null", "evaluation.on_alarm=stop"])
