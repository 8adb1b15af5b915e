"""Small recipes and runs that several tests of training use."""

from collections.abc import Callable
from pathlib import Path

import pytest
from grpokit.train import Recipe, load_recipe

from .recorder import Recorder


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def tiny() -> Callable[..., Recipe]:
    """The demo recipe made small: groups of 4, 16 completions a step; overrides may follow."""

    def make(*overrides: str) -> Recipe:
        small = [
            "per_device_train_batch_size=16",
            "num_generations=4",
            "max_steps=2",
            "report_to=none",
            "evaluation.every=null",
        ]
        last = {override.partition("=")[0]: override for override in [*small, *overrides]}  # no key may come twice
        return load_recipe("arithmetic-tiny", list(last.values()))

    return make


@pytest.fixture
def card(tmp_path: Path) -> Callable[[list[dict[str, str]]], str]:
    """A task card over rows of the test's own; returns the card's path."""
    import json

    def make(rows: list[dict[str, str]], user: str = "{question}") -> str:
        data = tmp_path / "rows.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        path = tmp_path / "card.yaml"
        path.write_text(
            f"name: own\nsource: {{file: {data}}}\nuser: '{user}'\nreference: reference\n"
            "rewards: correctness=1\nprimary: correctness\nmax_new_tokens: 32\n"
        )
        return str(path)

    return make
