"""Every example in a docstring of the package runs and shows what it says."""

import doctest
import importlib
import pkgutil

import grpokit
import pytest

BESIDE = ("grpokit.tests", "grpokit.bench", "grpokit.docs", "grpokit.build")
"""Folders beside the package that a plain clone finds under its name."""


def modules() -> list[str]:
    found = [module.name for module in pkgutil.walk_packages(grpokit.__path__, "grpokit.", onerror=lambda _: None)]
    return [name for name in found if not name.startswith(BESIDE)]


@pytest.mark.parametrize("name", ["grpokit", *modules()])
def test_examples(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0


def test_the_walk_finds_the_floors() -> None:
    assert {"grpokit.errors", "grpokit.rewards.mix", "grpokit.evaluate.types"} <= set(modules())
