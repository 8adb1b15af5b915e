"""Every command line that the help texts, README.md and the documentation print, found and read by the real parsers."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple

import yaml
from grpokit.commands import eval as grpo_eval
from grpokit.commands import report as grpo_report
from grpokit.commands import train as grpo_train
from grpokit.errors import GrpokitError
from grpokit.evaluate import load_task
from grpokit.evaluate.engines.spec import parse_models
from grpokit.evaluate.suites import load_suite
from grpokit.evaluate.tasks.filters import parse_where
from grpokit.rewards import RewardMix, get

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
PARSERS = {
    "grpo-eval": grpo_eval.build_parser,
    "grpo-train": grpo_train.build_parser,
    "grpo-report": grpo_report.build_parser,
}
MODULES = {f"grpokit.commands.{name.removeprefix('grpo-')}": name for name in PARSERS}

VARIABLES = {"RANK": "3", "FIRST": "10.0.0.1", "SERVER": "10.0.0.2"}
"""What stands for the shell's variables in the examples."""

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    .*$", re.MULTILINE)
_INLINE = re.compile(r"`((?:[A-Z_]+=\S+ )*grpo-(?:eval|train|report) [^`]*)`")
_SETTING = re.compile(r"[A-Z_]+=\S+$")
_EXPLANATION = re.compile(r"\s+#\s.*$|\s{3,}\S.*$")
"""A comment, or what an example is for, some blanks behind it."""

_COMMAND = re.compile(rf"(?:[A-Z_]+=\S+ )*(?:{'|'.join(PARSERS)}|accelerate launch) .*")


class Example(NamedTuple):
    """A command line and where it is printed."""

    place: str
    line: str


class AnyTag(yaml.SafeLoader):
    """Reads the files of other tools too, whose tags, such as lm-eval's ``!function``, mean something to them alone."""


AnyTag.add_multi_constructor("!", lambda loader, tag, node: str(node.value))


def all_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from all_parsers(command)


def in_help() -> Iterator[Example]:
    """Yield the examples at the end of every command's help."""
    for build in PARSERS.values():
        for parser in all_parsers(build()):
            yield from _commands(f"{parser.prog} --help", parser.epilog or "")


def in_documents() -> Iterator[Example]:
    """Yield the command lines in the documents' blocks of code, fenced or indented."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for language, code in _FENCED.findall(text):
            steps = _strings(yaml.load(code, AnyTag)) if language == "yaml" else [code]
            for step in steps:
                yield from _commands(path.name, step)
        yield from _commands(path.name, "\n".join(_INDENTED.findall(_FENCED.sub("", text))))


def in_sentences() -> Iterator[Example]:
    """Yield the commands that sentences name; they may leave out what a command needs."""
    for path in DOCUMENTS:
        prose = _INDENTED.sub("", _FENCED.sub("", path.read_text(encoding="utf-8")))
        yield from (Example(path.name, " ".join(code.split())) for code in _INLINE.findall(prose))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _commands(place: str, text: str) -> Iterator[Example]:
    """Yield the lines of ``text`` that call one of this package's commands, whole; and the calls in explanations."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        code = _EXPLANATION.sub("", line.strip().removeprefix("$ "))
        if _COMMAND.match(code):
            yield Example(place, code)
        explained = _COMMAND.search(line, line.index(code) + len(code))
        if explained is not None:
            yield Example(place, explained[0])


def words(line: str) -> list[str]:
    """Return a line's words up to a pipe or a file that the output goes to, without the variables set before it."""
    split = shlex.split(Template(line).safe_substitute(VARIABLES))
    while _SETTING.match(split[0]):
        split.pop(0)
    ends = [split.index(sign) for sign in ("|", ">") if sign in split]
    return split[: min(ends, default=len(split))]


def check(line: str) -> None:
    """Read a command line as its command does, without running it.

    Raises SystemExit for what the parser refuses and GrpokitError for a wrong recipe key, reward, task or model.
    """
    command, *rest = words(line)
    if command == "accelerate":
        command, rest = _launched(rest[1:])
    args = PARSERS[command]().parse_args(rest)
    if command == "grpo-train":
        _check_recipe(args)
    else:
        _check_names(args)


def _launched(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command that ``accelerate launch`` starts, and its words."""
    from accelerate.commands.launch import launch_command_parser

    args = launch_command_parser().parse_args(words)
    assert args.module
    assert args.config_file is None or (ROOT / args.config_file).is_file()
    return MODULES[args.training_script], args.training_script_args


def _check_recipe(args: argparse.Namespace) -> None:
    """Set the overrides in the recipe; in one of the package's where the line names a file of somebody's own."""
    if args.show is not None:
        args.recipe = args.show
    if args.recipe is None:
        assert args.list
        return
    if args.recipe.endswith(".yaml") or args.recipe == "RECIPE":
        args.recipe = "arithmetic-tiny"
    args.adapter = None  # a folder of somebody's own
    grpo_train.chosen_recipe(args)


def _check_names(args: argparse.Namespace) -> None:
    """Look up the rewards, tasks, models and filters that a line of ``grpo-eval`` names."""
    given = {name: value for name, value in vars(args).items() if value is not None}
    if "rewards" in given:
        RewardMix.parse(args.rewards)
    if "reward" in given:
        get(args.reward)
    for task in [args.task] if isinstance(given.get("task"), str) else given.get("task", []):
        load_task(task)
    if "suite" in given:
        load_suite(args.suite)
    if isinstance(given.get("model"), list):
        parse_models(args.model)
    parse_where(given.get("where", []))


def check_options(line: str) -> None:
    """Check that a command that a sentence names exists and has the options that stand behind it."""
    command, *rest = words(line)
    parser = PARSERS[command]()
    known = {option for one in all_parsers(parser) for option in one._option_string_actions}
    for word in rest:
        if word.startswith("--") and word not in known:
            raise GrpokitError(f"{line}: no option {word}")
    places = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if places and rest and rest[0].isalpha() and rest[0] not in places[0].choices:
        raise GrpokitError(f"{line}: no command {rest[0]}")
