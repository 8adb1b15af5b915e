"""The comparison of a suite: each task as it is alone, and the verdict of all."""

from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError, compare
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.margins import Margins
from grpokit.evaluate.suites.comparison import compare_suites
from grpokit.tests.evaluate.suites.suite_runs import write_suite


def test_each_task_is_compared_as_it_is_alone_and_all_together(tmp_path: Path) -> None:
    roles = {"gain": "target", "kept": "guard", "lost": "guard"}
    folder = write_suite(tmp_path / "s", roles, {"base": [50, 50, 50], "tuned": [70, 50, 30]})
    suite = compare_suites([folder])
    alone = compare(suite.tasks[0].runs, margin=0.05)
    assert suite.tasks[0].comparison == alone
    assert alone.level == 0.95
    (verdict,) = suite.verdicts
    assert (verdict.base, verdict.tuned, verdict.verdict) == ("base", "tuned", Verdict.REGRESSED)
    assert [(one.task, one.role, one.verdict and one.verdict.value) for one in verdict.tasks] == [
        ("gain", "target", "IMPROVED"),
        ("kept", "guard", "HELD"),
        ("lost", "guard", "REGRESSED"),
    ]


def test_a_gain_that_is_sure_at_95_percent_alone_is_held_beside_other_targets(tmp_path: Path) -> None:
    """2 of a hundred more, on 400 questions: 8 fixed, none broken, so p = .004; with 15 targets .0033 is asked."""
    few = {f"t{at}": "target" for at in range(2)}
    many = {f"t{at}": "target" for at in range(15)}
    for roles, claim in ((few, Verdict.IMPROVED), (many, Verdict.HELD)):
        answers = {"base": [50] * len(roles), "tuned": [52] + [50] * (len(roles) - 1)}
        suite = compare_suites([write_suite(tmp_path / str(len(roles)), roles, answers)])
        assert suite.tasks[0].comparison.pairs[0].verdict is Verdict.IMPROVED
        assert suite.verdicts[0].tasks[0].verdict is claim


def test_every_tuned_model_has_its_verdict_and_shares_the_error(tmp_path: Path) -> None:
    answers = {"base": [50, 50], "good": [60, 50], "bad": [50, 30]}
    folder = write_suite(tmp_path / "s", {"a": "target", "b": "guard"}, answers)
    suite = compare_suites([folder])
    assert [(one.tuned, one.verdict) for one in suite.verdicts] == [
        ("good", Verdict.IMPROVED),
        ("bad", Verdict.REGRESSED),
    ]
    assert suite.tasks[0].comparison.pairs[0].gain.level == pytest.approx(0.975)
    alone = compare_suites([folder], multiplicity=False)
    assert alone.tasks[0].comparison.pairs[0].gain.level == pytest.approx(0.95)


def test_a_task_has_its_own_margin_else_that_of_the_command(tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "s", {"a": "target"}, {"base": [50], "tuned": [50]}, margin=None)
    assert compare_suites([folder]).tasks[0].comparison.margin == 0.02
    assert compare_suites([folder], margins=Margins.parse(["0.1"])).tasks[0].comparison.margin == 0.1
    own = write_suite(tmp_path / "own", {"a": "target"}, {"base": [50], "tuned": [50]}, margin="10%")
    assert compare_suites([own], margins=Margins.parse(["0.3"])).tasks[0].comparison.margin == pytest.approx(0.05)


def test_the_models_of_two_folders_of_a_suite_are_put_together(tmp_path: Path) -> None:
    roles = {"a": "target"}
    folders = [write_suite(tmp_path / name, roles, {name: [right]}) for name, right in (("base", 50), ("new", 70))]
    (verdict,) = compare_suites(folders).verdicts
    assert (verdict.base, verdict.tuned, verdict.verdict) == ("base", "new", Verdict.IMPROVED)
    other = write_suite(tmp_path / "other", roles, {"x": [50]}, margin="0.2")
    with pytest.raises(EvaluationError, match="whose tasks or margins differ; compare folders of one suite"):
        compare_suites([folders[0], other])


def test_one_model_has_no_verdict(tmp_path: Path) -> None:
    assert compare_suites([write_suite(tmp_path / "s", {"a": "target"}, {"base": [50]})]).verdicts == ()


def test_a_suite_that_was_cut_short_says_how_it_is_finished(tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "s", {"a": "target", "b": "guard"}, {"base": [50, 50], "tuned": [60, 50]})
    for file in (tmp_path / "s" / "b" / "tuned").iterdir():
        file.unlink()
    with pytest.raises(EvaluationError, match="the task 'b' has runs of base, and 'a' of base, tuned"):
        compare_suites([folder])


def test_a_guard_that_the_base_could_not_do_is_idle(tmp_path: Path) -> None:
    """Of a mean of .04 no .05 can be lost: it is held whatever the tuned model does."""
    roles = {"a": "guard", "b": "guard", "c": "guard"}
    folder = write_suite(tmp_path / "s", roles, {"base": [4, 5, 50], "tuned": [0, 5, 50]})
    (verdict,) = compare_suites([folder]).verdicts
    assert [one.idle for one in verdict.tasks] == [True, False, False]
    assert [one.verdict for one in verdict.tasks][1:] == [Verdict.HELD, Verdict.HELD]
    relative = write_suite(tmp_path / "r", roles, {"base": [4, 5, 50], "tuned": [4, 5, 50]}, margin="5%")
    assert not any(one.idle for one in compare_suites([relative]).verdicts[0].tasks)
