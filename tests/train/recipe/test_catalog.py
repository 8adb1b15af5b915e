"""Recipes in files: what they name that lies beside them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from grpokit.train.recipe.catalog import read_recipe

CARD, ROWS = "mine.yaml", "rows.jsonl"

SECTIONS = [
    (CARD, f"here/{CARD}"),  # the short form
    ({"name": CARD}, {"name": f"here/{CARD}"}),
    ({"name": CARD, "data": ROWS}, {"name": f"here/{CARD}", "data": f"here/{ROWS}"}),
    ({"name": "absent.yaml", "data": "absent.jsonl"}, {"name": "absent.yaml", "data": "absent.jsonl"}),  # as typed
    ({"name": "arithmetic"}, {"name": "arithmetic"}),  # a task of the package, though a file has its name
    ({"name": CARD, "split": ROWS}, {"name": f"here/{CARD}", "split": ROWS}),  # no path: the split
    (7, 7),  # a mistake is left to the check of recipes
    ({"name": 7}, {"name": 7}),
]


@pytest.mark.parametrize("key", ["task", "evaluation"])
@pytest.mark.parametrize(("section", "read"), SECTIONS)
def test_files_beside_a_recipe_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, section: Any, read: Any
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    for name in (CARD, ROWS, "arithmetic"):
        (folder / name).touch()
    (folder / "recipe.yaml").write_text(yaml.safe_dump({key: section, "rewards": ROWS}))
    monkeypatch.chdir(tmp_path)
    assert read_recipe("here/recipe.yaml") == {key: read, "rewards": ROWS}


def test_absolute_path_stays(tmp_path: Path) -> None:
    (tmp_path / CARD).touch()
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump({"task": str(tmp_path / CARD)}))
    assert read_recipe(str(tmp_path / "recipe.yaml")) == {"task": str(tmp_path / CARD)}
