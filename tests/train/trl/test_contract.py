"""The page that lists what we rely on in TRL's insides, against the installed libraries and our own source."""

import ast
import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import pytest
from datasets import Dataset
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines.loading import load_tokenizer
from grpokit.train import Recipe, make_plan, train
from grpokit.train import trl as page
from grpokit.train.trl.arguments import make_arguments
from grpokit.train.trl.trainer import GuardedTrainer
from transformers import AutoModelForCausalLM, Trainer
from trl.trainer.grpo_trainer import GRPOTrainer

TRAIN = Path(inspect.getfile(page)).parent.parent
TRAINER = "trl.GRPOTrainer."


class Entry(NamedTuple):
    """A name on the page with the parameters that it says it has; None for an attribute."""

    name: str
    parameters: list[str] | None


def entries(heading: str) -> list[Entry]:
    """The entries of a section of the page."""
    text = re.sub(r"\s+", " ", (page.__doc__ or "").split(f"{heading},")[1].split("\n\n")[1])
    return [
        Entry(name, None if arguments is None else [word.strip() for word in arguments[1:-1].split(",")])
        for name, arguments in re.findall(r"- `([\w.]+)(\([^)]*\))?`: ", text)
    ]


OVERRIDDEN, CALLED, ATTRIBUTES = entries("Overridden"), entries("Called"), entries("Read or set")


def look_up(name: str) -> object:
    """Import what a dotted name stands for."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[end:], module)
    raise ModuleNotFoundError(name)


def test_the_page_is_read() -> None:
    assert (len(OVERRIDDEN), len(CALLED), len(ATTRIBUTES)) == (8, 5, 13)


@pytest.mark.parametrize("entry", [*OVERRIDDEN, *CALLED], ids=lambda entry: entry.name)
def test_method_has_the_parameters_that_we_rely_on(entry: Entry) -> None:
    method = look_up(entry.name)
    assert callable(method)
    installed = [name for name in inspect.signature(method).parameters if name != "self"]
    assert entry.parameters is not None
    if entry.parameters[-1] == "...":
        assert installed[: len(entry.parameters) - 1] == entry.parameters[:-1]
    else:
        assert installed == entry.parameters


def test_overridden_is_what_the_page_says() -> None:
    ours = {name for name in vars(GuardedTrainer) if hasattr(GRPOTrainer, name) and not name.startswith("__")}
    assert ours == {entry.name.removeprefix(TRAINER) for entry in OVERRIDDEN}


@pytest.fixture
def plain_trainer(tiny: Callable[..., Recipe], tmp_path: Path) -> GRPOTrainer:
    """TRL's own trainer, without anything of ours."""
    recipe = tiny()
    return GRPOTrainer(
        AutoModelForCausalLM.from_pretrained(checkpoint_path()),
        list(recipe.mix.reward_funcs),
        args=make_arguments(recipe, make_plan(recipe, 8), tmp_path),
        train_dataset=Dataset.from_dict({"prompt": ["1+1"] * 8, "reference": ["2"] * 8}),
        processing_class=load_tokenizer(checkpoint_path()),
    )


def test_attributes_are_there_and_ours_are_not(plain_trainer: GRPOTrainer) -> None:
    """An attribute of ours by a name of TRL's would be overwritten, or overwrite."""
    names = [entry.name.removeprefix(TRAINER) for entry in ATTRIBUTES]
    later = {"current_gradient_accumulation_steps"}  # which Trainer's loop sets
    assert [name for name in names if not hasattr(plain_trainer, name) and name not in later] == []
    assert "self.current_gradient_accumulation_steps = " in inspect.getsource(Trainer)
    ours = set(re.findall(r"self\.(\w+)\b[^=\n]* = ", inspect.getsource(GuardedTrainer.__init__)))
    assert {"rollouts", "micro_batches", "whole_epochs", "alarm", "tested_for"} <= ours
    assert [name for name in ours if hasattr(plain_trainer, name)] == []


def test_figures_of_the_logs_are_there(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", page.__doc__ or "").split("figures of TRL's logs")[1]
    names = {name.replace("NAME", "correctness") for name in re.findall(r'"([^"]+)"', text)}
    assert len(names) == 5
    train(tiny("max_steps=1"), tmp_path / "run")
    first = json.loads((tmp_path / "run" / "history.jsonl").read_text().splitlines()[0])
    assert names <= first.keys()


def private_uses(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of each private attribute of something that is not the object itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if not own and node.attr not in ("_replace", "_asdict", "_fields"):  # of named tuples, and public
                yield node.lineno, node.attr


def test_nothing_private_is_used_outside_this_folder() -> None:
    files = [path for path in TRAIN.rglob("*.py") if path.parent != TRAIN / "trl"]
    assert len(files) > 20
    assert [f"{path.relative_to(TRAIN)}:{line} {name}" for path in files for line, name in private_uses(path)] == []


def test_everything_private_that_this_folder_uses_is_on_the_page() -> None:
    used = {name for path in (TRAIN / "trl").glob("*.py") for _, name in private_uses(path)}
    tree = ast.parse((TRAIN / "trl" / "trainer.py").read_text(encoding="utf-8"))
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr[:1] == "_"}
    listed = {entry.name.rsplit(".", 1)[-1] for entry in (*OVERRIDDEN, *CALLED, *ATTRIBUTES)}
    assert "_buffered_inputs" in used
    assert {name for name in used if not name.startswith("__")} <= listed


def test_modules_of_the_libraries_insides_are_on_the_page() -> None:
    """What is imported from below the top of trl and transformers may move with any release."""
    imports = (
        node
        for path in TRAIN.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and not node.level
    )
    inside = re.compile(r"(trl|transformers|peft\.tuners)\.\w")
    imported = {
        f"{node.module}.{one.name}" for node in imports for one in node.names if inside.match(node.module or "")
    }
    moved = {name for name in imported if name.rsplit(".", 1)[-1] not in ("GRPOTrainer", "GRPOConfig")}  # public
    assert moved
    assert [name for name in moved if f"`{name}" not in (page.__doc__ or "")] == []
