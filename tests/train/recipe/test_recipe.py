"""Recipes: what is accepted, and one line of repair for what is not."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from grpokit.commands.train import main
from grpokit.errors import GrpokitError
from grpokit.train import Recipe, load_recipe, recipe_names
from grpokit.train.recipe.recipe import known_keys, make_recipe
from grpokit.train.trl.fields import OURS, grpo_fields

BASIC = {"model": "demo", "task": "arithmetic", "rewards": "correctness=1"}

MISTAKES = [
    ({"modle": "demo"}, "unknown key 'modle'. Did you mean 'model'?"),  # top level
    ({"lora": {"rank": 8}}, "unknown key 'lora.rank': write lora.r."),  # in a section
    ({"lora": {"r": 0}}, "lora.r=0"),  # out of range
    ({"lora": {"dropout": 1.0}}, "lora.dropout=1.0"),  # a dropout of everything
    ({"lora": {"r": "8"}}, "lora.r='8'"),  # strict: no text for a number
    ({"model": 3}, "model=3"),  # neither a path nor a section
    ({"rewards": "corectness=1"}, "Did you mean 'correctness'?"),  # the mix's own error comes through
    ({"rewards": "correctness=0,xml_format=0"}, "every weight is 0"),  # nothing is paid for
    ({"rewards": "my_rewards:score=0"}, "every weight is 0"),  # nor is code imported to see it
    ({"rewards": "correctness=1e20"}, "correctness has the weight 1e+20; give 0, or a size from 1e-06 to 1000000."),
    ({"rewards": "correctness=1,xml_format=-1e-7"}, "xml_format has the weight -1e-07"),  # the size counts
    ({"lora": {"layers_to_transform": [99]}}, "lora.layers_to_transform=[99] needs target_modules as a list"),
    ({"lora": {"layers_to_transform": 0, "target_modules": ".*proj"}}, "and not '.*proj'"),  # PEFT's own error
    ({"lora": {"layers_pattern": "h"}}, "lora.layers_pattern='h' needs target_modules as a list"),
    ({"lora": {"layers_pattern": "h", "target_modules": ["fc1"]}}, "needs lora.layers_to_transform"),  # likewise
    ({"grpo": {"learning_rat": 1e-5}}, "Did you mean 'learning_rate'?"),  # a GRPOConfig field misspelt
    ({"grpo": {"learning_rate": "fast"}}, "grpo.learning_rate='fast': GRPOConfig takes float."),  # its type
    ({"grpo": {"num_generations": True}}, "grpo.num_generations=True"),  # yes is no number
    ({"grpo": {"num_generations": 2.5}}, "grpo.num_generations=2.5"),  # nor is a fraction a count
    ({"grpo": {"output_dir": "x"}}, "give --out"),  # a field that is ours
    ({"grpo": {"log_completions_hub_repo": "org/x"}}, "completions stay in --out"),  # what a file may not send away
    ({"grpo": {"hub_token": "hf_x"}}, "set HF_TOKEN in the environment"),  # which would be kept in a file
    ({"grpo": {"reward_weights": [1.0]}}, "write weights in rewards"),  # likewise
    ({"grpo": {"eval_strategy": "steps"}}, "set evaluation.every"),  # TRL would ask for another data set
    ({"grpo": {"auto_find_batch_size": True}}, "cannot be split"),  # TRL refuses it after loading
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_mistake_is_one_line_with_the_repair(change: dict[str, Any], message: str) -> None:
    with pytest.raises(GrpokitError) as caught:
        make_recipe({**BASIC, **change}, "mine.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["model", "task", "rewards"])
def test_missing_key_is_named(missing: str) -> None:
    values = {key: value for key, value in BASIC.items() if key != missing}
    with pytest.raises(GrpokitError, match=f"{missing} is missing"):
        make_recipe(values, "mine.yaml")


@pytest.mark.parametrize("rewards", ["correctness=1e6", "correctness=-1e-6", "correctness=1,xml_format=0"])
def test_weights_that_can_be_learnt_from_are_taken(rewards: str) -> None:
    assert make_recipe({**BASIC, "rewards": rewards}, "mine.yaml").rewards == rewards


@pytest.mark.parametrize(("layers", "status"), [("[0, 2]", 2), ("2", 2), ("-1", 2), ("[0, 1]", 0), ("1", 0)])
def test_layers_that_the_model_has_not_are_refused(
    layers: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """PEFT passes over a layer 2 that is not there, as long as it finds the other."""
    asked = ["lora.target_modules=[q_proj]", f"lora.layers_to_transform={layers}"]
    assert main(["arithmetic-tiny", "--dry-run", "--no-evaluation", *asked]) == status
    assert ("the model has 0 to 1." in capsys.readouterr().err) is (status == 2)


def test_two_rewards_of_one_name_are_refused() -> None:
    """TRL averages two rewards with one name into one curve."""
    with pytest.raises(GrpokitError, match="two rewards are named 'correctness'"):
        make_recipe({**BASIC, "rewards": "correctness=1,correctness=2"}, "mine.yaml")


def test_resolved_recipe_reads_back_as_itself(tmp_path: Path) -> None:
    recipe = load_recipe("arithmetic-tiny", ["lora.r=4", "samples={a: '08', b: '0o17'}"])  # texts, and no numbers
    file = tmp_path / "again.yaml"
    file.write_text(recipe.to_yaml())
    assert load_recipe(str(file)).to_yaml() == recipe.to_yaml()


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_are_valid(name: str) -> None:
    assert load_recipe(name).description


OVERRIDES = [
    ("max_steps=5", lambda recipe: recipe.grpo["max_steps"] == 5),  # a bare GRPOConfig field
    ("grpo.max_steps=5", lambda recipe: recipe.grpo["max_steps"] == 5),  # dotted
    ("learning_rate=1e-4", lambda recipe: recipe.grpo["learning_rate"] == 1e-4),  # YAML 1.1 reads text here
    ("model=/a/b", lambda recipe: recipe.model.path == "/a/b"),  # a section by its short form
    ("model.dtype=bfloat16", lambda recipe: (recipe.model.path, recipe.model.dtype) == ("demo", "bfloat16")),
    ("lora.target_modules=[q_proj]", lambda recipe: recipe.lora.target_modules == ["q_proj"]),
    ("evaluation.limit=10", lambda recipe: recipe.evaluation.limit == 10),
]


@pytest.mark.parametrize(("override", "holds"), OVERRIDES)
def test_override(override: str, holds: Callable[[Recipe], bool]) -> None:
    assert holds(load_recipe("arithmetic-tiny", [override]))


BAD_OVERRIDES = [
    ("max_steps", "write key=value"),  # no value
    ("=5", "write key=value"),  # no key
    ("max_stepz=5", "Did you mean 'max_steps'?"),  # neither a key nor a field
    ("lora.r=[", "not valid YAML"),  # a value that is no YAML
    ("rewards.x=1", "has no keys"),  # a value that is no section
]


@pytest.mark.parametrize(("override", "message"), BAD_OVERRIDES)
def test_bad_override_is_one_line(override: str, message: str) -> None:
    with pytest.raises(GrpokitError, match=re.escape(message)):
        load_recipe("arithmetic-tiny", [override])


BAD_FILES = [
    ("a: [", "not valid YAML"),  # broken
    ("- 1", "a mapping"),  # a list
    ("", "a mapping"),  # nothing
    ("!!python/object/apply:os.system [exit]", "not valid YAML"),  # YAML that would run code
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES)
def test_bad_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(text)
    with pytest.raises(GrpokitError, match=message):
        load_recipe(str(file))


def test_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(GrpokitError, match="Did you mean 'arithmetic-tiny'"):
        load_recipe("arithmetic-tny")


def test_missing_file_is_named() -> None:
    with pytest.raises(GrpokitError, match=r"cannot read recipe /no/such\.yaml"):
        load_recipe("/no/such.yaml")


def test_a_recipes_words_do_not_drive_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, words = tmp_path / "mine.yaml", "\x1b[31m \u202eevil\u2066"
    file.write_text(yaml.safe_dump({**BASIC, "description": words, "samples": {words: words}}))
    assert main(["--show", str(file)]) == 0
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.splitlines())
    assert yaml.safe_load(shown)["description"] == words
    file.write_text(yaml.safe_dump({**BASIC, "description": "für Zahlen"}))
    assert "für Zahlen" in load_recipe(str(file)).to_yaml()


def test_yaml_of_a_resolved_recipe_is_plain() -> None:
    assert yaml.safe_load(load_recipe("arithmetic-tiny").to_yaml())["grpo"]["disable_dropout"] is True


TWICE = [
    ["max_steps=2", "max_steps=3"],  # the last one would win without a word
    ["max_steps=2", "grpo.max_steps=2"],  # by its other name
    ["model=demo", "model.path=demo"],  # a section by its short form
    ["lora.r=4", "lora={alpha: 8}"],  # the section would take the key with it
    ["lora={alpha: 8}", "lora.r=4"],
]


@pytest.mark.parametrize("overrides", TWICE)
def test_override_that_is_given_twice_is_refused(overrides: list[str]) -> None:
    with pytest.raises(GrpokitError, match="set the same key; give it once") as caught:
        load_recipe("arithmetic-tiny", overrides)
    assert all(override in str(caught.value) for override in overrides)


@pytest.mark.parametrize("overrides", [["model=demo", "model.dtype=float16"], ["model.dtype=float16", "model=demo"]])
def test_word_for_a_section_leaves_its_other_keys(overrides: list[str]) -> None:
    model = load_recipe("arithmetic-tiny", overrides).model
    assert (model.path, model.dtype) == ("demo", "float16")


EXTREMES = [
    "99999999999999999999",
    "9223372036854775807",
    "-1",
    "0",
    "1e308",
    ".nan",
    "null",
    "true",
    "word",
    "[]",
    "{}",
]
"""Values that hardly a key was made for: huge, negative, no numbers, and of every other type."""

HOSTILE = [
    "9223372036854775807",
    "0",
    ".nan",
    "true",
    "{}",
    "9" * 5000,
    "1e309",
    "-.inf",
    "''",
    "[1]",
    "{a: .nan}",
    "[[[99999999999999999999]]]",
    "2024-13-01",
]
HOSTILE += ["!!python/name:os.system", "/dev/zero", "'../x'", r'"\ud83d"', r'"\e[31m"', "~nosuchuser/x"]


def own_keys() -> list[str]:
    """The keys of a recipe and of its sections, as an override names them."""
    return [*Recipe.model_fields, *(f"{name}.{key}" for name in Recipe.model_fields for key in known_keys([name]))]


def check_dry_run(override: str, capfd: pytest.CaptureFixture[str]) -> None:
    status = main(["arithmetic-tiny", "--dry-run", "--no-evaluation", override])
    said = capfd.readouterr().err
    assert status in (0, 2), f"{override[:80]}: {said}"
    assert status == 0 or said.count("\n") == 1, f"{override[:80]}: {said}"
    assert len(said) < 1000, f"{override[:80]}: {said}"
    assert "\x1b" not in said


@pytest.mark.parametrize("key", own_keys())
def test_no_value_of_a_key_is_a_fault(key: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in a recipe, a dry run shows it or says in one line what is wrong with it."""
    for value in EXTREMES + HOSTILE:
        check_dry_run(f"{key}={value}", capfd)


@pytest.mark.parametrize("value", EXTREMES)
def test_no_value_of_a_field_of_trl_is_a_fault(value: str, capfd: pytest.CaptureFixture[str]) -> None:
    for field in grpo_fields().keys() - OURS.keys():
        check_dry_run(f"{field}={value}", capfd)


FOREIGN = [
    # keys that axolotl, LLaMA-Factory, unsloth and TRL's scripts have, and what a recipe calls them
    ("base_model", "write model."),
    ("dataset", "write task, a name or a YAML card"),
    ("reward_funcs", "write rewards, such as"),
    ("lora_r", "write lora.r."),
    ("lr", "write learning_rate."),
    ("num_generations", "write it in the section grpo."),
    ("output_dir", "give --out."),
]


@pytest.mark.parametrize(("key", "said"), FOREIGN)
def test_keys_of_other_trainers_are_translated(tmp_path: Path, key: str, said: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump({**BASIC, key: 1}))
    with pytest.raises(GrpokitError) as caught:
        load_recipe(str(file))
    assert f"unknown key {key!r}: {said}" in str(caught.value)
    if key not in grpo_fields():
        with pytest.raises(GrpokitError) as caught:
            load_recipe("arithmetic-tiny", [f"{key}=1"])
        assert said in str(caught.value)


def test_whole_models_are_refused_in_words() -> None:
    with pytest.raises(GrpokitError, match="whole models are not trained here"):
        load_recipe("arithmetic-tiny", ["lora=null"])
