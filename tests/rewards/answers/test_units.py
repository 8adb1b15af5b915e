r"""Units: which words behind a number are one, and which are the same."""

import pytest
from grpokit.rewards.answers.units import canonical_unit, same_unit, without_unit

UNITS = [
    ("", "$", "$"),
    (" dollars", "", "$"),
    ("km", "", "km"),  # glued
    (" kilometres", "", "km"),
    ("m", "", None),  # one glued letter is a variable
    (" m", "", "m"),
    (" L", "", "l"),
    (" cm^2", "", "cm^2"),
    (" cm^{3}", "", "cm^3"),
    (" square feet", "", "ft^2"),
    (" cubic feet", "", "ft^3"),
    (" feet cubed", "", "ft^3"),
    (" feet squared", "", "ft^2"),
    (" miles per hour", "", "mph"),
    (" mi/h", "", "mph"),
    (" mph", "", "mph"),
    (r"^\circ", "", "degree"),
    (r"^\circ C", "", "celsius"),
    (r"^\circ F", "", "fahrenheit"),
    (" degrees Celsius", "", "celsius"),
    (" degrees Fahrenheit", "", "fahrenheit"),
    ("¢", "", "cent"),
    (" eggs", "", "egg"),  # a noun's stem
    (" egg", "", "egg"),
    (" puppies", "", "puppy"),
    (" puppy", "", "puppy"),
    (" red boxes of eggs", "", "box"),  # the last before a preposition
    (" people", "", "person"),
    (" eggs a day", "", "egg"),
    (" (eggs)", "", "egg"),  # in brackets
    (" units", "", ""),  # anything
    (" eggs left", "", "egg left"),  # a direction, as good as nothing beside an egg
    (" km north", "", "km north"),
    (" MB", "", "MB"),
    (" megabytes", "", "MB"),
    (" mW", "", "mW"),  # case means something
    (" Mb", "", "mb"),  # megabits, and no megabytes
    (" KM", "", "km"),  # all capitals by habit
    (" MW", "", "MW"),
    (" N", "", "newton"),
    (" Kg", "", "kg"),  # a capital by habit
    ("N", "", None),  # glued, a variable
    (" (million)", "", None),
    (" (or 6)", "", None),
    ("", "USD", "$"),
    ("", "US", "$"),
    ("", "Rs", "₹"),
    ("eggs", "", None),  # glued, and no known unit
    ("^2", "", None),
    (" x", "", None),
    (" ab", "", None),
    (" or 6", "", None),
    (" or eggs", "", None),
    (" + 2", "", None),
    ("...", "", None),
    (" eggs" * 20, "", None),  # too long
]


@pytest.mark.parametrize(("text", "currency", "unit"), UNITS)
def test_canonical_unit(text: str, currency: str, unit: str | None) -> None:
    assert canonical_unit(text, currency) == unit


WITHOUT = [
    (r"70\sqrt{2} feet", r"70\sqrt{2}"),
    (r"12\pi square cm", r"12\pi"),
    (r"12\pi cm^2", r"12\pi"),
    (r"2\pi^\circ", r"2\pi"),
    ("x + m", "x + m"),  # one letter is a variable
    ("feet", "feet"),  # nothing would be left
    (r"\sin 30^\circ", r"\sin 30^\circ"),
]


@pytest.mark.parametrize(("plain", "bare"), WITHOUT)
def test_without_unit(plain: str, bare: str) -> None:
    assert without_unit(plain) == bare


SAME = [
    ("egg", "egg", True),
    ("egg", "", True),  # left out
    ("egg", "hen", False),
    ("$", "egg", False),
    ("km north", "km south", False),
    ("km north", "km", True),  # a direction left out
    (" north", "km north", True),  # a unit left out
    ("m north", "km north", False),
]


@pytest.mark.parametrize(("first", "second", "same"), SAME)
def test_same_unit(first: str, second: str, same: bool) -> None:
    assert same_unit(first, second) is same
    assert same_unit(second, first) is same
