"""Suite cards: what they say, and one line for every mistake in them."""

from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError
from grpokit.evaluate.suites import load_suite, suite_names
from grpokit.evaluate.suites.card import SuiteTask

GUARD = "guards: [{task: arithmetic, margin: 0.02}]"


def card(folder: Path, text: str, name: str = "suite.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def own_task(folder: Path, name: str = "own") -> None:
    (folder / "rows.jsonl").write_text('{"q": "2+2?", "a": "4"}\n')
    text = f"name: {name}\nsource: {{file: rows.jsonl}}\nuser: '{{q}}'\nreference: a\nrewards: correctness\n"
    (folder / "own.yaml").write_text(text + "primary: correctness\n")


def test_targets_come_first_and_a_guard_has_a_margin_of_its_own(tmp_path: Path) -> None:
    text = f"name: mine\n{GUARD.replace('0.02', '5%')}\ntargets: [gsm8k, {{task: math500, margin: 0.01, limit: 9}}]\n"
    suite = load_suite(card(tmp_path, text))
    assert [(one.task, role, one.margin, one.limit) for one, role in suite.roles()] == [
        ("gsm8k", "target", None, None),
        ("math500", "target", "0.01", 9),
        ("arithmetic", "guard", "5%", None),
    ]


def test_a_cards_paths_are_looked_for_beside_it(tmp_path: Path) -> None:
    own_task(tmp_path)
    suite = load_suite(card(tmp_path, "name: s\ntargets: [{task: own.yaml, data: rows.jsonl}]\n"))
    (target,) = suite.targets
    assert target.load().name == "own"
    assert target.data == tmp_path / "rows.jsonl"
    assert SuiteTask(task="lm_eval:own.yaml").located(tmp_path).task == f"lm_eval:{tmp_path / 'own.yaml'}"
    assert SuiteTask(task="lm_eval:gsm8k").located(tmp_path).task == "lm_eval:gsm8k"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # a guard without a margin would be held by whatever margin somebody types
        (
            "name: s\nguards: [{task: arithmetic}]",
            "the guard 'arithmetic' has no margin; write how much of it may be lost and still counts as held, such as "
            "margin: 0.02.",
        ),
        ("name: s\nguards: [arithmetic]", "the guard 'arithmetic' has no margin"),
        ("name: s\ntargets: [aritmetic]", "no task 'aritmetic'. Did you mean 'arithmetic'?"),
        ("name: s\ntargets: [gsm8k, gsm8k]", "the task 'gsm8k' is there twice; name it once."),
        # two cards of one name would share a folder
        ("name: s\ntargets: [own.yaml, arithmetic]", "the task 'arithmetic' is there twice; name it once."),
        (f"name: s\n{GUARD}\ntargets: [arithmetic]", "'arithmetic' is a target and a guard;"),
        ("name: s\ntargets: []", "the suite names no task; give targets, guards or both."),
        ("name: s", "the suite names no task; give targets, guards or both."),
        ("[gsm8k]", "a suite card is a mapping of keys to values: name, targets and guards."),
        ("gsm8k", "a suite card is a mapping of keys to values"),
        ("name: s\ntargets: gsm8k", "targets: give a list of tasks, such as [gsm8k], not 'gsm8k'."),
        ("name: s\ntargets: {gsm8k: 1}", "targets: give a list of tasks, such as [gsm8k], not {'gsm8k': 1}."),
        ("name: s\ntargets: [7]", "targets.0:"),
        ("targets: [gsm8k]", "the key 'name' is missing."),
        ("name: s\ntasks: [gsm8k]", "unknown key 'tasks'. All: description, guards, name, targets."),
        ("name: s\ntargets: [{task: gsm8k, margn: 1}]", "unknown key 'targets.0.margn'. Did you mean 'margin'?"),
        ("name: s\ntargets: [{task: gsm8k, margin: -1}]", "targets.0.margin: '-1': give 0 or a positive number"),
        ("name: s\ntargets: [{task: gsm8k, margin: true}]", "targets.0.margin: True: give a number"),
        ("name: s\ntargets: [{task: gsm8k, limit: 0}]", "targets.0.limit:"),
        ("name: s\ntargets: [{task: gsm8k, limit: true}]", "targets.0.limit:"),  # which would be one question
        ('name: s\ntargets: ["a\\0.yaml"]', "not valid YAML: a text with the character NUL in it"),
        ("name: s\n1: 2", "the keys of a suite card are words."),
        ("name: [", "not valid YAML"),
        # a task's card in its place
        ("name: s\nsource: {hub: a/b}\nuser: '{q}'", "unknown key 'source'."),
    ],
)
def test_every_mistake_is_one_line_that_names_the_card(tmp_path: Path, text: str, said: str) -> None:
    own_task(tmp_path, "arithmetic")
    with pytest.raises(EvaluationError) as caught:
        load_suite(card(tmp_path, text))
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "suite.yaml"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gards", "no suite 'gards'. Did you mean 'guards'?"),
        ("none.yaml", "cannot read suite card none.yaml: No such file"),
    ],
)
def test_a_suite_that_there_is_not(name: str, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        load_suite(name)


def test_shipped_guards_can_tell() -> None:
    """A guard of few questions is never held: each has 200 or more, and enough for its margin."""
    suite = load_suite("guards")
    assert suite_names() == ["guards"]
    assert not suite.targets
    assert len(suite.guards) == 13
    for guard in suite.guards:
        assert (guard.limit or 0) >= 200
        assert guard.load().source.generator is not None  # no hub is asked
        assert float(guard.margin or 0) * (guard.limit or 0) > 1.96**2 * (1 - float(guard.margin or 0))
