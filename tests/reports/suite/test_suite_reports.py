"""A suite in words, in the terminal, as JSON, Markdown and JUnit XML: one sentence, and a row per task."""

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.suites.comparison import SuiteComparison, SuiteVerdict, compare_suites
from grpokit.evaluate.suites.verdict import TaskVerdict
from grpokit.reports.json_report import to_json
from grpokit.reports.suite.files import suite_json, suite_junit, suite_markdown
from grpokit.reports.suite.page import suite_html
from grpokit.reports.suite.terminal import print_suite
from grpokit.reports.suite.words import levels, next_step, sentence
from grpokit.tests.evaluate.suites.suite_runs import write_suite
from rich.console import Console

ROLES = {"gain": "target", "kept": "guard", "small": "guard"}
ANSWERS = {"base": [50, 50, 50], "tuned": [70, 50, 50]}


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> SuiteComparison:
    return compare_suites([write_suite(tmp_path_factory.mktemp("suite") / "s", ROLES, ANSWERS)])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> SuiteComparison:
    answers = {**ANSWERS, "bad": [72, 50, 20]}
    return compare_suites([write_suite(tmp_path_factory.mktemp("two") / "s", ROLES, answers)])


def target(name: str, verdict: Verdict | None) -> TaskVerdict:
    return TaskVerdict(name, "target", verdict)


def guard(name: str, verdict: Verdict | None) -> TaskVerdict:
    return TaskVerdict(name, "guard", verdict)


IMPROVED, HELD, REGRESSED, UNDERPOWERED = Verdict.IMPROVED, Verdict.HELD, Verdict.REGRESSED, Verdict.UNDERPOWERED


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (
            [target("gsm8k", IMPROVED), target("arithmetic", UNDERPOWERED), guard("mmlu", HELD)],
            "Improved on gsm8k; forgot nothing it was guarded for; arithmetic cannot be told apart.",
        ),
        # a guard that could not tell was not kept
        ([target("a", IMPROVED), guard("b", HELD), guard("c", UNDERPOWERED)], "Improved on a; c cannot be told apart."),
        ([target("a", IMPROVED), target("b", IMPROVED), target("c", REGRESSED)], "Improved on a and b; worse on c."),
        ([target("a", HELD), guard("b", IMPROVED)], "Held the level on a; forgot nothing it was guarded for."),
        ([guard("a", REGRESSED), guard("b", REGRESSED), guard("c", HELD)], "Forgot a and b."),
        ([guard("a", HELD)], "Forgot nothing it was guarded for."),
        # what the base could not do cannot be forgotten
        (
            [target("a", IMPROVED), guard("b", HELD), guard("c", HELD)._replace(idle=True)],
            "Improved on a; forgot nothing of b; nothing was there to forget of c: the base has less than the margin "
            "to lose.",
        ),
        (
            [guard("b", HELD)._replace(idle=True)],
            "Nothing was there to forget of b: the base has less than the margin to lose.",
        ),
        ([target("gsm8k", UNDERPOWERED), guard("a", UNDERPOWERED)], "gsm8k and a cannot be told apart."),
        (
            [target("a", None), guard("b", HELD)],
            "Forgot nothing it was guarded for; a has no verdict: most values are missing.",
        ),
        ([target("a\x1b[31m\nb", HELD)], "Held the level on a[31m b."),
    ],
)
def test_one_sentence_says_what_was_gained_and_what_forgotten(tasks: Sequence[TaskVerdict], said: str) -> None:
    assert sentence(tasks) == said


@pytest.mark.parametrize(
    ("tasks", "step"),
    [
        ([target("a", IMPROVED), guard("b", HELD)], "Take tuned, after reading what each task lost."),
        ([target("a", HELD), guard("b", IMPROVED)], "Keep base: nothing was gained on a target."),
        (
            [target("a", IMPROVED), guard("b", REGRESSED), guard("c", UNDERPOWERED), guard("d", None)],  # losses first
            "Keep base. Read what was lost on b: its report says which questions.",
        ),
        (
            [target("a", None), guard("b", UNDERPOWERED)],
            "Mend what leaves answers of a without a value, and score again.",
        ),
        ([target("a", IMPROVED), guard("b", UNDERPOWERED)], "Ask more questions of b: its report says how many."),
    ],
)
def test_what_to_do_next_follows_the_worst_of_the_tasks(tasks: list[TaskVerdict], step: str) -> None:
    assert next_step(SuiteVerdict("base", "tuned", None, tuple(tasks))) == step


def test_every_report_of_a_suite_says_what_to_do_next(suite: SuiteComparison) -> None:
    step = next_step(suite.verdicts[0])
    assert f"Next: {step}" in " ".join(shown(suite, 200))
    assert f"**Next:** {step}" in suite_markdown(suite)
    assert f"<b>Next</b> {step}" in suite_html(suite)
    assert suite_json(suite)["suite"]["models"][0]["next"] == [step]


def shown(suite: SuiteComparison, width: int = 80) -> list[str]:
    console = Console(file=StringIO(), width=width)
    print_suite(suite, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_the_terminal_has_the_sentence_and_a_row_per_task(suite: SuiteComparison) -> None:
    lines = shown(suite)
    text = " ".join(" ".join(lines).split())
    assert "IMPROVED: tuned beside base: Improved on gain; forgot nothing it was guarded for." in text
    rows = [line.split() for line in lines if line.startswith(("gain", "kept", "small"))]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("gain", "target", "IMPROVED"),
        ("kept", "guard", "HELD"),
        ("small", "guard", "HELD"),
    ]
    assert rows[0][2:5] == ["0.500", "0.700", "+0.200"]
    assert rows[1][-2] == "0.05"
    assert max(map(len, lines)) <= 80


def test_what_is_to_be_read_before_the_numbers_of_a_task_names_it(tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "s", ROLES, ANSWERS)
    tuned = Run.open(tmp_path / "s" / "gain" / "tuned")
    replace(tuned.manifest, sampling={**(tuned.manifest.sampling or {}), "seed": 7}).write(tuned.path)
    text = " ".join(" ".join(shown(compare_suites([folder]))).split())
    assert "! gain: sampling seed differs: base has 0, tuned has 7." in text
    assert "! kept" not in text


def test_levels_are_said_in_words(suite: SuiteComparison, two: SuiteComparison) -> None:
    assert levels(suite) == (
        "Each task is held at 95 %, one of 3 tasks worse at 98.3 %. The intervals shown are those of each task alone."
    )
    assert "all of it shared by 2 models (Bonferroni)" in levels(two)


def test_one_model_is_a_table_of_means(tmp_path: Path) -> None:
    lines = shown(compare_suites([write_suite(tmp_path / "s", ROLES, {"base": [50, 60, 70]})]))
    rows = [line.split() for line in lines[1:]]
    assert [(row[0], row[3]) for row in rows] == [("gain", "0.500"), ("kept", "0.600"), ("small", "0.700")]


def test_json_has_the_verdict_and_each_task_as_it_is_alone(suite: SuiteComparison) -> None:
    written = suite_json(suite)
    assert written["schema"] == 1
    assert written["tasks"] == [to_json(result.comparison) for result in suite.tasks]
    said = written["suite"]
    assert (said["name"], said["verdict"]) == ("mine", "IMPROVED")
    assert said["tasks"] == [
        {"task": "gain", "role": "target", "verdict": "IMPROVED", "margin": 0.05},
        {"task": "kept", "role": "guard", "verdict": "HELD", "margin": 0.05},
        {"task": "small", "role": "guard", "verdict": "HELD", "margin": 0.05},
    ]


def test_of_several_models_the_worst_gives_the_verdict(two: SuiteComparison) -> None:
    said = suite_json(two)["suite"]
    assert said["verdict"] == "REGRESSED"
    assert said["tasks"][2] == {"task": "small", "role": "guard", "verdict": "REGRESSED", "margin": 0.05}
    assert [(one["tuned"], one["verdict"]) for one in said["models"]] == [("tuned", "IMPROVED"), ("bad", "REGRESSED")]


def test_json_of_one_model_has_no_verdict(tmp_path: Path) -> None:
    said = suite_json(compare_suites([write_suite(tmp_path / "s", ROLES, {"base": [50, 60, 70]})]))["suite"]
    assert (said["verdict"], said["models"]) == (None, [])
    assert said["tasks"][0] == {"task": "gain", "role": "target", "verdict": None, "margin": 0.05}


def test_markdown_begins_with_the_sentence_and_has_every_task(suite: SuiteComparison) -> None:
    text = suite_markdown(suite)
    assert "**IMPROVED: tuned beside base: Improved on gain; forgot nothing it was guarded for.**" in text
    assert "| gain | target | 0.500 | 0.700 | +0.200 |" in text
    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        "### Evaluation of the suite mine",
        *(f"### Evaluation of {task}" for task in ROLES),
    ]


@pytest.mark.parametrize(("strict", "failed"), [(False, ["suite", "guard small"]), (True, ["suite", "guard small"])])
def test_junit_fails_where_the_status_does(two: SuiteComparison, strict: bool, failed: list[str]) -> None:
    root = ElementTree.fromstring(suite_junit(two, strict=strict))
    good, bad = root.iter("testsuite")
    assert (good.get("failures"), bad.get("failures"), bad.get("tests")) == ("0", "2", "4")
    assert [case.get("name") for case in bad if case.find("failure") is not None] == failed


def test_junit_is_strict_about_a_task_that_cannot_be_told(tmp_path: Path) -> None:
    answers = {"base": [50, 50], "tuned": [70, 51]}
    roles = {"gain": "target", "near": "target"}
    unclear = compare_suites([write_suite(tmp_path / "s", roles, answers, margin="0")])
    assert suite_junit(unclear).count("<failure") == 0
    assert suite_junit(unclear, strict=True).count("<failure") == 1  # the suite itself improved
