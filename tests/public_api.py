"""The public names with their signatures, a line each: ``python -m grpokit.tests.public_api`` writes the kept list."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path

KEPT = Path(__file__).with_name("public_api.txt")

FLOORS = ("rewards", "evaluate", "train", "reports")


def lines() -> list[str]:
    """Return the public names of every floor, sorted, with the parameters of what can be called."""
    return sorted(line for floor in FLOORS for line in _of(f"grpokit.{floor}"))


def _of(floor: str) -> Iterator[str]:
    module = import_module(floor)
    for name in module.__all__:
        yield f"{floor}.{name}{_signature(getattr(module, name))}"


def _signature(value: object) -> str:
    """Return the names, kinds and defaults of parameters: no types, which may be said better at any time."""
    if isinstance(value, type) and issubclass(value, Enum):
        return f"({', '.join(member.name for member in value)})"
    if not callable(value):
        return ""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):  # a protocol, a literal, a class in C
        return ""
    bare = [
        one.replace(annotation=inspect.Parameter.empty, default=one.default if _plain(one.default) else "...")
        for one in signature.parameters.values()
    ]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def _plain(value: object) -> bool:
    return value is inspect.Parameter.empty or isinstance(value, str | int | float | bool | tuple | None)


if __name__ == "__main__":
    KEPT.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
