"""Spec strings: the grammar, and one clear line where it is not followed."""

import pytest
from grpokit.rewards.spec import RewardSpec, SpecError, parse_mix, parse_reward
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("correctness", RewardSpec("correctness")),  # a bare name
        (" correctness ( ) ", RewardSpec("correctness")),  # white space is free, empty brackets too
        ("length(target=200)", RewardSpec("length", (), (("target", 200),))),  # a whole number
        ("length(target=2e2)", RewardSpec("length", (), (("target", 200.0),))),  # a float
        ("length(tolerance=None)", RewardSpec("length", (), (("tolerance", None),))),  # None
        ("a(x=-1.5,y=True)", RewardSpec("a", (), (("x", -1.5), ("y", True)))),  # signs and truth
        ("a(x=word)", RewardSpec("a", (), (("x", "word"),))),  # a bare word is text
        ("a(x=org/model-v2.1)", RewardSpec("a", (), (("x", "org/model-v2.1"),))),  # a hub id
        ("a(x='one, (two) = \"3\"')", RewardSpec("a", (), (("x", 'one, (two) = "3"'),))),  # quotes guard signs
        (r"a(x='it\'s')", RewardSpec("a", (), (("x", "it's"),))),  # an escaped quote
        ("a(x=(1, [2, 3]),y={'k': 4})", RewardSpec("a", (), (("x", (1, [2, 3])), ("y", {"k": 4})))),  # literals nest
        ("my.pkg:rewards.score(k=1)", RewardSpec("my.pkg:rewards.score", (), (("k", 1),))),  # an import path
        (
            "gate(xml_format, conciseness(budget=200), threshold=0.5)",  # nested rewards come first
            RewardSpec(
                "gate",
                (RewardSpec("xml_format"), RewardSpec("conciseness", (), (("budget", 200),))),
                (("threshold", 0.5),),
            ),
        ),
    ],
)
def test_reward(text: str, expected: RewardSpec) -> None:
    assert parse_reward(text) == expected


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("a", [1.0]),  # a missing weight is 1
        ("a=2,b", [2.0, 1.0]),
        ("a = -0.5 , b = 0", [-0.5, 0.0]),  # either sign, and zero
        ("a(x=1)=1e-3,b=+4", [0.001, 4.0]),  # a weight after brackets
    ],
)
def test_weights(text: str, weights: list[float]) -> None:
    assert [item.weight for item in parse_mix(text)] == weights


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "expected a reward's name at character 1, found the end"),
        ("a,", "expected a reward's name at character 3"),
        ("a=1,,b", "expected a reward's name at character 5"),
        ("a b", "expected ',' at character 3"),
        ("a(", "expected a reward's name at character 3, found the end"),
        ("a(x=1", "expected ')'"),
        ("a(x=)", "expected a value"),
        ("a(x=1 y=2)", "is no Python literal"),
        ("a(x='open)", "expected ')'"),
        ("a(x=1,x=2)", "given 'x' twice"),
        ("a=heavy", "weight 'heavy' is no finite number"),
        ("a=nan", "weight 'nan' is no finite number"),
        ("a=inf", "weight 'inf' is no finite number"),
        ("a(x=__import__('os').getcwd())", "is no Python literal"),  # nothing is evaluated
        ("a(x=" + "[" * 5000 + "]" * 5000 + ")", "give at most 10000"),
        ("a(x=" + "[" * 4000 + "]" * 4000 + ")", "is no Python literal"),  # too deep for the parser
    ],
)
def test_mistakes_are_one_clear_line(text: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_mix(text)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        items = parse_mix(text)
    except SpecError:
        return
    assert items


_values = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none(), st.text()
)


@given(st.dictionaries(st.sampled_from(["a", "b_c", "target"]), _values))
def test_parameters_written_by_repr_come_back(parameters: dict[str, object]) -> None:
    inner = ",".join(f"{key}={value!r}" for key, value in parameters.items())
    assert dict(parse_reward(f"name({inner})").parameters) == parameters
