"""No refusal and no advice names an option that the command it speaks of does not have.

Read are all texts in the sources but docstrings, wherever they may be printed.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from grpokit.tests.commands.examples import PARSERS, ROOT, all_parsers

FLOORS = ("rewards", "evaluate", "train", "reports", "commands")

SPEAKS_OF = {
    # Where a text names no command, it speaks of those that print it, or that do what it asks for: of all of them.
    # What an unlisted file names is an option of some command at least.
    "locks.py": ("grpo-eval run", "grpo-eval score", "grpo-train"),
    "rewards/fault_isolation.py": (
        "grpo-eval run",
        "grpo-eval score",
        "grpo-eval compare",
        "grpo-report",
        "grpo-train",
    ),
    "rewards/spec.py": ("grpo-eval run", "grpo-eval score", "grpo-eval chat", "grpo-train"),
    "evaluate/engines/endpoint_client.py": ("grpo-eval run",),
    "evaluate/engines/loading.py": ("grpo-eval run", "grpo-eval chat", "grpo-eval tasks prepare", "grpo-train"),
    "evaluate/engines/prompts.py": ("grpo-eval run", "grpo-eval chat"),
    "evaluate/engines/spec.py": ("grpo-eval run",),
    "evaluate/engines/vllm_loading.py": ("grpo-eval run",),
    "evaluate/evaluation.py": ("grpo-eval run",),
    "evaluate/finished.py": ("grpo-eval run",),
    "evaluate/logs": ("grpo-eval score", "grpo-eval compare", "grpo-report"),
    "evaluate/paired/comparability.py": ("grpo-eval score",),
    "evaluate/paired/shared.py": ("grpo-eval compare", "grpo-report"),
    "evaluate/paired/subgroups.py": ("grpo-eval run", "grpo-eval score", "grpo-eval compare", "grpo-report"),
    "evaluate/runs/journal.py": ("grpo-eval run", "grpo-train"),
    "evaluate/runs/run.py": ("grpo-eval run",),
    "evaluate/tasks/filters.py": ("grpo-eval run", "grpo-eval tasks show", "grpo-eval chat"),
    "evaluate/tasks/sources.py": ("grpo-eval run", "grpo-eval tasks show", "grpo-eval chat", "grpo-train"),
    "train": ("grpo-train",),
    "reports": ("grpo-eval run",),  # asking again, more or otherwise
    "reports/advice.py": ("grpo-eval run",),
    "reports/chat": ("grpo-eval chat",),
    "reports/html.py": ("grpo-eval compare", "grpo-report"),
    "reports/model_card.py": ("grpo-report",),
    "commands/actions/doctor.py": ("grpo-eval run",),
    "commands/actions/models.py": ("grpo-eval run",),
    "commands/actions/tasks.py": ("grpo-eval tasks",),
    "commands/actions/score.py": ("grpo-eval score",),
    "commands/ending.py": (*PARSERS,),
    "commands/hints.py": ("grpo-eval run",),
    "commands/eval.py": ("grpo-eval run", "grpo-eval score", "grpo-eval compare"),
    "commands/log_options.py": ("grpo-eval score", "grpo-eval compare", "grpo-report"),
    "commands/main.py": (*PARSERS,),
    "commands/options.py": ("grpo-eval run",),
    "commands/output.py": ("grpo-eval run", "grpo-eval score"),
    "commands/stopping.py": ("grpo-eval run",),
    "commands/targets.py": ("grpo-eval run", "grpo-eval score", "grpo-train"),
    "commands/train.py": ("grpo-train",),
    "commands/report.py": ("grpo-report",),
    "commands/report_options.py": (
        "grpo-eval run",
        "grpo-eval score",
        "grpo-eval compare",
        "grpo-report",
        "grpo-train",
    ),
}

_OPTION = re.compile(r"--[a-z-]+")
"""Where a parser gets an option, or code looks one up; a parser's test is its use."""

OWN_PARSER = {"evaluate/demo/build.py"}
"""Scripts that are no command."""

_NAMED = re.compile(r"grpo-(?:eval|train|report)\b(?: [a-z]+)?(?: [a-z]+)?|--[a-z][a-z-]*[a-z](?![\w=])")


class Hint(NamedTuple):
    """An option or a command that a text names, the command it is one of (None: as the file says), and where."""

    place: str
    command: str | None
    option: str | None


def parsers() -> dict[str, argparse.ArgumentParser]:
    return {parser.prog: parser for build in PARSERS.values() for parser in all_parsers(build())}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a source with their lines: not docstrings, and not names of options that code looks up."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            whole = "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
            yield node.lineno, whole
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped | parts:
            yield node.lineno, "" if _OPTION.fullmatch(node.value) else node.value


def hints(path: Path, known: dict[str, argparse.ArgumentParser]) -> Iterator[Hint]:
    """Yield what the texts of a source name; an option behind a command's name is that command's."""
    for number, text in texts(path):
        place = f"{path.relative_to(ROOT)}:{number}"
        for line in text.splitlines():
            command = None
            for word in _NAMED.findall(line):
                if word.startswith("--"):
                    yield Hint(place, command, word)
                else:
                    command = next((one for one in prefixes(word) if one in known), word)
                    yield Hint(place, command, None)


def prefixes(words: str) -> Iterator[str]:
    """Yield a command's name as long as it may be, then shorter: what follows may be a sentence's next words."""
    split = words.split()
    for size in range(len(split), 0, -1):
        yield " ".join(split[:size])


def fault(hint: Hint, known: dict[str, argparse.ArgumentParser]) -> str | None:
    if hint.option is None:
        return None if hint.command in known else f"{hint.place}: there is no command {hint.command}"
    commands = (hint.command,) if hint.command else spoken_of(hint.place.partition(":")[0])
    lacking = [one for one in commands if hint.option not in options(one, known)]
    return (
        f"{hint.place}: {hint.option} is no option of {', '.join(one or 'any command' for one in lacking)}"
        if lacking
        else None
    )


def options(command: str | None, known: dict[str, argparse.ArgumentParser]) -> set[str]:
    """Return the options of a command, and of the commands in it; None: of any."""
    within = [name for name in known if command is None or f"{name} ".startswith(f"{command} ")]
    return {option for name in within for option in known[name]._option_string_actions}


def spoken_of(file: str) -> tuple[str | None, ...]:
    """Return the commands that a file's texts speak of: as the table says of it or its folder, or its own."""
    own = f"grpo-eval {Path(file).stem}"
    places = [file, *(str(folder) for folder in Path(file).parents)]
    return next((SPEAKS_OF[place] for place in places if place in SPEAKS_OF), (own if own in parsers() else None,))


def sources() -> list[Path]:
    paths = [*ROOT.glob("*.py"), *(path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py")))]
    return [path for path in paths if str(path.relative_to(ROOT)) not in OWN_PARSER]


def test_no_hint_names_an_option_or_a_command_that_does_not_exist() -> None:
    known = parsers()
    named = [hint for path in sources() for hint in hints(path, known)]
    assert len(named) > 150
    assert [said for hint in named if (said := fault(hint, known))] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"score again: grpo-eval score {run} --mix SPEC"', "--mix is no option of grpo-eval score"),
        ('f"give {name} by --resumee"', "--resumee is no option of grpo-eval run"),
        ('"see grpo-eval signal --prompt FILE"', "--prompt is no option of grpo-eval signal"),
        ('"grpo-eval rewards check --family"', None),
        ('"take grpo-eval score --rewards, or --workers"', None),
    ],
)
def test_a_hint_at_nothing_is_seen(
    text: str, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above could not fail if nothing were found."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    file = tmp_path / "commands" / "run.py"
    file.parent.mkdir()
    file.write_text(f"def run():\n    raise ValueError({text})\n")
    known = parsers()
    faults = [found for hint in hints(file, known) if (found := fault(hint, known))]
    assert faults == ([] if said is None else [f"commands/run.py:2: {said}"])
