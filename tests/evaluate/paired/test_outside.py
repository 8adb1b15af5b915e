"""What a model was trained for is no judge of it: the sentence says so where nothing else was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.engines.checkpoint import trained_for
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.comparison import Pair
from grpokit.evaluate.paired.pairing import compare
from grpokit.reports.advice import next_steps
from grpokit.reports.json_report import to_json
from grpokit.reports.markdown import to_markdown
from grpokit.reports.verdicts import headline, training
from grpokit.rewards.spec import SpecError
from grpokit.tests.evaluate.stored_runs import write_run

WORSE, BETTER = [[0.0]] * 30, [[0.0]] * 10 + [[1.0]] * 20


def _pair(
    folder: Path,
    rewards: Sequence[str],
    primary: str,
    said: str | None = None,
    engine: Mapping[str, object] | None = None,
) -> Pair:
    runs = [
        write_run(
            folder / "evaluation" / name,
            dict.fromkeys(rewards, scores),
            name,
            primary=primary,
            engine={"kind": "transformers", **(engine or {})},
        )
        for name, scores in (("base", WORSE), ("tuned", BETTER))
    ]
    return compare(runs, trained=said).pairs[0]


@pytest.mark.parametrize(
    ("said", "measured", "primary", "outside", "studied"),
    [
        ("length=1", ["length"], "length", (), True),
        ("length=1", ["length(target=200)"], "length(target=200)", (), True),  # who learns one length studied length
        ("length=1", ["length", "rouge_l"], "length", ("rouge_l",), False),  # another judge
        ("length=1", ["length", "rouge_l"], "rouge_l", ("rouge_l",), False),
        ("length=1,rouge_l=0", ["length", "rouge_l"], "length", ("rouge_l",), False),  # weight 0: only watched
        ("length=1,rouge_l=2", ["length", "rouge_l"], "length", (), True),
        ("gate(xml_format,length)=1", ["length"], "length", (), True),  # what a gate lets through is trained for too
        ("my.rewards:length=1", ["length"], "length", (), True),
        ("length=1", ["length"], "total", (), True),
        (None, ["length"], "length", (), False),  # not known
    ],
)
def test_a_verdict_by_what_was_trained_for_says_so(
    tmp_path: Path, said: str | None, measured: list[str], primary: str, outside: tuple[str, ...], studied: bool
) -> None:
    pair = _pair(tmp_path, measured, primary, said)
    assert (pair.outside, pair.studied) == (outside, studied)
    assert headline(pair).startswith("tuned is better than base")
    assert (" at what it was trained for (" in headline(pair)) is studied
    assert ("cannot be told" in training(pair)) is (studied or (said is not None and not outside))


def test_the_sentence(tmp_path: Path) -> None:
    pair = _pair(tmp_path, ["length", "repetition"], "length", "length=1,repetition=1")
    assert headline(pair) == "tuned is better than base at what it was trained for (length, repetition)."
    assert training(pair) == (
        "Trained for length, repetition, and nothing else was measured: whether it learnt to please cannot be told."
    )
    pair = _pair(tmp_path / "more", ["length", "rouge_l"], "length", "length=1")
    assert training(pair) == "Trained for length; measured beside that: rouge_l."


def test_what_did_not_rise_is_not_called_better(tmp_path: Path) -> None:
    """Of what was trained for the claim names what surely rose: not what stayed, nor what rose by chance."""
    lucky = [[0.2]] * 2 + [[0.0]] * (len(WORSE) - 2)
    runs = [
        write_run(tmp_path / name, {"length": own, "repetition": WORSE, "rouge_l": third}, name, primary="length")
        for name, own, third in (("base", WORSE, [[0.0]] * len(WORSE)), ("tuned", BETTER, lucky))
    ]
    pair = compare(runs, trained="length=1,repetition=1,rouge_l=1").pairs[0]
    assert headline(pair) == "tuned is better than base at what it was trained for (length)."
    assert pair.risen == ("length",)
    rewards = {**pair.rewards, "rouge_l": pair.rewards["length"]}
    assert replace(pair, rewards=rewards).risen == ("length", "rouge_l")
    rewards["rouge_l"] = replace(pair.rewards["length"], p_holm=0.06)  # alone it would, beside the others it does not
    assert replace(pair, rewards=rewards).risen == ("length",)
    rewards["length"] = replace(pair.rewards["length"], p_holm=0.06)  # the verdict's own is not adjusted
    assert replace(pair, rewards=rewards).risen == ("length",)
    summed = replace(pair, primary="total", rewards={**pair.rewards, "length": pair.rewards["repetition"]})
    assert headline(summed) == "tuned is better than base at what it was trained for."


def test_every_report_says_what_was_trained_for(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, {"length": scores}, name, primary="length")
        for name, scores in (("base", WORSE), ("tuned", BETTER))
    ]
    comparison = compare(runs, trained="length=1")
    assert "Trained for length, and nothing else was measured" in to_markdown(comparison)
    written = to_json(comparison)["pairs"][0]
    assert (written["trained_for"], written["outside"]) == (["length"], [])


def test_the_manifest_says_it(tmp_path: Path) -> None:
    assert _pair(tmp_path, ["length"], "length", engine={"trained_for": "length=1"}).trained_for == ("length",)
    assert not _pair(tmp_path / "other", ["length"], "length", engine={"trained_for": "is no mix ("}).trained_for


def test_the_recipe_of_the_training_run_says_it(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("model: demo\nrewards: length=1\n")
    assert _pair(tmp_path, ["length"], "length").trained_for == ("length",)
    assert _pair(tmp_path, ["length"], "length", said="rouge_l=1").trained_for == ("rouge_l",)  # the user knows better


def test_a_mix_of_the_users_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        _pair(tmp_path, ["length"], "length", said="length(=1")


@pytest.mark.parametrize(
    ("place", "text", "found"),
    [
        (".", "rewards: length=1", "length=1"),
        ("../..", "rewards: length=1", "length=1"),  # that of the run of the checkpoint
        (".", "rewards: [1]", None),
        (".", "- a list", None),
        (".", "a: [", None),
        (None, "", None),
    ],
)
def test_the_recipe_beside_an_adapter(tmp_path: Path, place: str | None, text: str, found: str | None) -> None:
    adapter = tmp_path / "run" / "checkpoints" / "checkpoint-20"
    adapter.mkdir(parents=True)
    if place is not None:
        (adapter / place / "recipe.yaml").write_text(text)
    assert trained_for(adapter) == found


FALLEN = [
    # trained for, the primary metric, how the two others move; what fell; the headline's end; the next step
    ("length=1", "length", ("down", "same"), ("rouge_l",), "by length, and worse by rouge_l.", "Keep base, and train"),
    (
        "length=1,rouge_l=1",
        "length",
        ("down", "down"),
        ("rouge_l", "other"),
        "by length, and worse by rouge_l, other.",
        "other in",
    ),
    (
        "length=1,rouge_l=1,other=1",
        "length",
        ("down", "same"),
        ("rouge_l",),
        "(length), and worse by rouge_l.",
        "Measure",
    ),
    ("length=1", "length", ("same", "same"), (), "than base.", "Take tuned: no question got worse."),
    ("length=1", "total", ("down", "same"), ("rouge_l",), "by total, and worse by rouge_l.", "Keep base, and train"),
    (
        None,
        "length",
        ("down", "same"),
        ("rouge_l",),
        "by length, and worse by rouge_l.",
        "Take tuned if you can live with less rouge_l.",
    ),
]


@pytest.mark.parametrize(("said", "primary", "moves", "fallen", "end", "step"), FALLEN)
def test_an_improvement_does_not_hide_what_fell(
    tmp_path: Path,
    said: str | None,
    primary: str,
    moves: tuple[str, str],
    fallen: tuple[str, ...],
    end: str,
    step: str,
) -> None:
    """A length reward alone made a real model write gibberish of that length: language fell, and "better" hid it."""
    after = {"down": WORSE, "same": BETTER}
    others = dict(zip(("rouge_l", "other"), moves, strict=True))
    weights = {"length": 1.0, "rouge_l": 0.0, "other": 0.0}
    base = {"length": WORSE, **dict.fromkeys(others, BETTER)}
    tuned = {"length": BETTER, **{name: after[move] for name, move in others.items()}}
    runs = [
        write_run(tmp_path / name, scores, name, primary=primary, weights=weights)
        for name, scores in (("base", base), ("tuned", tuned))
    ]
    comparison = compare(runs, trained=said)
    (pair,) = comparison.pairs
    assert pair.verdict is Verdict.IMPROVED
    assert pair.fallen == fallen
    assert headline(pair).endswith(end)
    assert ("fell: it learnt to please" in training(pair)) is bool(set(fallen) & set(pair.outside))
    assert any(step in one.text for one in next_steps(pair, *comparison.models))


def test_a_held_level_does_not_hide_what_fell(tmp_path: Path) -> None:
    many = [[0.0], [1.0]] * 200
    runs = [
        write_run(tmp_path / name, {"length": many, "rouge_l": scores}, name, primary="length")
        for name, scores in (("base", many), ("tuned", [[0.0]] * 400))
    ]
    assert headline(compare(runs).pairs[0]) == "tuned holds the level of base by length, but is worse by rouge_l."


def test_too_little_data_for_the_primary_metric_does_not_hide_what_fell(tmp_path: Path) -> None:
    few, fell = [[0.0], [1.0]] * 10, [[0.0]] * 20
    runs = [
        write_run(tmp_path / name, {"length": few, "rouge_l": scores}, name, primary="length")
        for name, scores in (("base", few), ("tuned", fell))
    ]
    said = "Too little data to tell tuned from base by length, but tuned is worse by rouge_l."
    assert headline(compare(runs).pairs[0]) == said
