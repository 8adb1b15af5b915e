"""The reference pages, made from the code each time the site is built: commands, card, recipe, rewards, run folder."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import os
import re
import types
import typing
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic import BaseModel
from pydantic.fields import FieldInfo

WIDTH = "100"
"""Columns of the help texts."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages; mkdocs calls this."""
    for name, text in pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def pages() -> dict[str, str]:
    """Return the text of every page by its name."""
    return {"commands": _commands(), "card": _card(), "recipe": _recipe(), "rewards": _rewards(), "run-folder": _run()}


def _commands() -> str:
    os.environ["COLUMNS"] = WIDTH
    text = "# Commands\n\nWhat `--help` of every command says.\n"
    for program in ("eval", "train", "report"):
        for parser in _parsers(import_module(f"grpokit.commands.{program}").build_parser()):
            text += f"\n## {parser.prog}\n\n```text\n{parser.format_help().rstrip()}\n```\n"
    return text


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for own in action.choices.values():
                yield from _parsers(own)


def _card() -> str:
    from grpokit.evaluate.tasks.card import Task
    from grpokit.evaluate.tasks.shots import Shots
    from grpokit.evaluate.tasks.sources import Source

    head = (
        "# Task card\n\nA task is a YAML file with these keys; [Write a task](../tasks.md) explains them by examples.\n"
    )
    return head + _section("The card", Task) + _section("source", Source) + _section("shots", Shots)


def _recipe() -> str:
    from grpokit.train import Recipe

    text = "# Recipe\n\nA recipe is a YAML file with these keys; on the command line a key is dotted, `lora.r=8`.\n"
    text += _section("The recipe", Recipe)
    for name, field in Recipe.model_fields.items():
        if (section := _model_in(field.annotation)) is not None:
            text += _section(name, section)
    return text


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a field holds, or may hold."""
    kinds = [annotation, *typing.get_args(annotation)]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _section(title: str, model: type[BaseModel]) -> str:
    rows = [_key(name, field) for name, field in model.model_fields.items() if not field.exclude]
    return f"\n## {title}\n\n{_prose(model)}\n\n{_table(('key', 'type', 'unless given'), rows)}"


def _key(name: str, field: FieldInfo) -> tuple[str, str, str]:
    if _model_in(field.annotation) is not None:
        return f"`{name}`", f"[section](#{name})", ""
    default = "" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
    return f"`{name}`", f"`{_kind(field.annotation)}`", default


def _rewards() -> str:
    from grpokit.rewards import FunctionReward, get, names

    text = "# Rewards\n\nParameters, formula and examples of each; [in plain words](../rewards.md) what they read.\n"
    for name in names():
        reward = get(name)
        low, high = reward.range
        text += f"\n## {name}\n\nRange {low:g} to {high:g}.\n\n"
        text += _table(
            ("parameter", "unless given"),
            [(f"`{key}`", f"`{value!r}`") for key, value in reward.all_parameters.items()],
        )
        text += f"\n{_prose(reward.function if isinstance(reward, FunctionReward) else type(reward))}\n"
    return text


def _run() -> str:
    from grpokit.evaluate.runs import manifest
    from grpokit.evaluate.types import Row, Sampling

    text = (
        "# Run folder\n\n"
        "A run is a folder: `manifest.json` says what was asked of whom, `prompts.jsonl` holds the prompts,\n"
        "`completions.jsonl` the rows as they come, `scores.jsonl` the scores, each line a JSON object.\n"
    )
    text += f"\n## A line of completions.jsonl\n\n{_prose(Row)}\n\n"
    text += _table(("key", "type"), [(f"`{key}`", f"`{_kind(kind)}`") for key, kind in Row.__annotations__.items()])
    for made in (manifest.Manifest, manifest.TaskRecord, Sampling):
        keys = [(f"`{field.name}`", f"`{_kind(field.type)}`") for field in dataclasses.fields(made)]
        text += f"\n## {made.__name__}\n\n{_prose(made)}\n\n{_table(('key', 'type'), keys)}"
    return text


def _kind(annotation: Any) -> str:
    """Return a type as a reader would write it."""
    if isinstance(annotation, str):
        return annotation.replace(" | ", " or ")  # a bar would end the cell
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation.__name__
    return re.sub(r"\b(?:typing|collections\.abc|grpokit[\w.]*|pathlib)\.", "", str(annotation)).replace(" | ", " or ")


def _prose(made: Any) -> str:
    """Return a docstring as Markdown: roles become code, double backticks single ones."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", inspect.cleandoc(made.__doc__ or "")).replace("``", "`")
    return re.sub(r"^(>>> (?:.+\n?)+)", r"```python\n\1\n```\n", text, flags=re.MULTILINE)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
