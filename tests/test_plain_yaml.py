"""YAML of others: bombs, depth, size, tags and numbers that are none, in recipes, cards, mixes and overrides."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import load_task
from grpokit.plain_yaml import DEEPEST, LONGEST, YamlError, dump_yaml, parse_yaml
from grpokit.rewards import RewardMix
from grpokit.train import TrainingError, load_recipe

STEPS = zip("abcdefgh", "bcdefghi", strict=True)
BOMB = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in STEPS)

HOSTILE = [
    (BOMB, "aliases"),
    ("a: &a [*a]", "aliases"),  # a list that holds itself
    ("{<<: *x}", "aliases"),
    ("[" * 5000, f"nested more than {DEEPEST} deep"),
    ("\n".join("  " * depth + "a:" for depth in range(DEEPEST + 1)), f"nested more than {DEEPEST} deep"),
    ("a: " + "x" * LONGEST, "more than 1,000,000 characters"),
    ("!!python/object/apply:os.system [id]", "could not determine a constructor"),
    ("a: 2026-13-45", "month must be in 1..12"),
    ("a: " + "9" * 5000, "not valid YAML"),  # more digits than Python reads
    ("a: [", "not valid YAML"),
    ("a: \x00", "not valid YAML"),
]


@pytest.mark.parametrize(("text", "said"), HOSTILE)
def test_hostile_yaml_is_one_line_everywhere(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(text)
    for read in (load_recipe, load_task, RewardMix.from_yaml):
        with pytest.raises(GrpokitError, match=said) as caught:
            read(str(file))
        assert "\n" not in str(caught.value)
    with pytest.raises(TrainingError, match=said):
        load_recipe("arithmetic-tiny", [f"samples={text}"])


def test_what_files_of_this_package_need_is_read() -> None:
    nested = "[" * (DEEPEST - 1) + "1" + "]" * (DEEPEST - 1)
    assert parse_yaml(f"a: 1e-3\nb: [x, {{c: 'd'}}]\ne: {nested[9:-9]}")["a"] == 0.001
    parse_yaml(nested)
    with pytest.raises(YamlError):
        parse_yaml(f"[[{nested}]]")


@pytest.mark.parametrize(
    "setting",
    ["learning_rate=.nan", "learning_rate=.inf", "beta=-.inf", "lora.dropout=.nan", "evaluation.temperature=.nan",
     "lr_scheduler_kwargs={min_lr: [.nan]}"],
)  # fmt: skip
def test_no_setting_is_nan(setting: str) -> None:
    with pytest.raises(TrainingError, match=r"finite|greater than|less than"):
        load_recipe("arithmetic-tiny", [setting])


@pytest.mark.parametrize("text", ["a: 1\na: 1", "a: {b: 1, c: 2, b: 3}", "- {a: 1, 'a': 2}", "1: a\n'1': b"])
def test_a_key_that_is_given_twice_is_refused(text: str) -> None:
    """The last one would count, without a word."""
    with pytest.raises(YamlError, match=r"the key '[ab1]' is given twice in line"):
        parse_yaml(text)


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "0x" + "f" * 40])
def test_a_number_beyond_64_bits_is_refused(number: str) -> None:
    with pytest.raises(YamlError, match="a whole number of more than 64 bits"):
        parse_yaml(f"limit: {number}")
    assert parse_yaml("limit: 9223372036854775807") == {"limit": 2**63 - 1}


WORDS = [
    # YAML 1.1 reads the first four as truth values
    ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("off", "off"), ("y", "y"),
    ("true", True), ("False", False), ("TRUE", True), ("truely", "truely"), ("null", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), WORDS)
def test_truth_values_are_true_and_false_alone(text: str, value: object) -> None:
    (read,) = parse_yaml(f"[{text}]")
    assert (type(read), read) == (type(value), value)


NUMBERS = [
    # YAML 1.1 reads the first five as 8, 90, 32, text and 5
    ("010", 10), ("1:30", "1:30"), ("3_2", "3_2"), ("0o17", 15), ("0b101", "0b101"),
    ("08", 8), ("-012", -12), ("+3", 3), ("0x1F", 31), ("0o8", "0o8"), ("0", 0),
    ("1e-5", 1e-5), ("1e5", 1e5), ("010.5", 10.5), ("1_0.5", "1_0.5"), ("1:30.5", "1:30.5"), (".5", 0.5),
    ("-.5e2", -50.0), ("1.", 1.0), ("-.inf", float("-inf")), (".", "."), ("1.2.3", "1.2.3"), ("e5", "e5"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_numbers_are_those_of_yaml_1_2(text: str, value: object) -> None:
    (read,) = parse_yaml(f"[{text}]")
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("text", [text for text, _ in NUMBERS] + [text for text, _ in WORDS] + ["0777", "2026-01-02"])
def test_a_text_that_looks_like_another_value_is_written_as_a_text(text: str) -> None:
    assert parse_yaml(dump_yaml({"a": [text, 8, 0.5, 1e-5, 1e300]})) == {"a": [text, 8, 0.5, 1e-5, 1e300]}


def test_a_nul_is_refused_wherever_it_stands() -> None:
    for text in ('user: "a\\0b"', '"a\\0": 1', '["\\x00"]'):
        with pytest.raises(YamlError, match="a text with the character NUL in it; leave it out in line 1"):
            parse_yaml(text)
