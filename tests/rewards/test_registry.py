"""Rewards by name: built-in, by import path, and registered by another installed package."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import grpokit.rewards
import pytest
from grpokit.rewards import Reward, RewardError, SpecError, UnknownReward, get, names
from grpokit.rewards.registry import READY, spec_of

FAMILIES = {
    "correctness", "xml_format", "xml_format_soft", "xml_tag_count", "conciseness", "repetition", "cot_clarity",
    "length", "token_length", "cosine_length", "soft_overlong", "token_overlap", "rouge", "edit_similarity",
    "semantic_similarity", "summary_quality", "language_consistency", "reward_model",
}  # fmt: skip


def test_all_families_are_there_under_their_names() -> None:
    assert set(names()) >= FAMILIES | {"rouge_1", "rouge_2", "rouge_l"}
    for name in READY:
        assert get(name).__name__ == name
        assert getattr(grpokit.rewards, name) is get(name)
        assert name in grpokit.rewards.__all__


def test_get_builds_with_parameters() -> None:
    reward = get("length", target=200)
    assert reward.parameters == {"target": 200}
    assert reward.__name__ == "length(target=200)"
    assert get("length(target=200)") == reward
    assert get("length").parameters == {}


def test_get_by_import_path() -> None:
    assert get("grpokit.rewards:correctness") is grpokit.rewards.correctness
    assert get("grpokit.rewards.lengths.target:Length", target=50) == get("length", target=50)
    assert get("grpokit.tests.rewards.checks.broken_rewards:sound").__name__ == "sound"


@pytest.mark.parametrize(
    ("name", "parameters", "error", "hint"),
    [
        ("corectness", {}, UnknownReward, "no reward 'corectness'. Did you mean 'correctness'? All: "),
        ("nowhere.at_all:score", {}, UnknownReward, "importing 'nowhere.at_all' raised ModuleNotFoundError"),
        ("grpokit.rewards.lengths.target:lenght", {}, UnknownReward, "has no 'lenght'"),
        ("grpokit.errors:__doc__", {}, RewardError, "is a str; give a function or a Reward"),
        ("length", {"tagret": 1}, RewardError, "length has no parameter 'tagret'. Did you mean 'target'?"),
        ("length", {"target": -5}, RewardError, "target=-5"),
        ("length", {"target": "long"}, RewardError, "length"),
        ("length(xml_format)", {}, RewardError, "only gate(...) takes other rewards"),
        ("gate(xml_format)", {}, RewardError, "gate takes two rewards"),
        ("gate", {}, RewardError, "gate takes two rewards"),
        ("gate(xml_format,length,treshold=1)", {}, RewardError, "gate has no parameter 'treshold'"),
        ("correctness=2", {}, SpecError, "write its name, or with parameters"),
    ],
)
def test_mistakes_are_one_clear_line(name: str, parameters: dict[str, Any], error: type, hint: str) -> None:
    with pytest.raises(error) as caught:
        get(name, **parameters)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *sorted(FAMILIES),
        "rouge_1",
        "length(target=200)",
        "rouge(variant='2',stemmer=True)",
        "gate(xml_format,length(target=9))",
        "gate(cosine_length,length,threshold=0.25)",
        "grpokit.tests.rewards.checks.broken_rewards:sound",
    ],
)
def test_a_spec_written_from_a_reward_builds_it_again(text: str) -> None:
    reward = get(text)
    assert get(spec_of(reward)) == reward


def test_another_package_registers_by_entry_point(tmp_path: Path) -> None:
    """A real installed distribution: metadata on the path, found in a fresh process."""
    (tmp_path / "stranger.py").write_text(
        textwrap.dedent(
            """
            def politeness(completions, **kwargs):
                return [float("please" in text) for text in completions]


            from dataclasses import dataclass
            from typing import ClassVar

            from grpokit.rewards import Judgement, Range, Reward


            @dataclass(frozen=True)
            class Kind(Reward):
                least: int = 1
                name: ClassVar[str] = "kind"
                range: ClassVar[Range] = Range(0.0, 1.0)

                def judge(self, batch):
                    return [Judgement(1.0, "scored", "kind") for _ in batch.raw]


            kind = Kind()
            """
        )
    )
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[grpokit.rewards]\npoliteness = stranger:politeness\n"
        "kindness = stranger:kind\nKind = stranger:Kind\nbroken = stranger:missing\nlength = stranger:politeness\n"
    )
    script = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from grpokit.rewards import UnknownReward, get, names
        assert "politeness" in names() and names().count("length") == 1
        assert get("politeness")(completions=["yes please", "no"]) == [1.0, 0.0]
        assert type(get("length")).__name__ == "Length"  # a built-in name is not taken over
        from grpokit.rewards import RewardMix
        from grpokit.rewards.spec import import_paths
        written = RewardMix.parse("politeness=2,kindness,kindness(least=3),Kind(least=4)").spec
        assert written == "politeness=2,kindness=1,kindness(least=3)=1,kindness(least=4)=1", written
        assert import_paths(written) == []  # so a run scored with them can be scored again
        try:
            get("broken")
        except UnknownReward as error:
            assert "stranger:missing" in str(error), error
        else:
            raise AssertionError("a broken entry point was accepted")
        """
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_ready_rewards_are_rewards() -> None:
    assert all(isinstance(reward, Reward) for reward in READY.values())
