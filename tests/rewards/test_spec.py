"""Spec strings: the grammar, and one clear line where it is not followed."""

import pytest
from grpokit.rewards.spec import RewardSpec, SpecError, import_paths, parse_layout, parse_mix, parse_reward
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
        ("", "expected a reward, found nothing"),
        ("a,", "expected a reward, found nothing"),
        ("a=1,,b", "expected a reward, found nothing"),
        ("a(x=1,)", "expected a reward, found nothing"),
        ("a b", "expected a reward, found 'a b'"),
        ("a(", "expected a reward, found 'a('"),
        ("a(x=1", "expected a reward, found 'a(x=1'"),
        ("a(b))", "expected a reward, found 'b)'"),
        ("a(x=)", "a has x=nothing, no Python literal"),
        ("a(x=1 y=2)", "a has x='1 y=2', no Python literal"),
        ("a(x='open)", "no Python literal; write a number, or text in quotes"),
        ("a(x={[1]: 2})", "no Python literal"),  # one that Python reads and cannot build
        ("a(x=1,x=2)", "given 'x' twice"),
        ("a=", "weight nothing is no finite number"),
        ("a=1=2", "weight '1=2' is no finite number"),
        ("a=heavy", "weight 'heavy' is no finite number"),
        ("a=nan", "weight 'nan' is no finite number"),
        ("a=inf", "weight 'inf' is no finite number"),
        ("a(x=__import__('os').getcwd())", "no Python literal"),  # nothing is evaluated
        ("a(x=" + "[" * 5000 + "]" * 5000 + ")", "give at most 10000"),
        ("a(x=" + "[" * 4000 + "]" * 4000 + ")", "no Python literal"),  # too deep for Python
        ("a(" * 4000 + ")" * 1000, "more than 20 others"),  # nested rewards too deep for anybody
        ("gate(" * 21 + "a" + ")" * 21, "more than 20 others"),
        ("layout(answer_tag=result),a", "a layout stands once, before the rewards, and ends with ';'"),
        ("a,layout", "a layout stands once"),
    ],
)
def test_mistakes_are_one_clear_line(text: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_mix(text)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_twenty_rewards_may_nest() -> None:
    reward = parse_reward("gate(" * 20 + "a" + ")" * 20)
    for _ in range(20):
        (reward,) = reward.nested
    assert reward == RewardSpec("a")


SIGNS = st.sampled_from([*"a=()[]{}'\",;:.\\ -+1#\n\x00", "layout(", "None", "pkg.m:f", "{[1]:2}", "1e400", "b'"])


@given(st.text(max_size=60) | st.lists(SIGNS, max_size=12).map("".join))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        written = str(parse_mix(parse_layout(text).rest))
    except SpecError as error:
        written = str(error)
    assert "\n" not in written


_values = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none(), st.text()
)


@given(st.dictionaries(st.sampled_from(["a", "b_c", "target"]), _values))
def test_parameters_written_by_repr_come_back(parameters: dict[str, object]) -> None:
    inner = ",".join(f"{key}={value!r}" for key, value in parameters.items())
    assert dict(parse_reward(f"name({inner})").parameters) == parameters


def test_a_file_may_name_the_rewards_of_this_packages_own_tasks_and_nothing_beside_them() -> None:
    solved, metric = "grpokit.evaluate.tasks.reasoning_gym:solved", "grpokit.evaluate.tasks.lm_eval_metric:LmEvalMetric"
    assert import_paths(f"{solved}=1,gate(xml_format,{metric}(metric='acc'))=0.5") == []
    for other in ("grpokit.evaluate.tasks.reasoning_gym:generate", "grpokit.evaluate.tasks.lm_eval:hashlib.sha256"):
        assert import_paths(f"{other}=1") == [other]
