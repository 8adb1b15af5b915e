"""What is said beside a verdict: what it rules out, what it rests on, and what it lacks."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.margins import Margins
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.manifest import MixRecord
from grpokit.reports.html import to_html
from grpokit.reports.json_report import to_json
from grpokit.reports.junit import to_junit
from grpokit.reports.markdown import to_markdown
from grpokit.reports.verdicts import evidence, multiplicity, over_models
from grpokit.tests.evaluate.stored_runs import write_run

STEADY, OTHER = 0.5 + 0.001 * np.random.default_rng(0).normal(size=(2, 400))


def _compare(folder: Path, *models: Sequence[float], margins: Sequence[str] = ("0.02",), **more: bool) -> Comparison:
    mix = MixRecord("by hand", {"correctness": 1.0}, {"correctness": "1"}, {"correctness": [0.0, 1.0]})
    runs = [
        write_run(folder / str(at), {"correctness": [[float(score)] for score in scores]}, f"step-{at}", mix=mix)
        for at, scores in enumerate(models)
    ]
    return compare(runs, margin=Margins.parse(margins), **more)


SAID = [
    # base, tuned, margin, verdict, what the evidence ends with
    (STEADY, OTHER - 0.003, "0.02", "HELD", "A loss of 0.020 or more is ruled out: a small loss, within the margin."),
    (STEADY, OTHER, "0.02", "HELD", "A loss of 0.020 or more is ruled out."),
    (STEADY, OTHER + 0.005, "0.02", "IMPROVED", "cannot exclude that up to 1.0 % lose everything."),
    (STEADY, OTHER - 0.006, "0.002", "REGRESSED", "cannot exclude that up to 1.0 % gain everything."),
    (STEADY, OTHER + 0.2, "0.02", "IMPROVED", "reliably detect: 0.000."),  # more than rare losses could take
    (
        STEADY[:100],
        STEADY[:100],
        "0.02",
        "UNDERPOWERED",
        "not ruled out: HELD needs n > 188, since 100 questions cannot exclude that up to 3.7 % lose everything.",
    ),
    (
        np.append(np.ones(3), STEADY[3:]),  # three lose everything: what so few show is too little, by Wilson
        np.append(np.zeros(3), STEADY[3:]),
        "0.02",
        "UNDERPOWERED",
        "few questions lose much, so more of their kind may not have been asked; with them the change may be -0.022.",
    ),
    ([0.0] * 20, [1.0] * 4 + [0.0] * 16, "0", "UNDERPOWERED", "Only 4 questions changed (4 up, 0 down): p is 0.0625."),
    ([0.0] * 100, [1.0] * 4 + [0.0] * 96, "0.02", "HELD", "Only 4 questions changed (4 up, 0 down): p is 0.0625."),
    ([0.0] * 20, [1.0] * 6 + [0.0] * 14, "0.02", "IMPROVED", "detect: 0.311."),  # single 0/1 answers: nothing to add
    ([0.3] * 4, [0.9] * 4, "0.02", "UNDERPOWERED", "not ruled out: fewer than 5 questions prove nothing."),
]


@pytest.mark.parametrize(("base", "tuned", "margin", "verdict", "end"), SAID)
def test_what_is_said(
    tmp_path: Path, base: Sequence[float], tuned: Sequence[float], margin: str, verdict: str, end: str
) -> None:
    pair = _compare(tmp_path, base, tuned, margins=[margin]).pairs[0]
    assert pair.verdict == verdict
    assert evidence(pair).endswith(end)


CLUSTERED = [
    # base, tuned, what is said of questions in clusters of 4
    (
        STEADY[:100],
        STEADY[:100],
        "HELD needs n > 752 in clusters like these, since 100 questions in 25 clusters cannot exclude that up to "
        "13.3 % of the clusters lose everything.",
    ),
    (STEADY[:100], OTHER[:100] + 0.05, "It rests on the clusters seen: 100 questions in 25 clusters cannot exclude"),
    (STEADY[:100], OTHER[:100] - 0.05, "up to 13.3 % of the clusters gain everything."),
    (
        np.repeat(np.append(np.ones(3), STEADY[3:]), 4),
        np.repeat(np.append(np.zeros(3), STEADY[3:]), 4),
        "few clusters lose much, so more of their kind may not have been asked; with them the change may be",
    ),
]


@pytest.mark.parametrize(("base", "tuned", "said"), CLUSTERED)
def test_where_clusters_are_independent_they_are_counted(
    tmp_path: Path, base: Sequence[float], tuned: Sequence[float], said: str
) -> None:
    """Rare losses hide in whole clusters: how many were seen is what excludes them, not the number of questions."""
    mix = MixRecord("by hand", {"correctness": 1.0}, {"correctness": "1"}, {"correctness": [0.0, 1.0]})
    clusters = [at // 4 for at in range(len(base))]
    runs = [
        write_run(tmp_path / name, {"correctness": [[float(one)] for one in own]}, name, mix=mix, clusters=clusters)
        for name, own in (("base", base), ("tuned", tuned))
    ]
    pair = compare(runs, margin=Margins.parse(["0.02"])).pairs[0]
    assert pair.gain.clusters == len(base) // 4
    assert said in evidence(pair)
    assert to_json(compare(runs))["pairs"][0]["rewards"]["correctness"]["clusters"] == len(base) // 4


def test_a_margin_may_be_a_share_of_the_base(tmp_path: Path) -> None:
    """A loss of .006 of .104 is a sixteenth: within .02, and not within 5 %."""
    base = STEADY - 0.396
    absolute, relative = (
        _compare(tmp_path / text, base, OTHER - 0.402, margins=[text]).pairs[0].gain for text in ("0.02", "5%")
    )
    assert (absolute.margin, absolute.verdict) == (0.02, Verdict.HELD)
    assert (relative.margin, relative.verdict) == (pytest.approx(0.0052, abs=1e-4), Verdict.REGRESSED)


def test_a_reward_has_a_margin_of_its_own(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, STEADY, STEADY, margins=["0.03", "correctness=5%"])
    assert comparison.margin == comparison.pairs[0].gain.margin == pytest.approx(0.025, abs=1e-4)
    assert comparison.pairs[0].total.margin == 0.03


def test_several_models_are_judged_at_a_higher_level(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    models = [generator.normal(0.5 + 0.02 * at, 0.1, 60).clip(0, 1) for at in range(6)]
    several, each = (_compare(tmp_path / str(more), *models, multiplicity=more) for more in (True, False))
    assert [pair.gain.level for pair in several.pairs] == pytest.approx([0.99] * 5)
    assert {pair.gain.level for pair in each.pairs} == {0.95}
    assert all(a.gain.low < b.gain.low for a, b in zip(several.pairs, each.pairs, strict=True))  # type: ignore[operator]  # none is None
    ordered = sorted(pair.gain.p or 0.0 for pair in several.pairs)
    smallest = min(several.pairs, key=lambda pair: pair.gain.p or 0.0)
    assert smallest.gain.p_models == pytest.approx(5 * ordered[0])
    assert smallest.gain.p_holm == smallest.gain.p  # one reward
    assert multiplicity(several) == (
        "5 models are compared with step-0: intervals of changes are at 99 %, so that all verdicts together hold at "
        "95 % (Bonferroni)."
    )
    assert multiplicity(each) == "5 models, each judged at 95 % as if it were the only one (--no-multiplicity)."
    assert over_models(smallest, several).startswith("p over the 5 models (Holm): ")
    assert multiplicity(several) in to_markdown(several).replace("\\", "")
    assert "99 % interval" in evidence(smallest)
    assert "(99 % interval" in to_junit(several)
    written = to_json(several)
    assert written["level"] == 0.95
    change = written["pairs"][0]["rewards"]["correctness"]
    assert change["level"] == pytest.approx(0.99)
    assert {"p_models", "p_exact", "margin", "low_held", "reach", "unseen", "held_above"} <= change.keys()


def test_one_model_is_not_adjusted(tmp_path: Path) -> None:
    comparison = _compare(tmp_path, STEADY, STEADY + 0.1)
    assert (multiplicity(comparison), over_models(comparison.pairs[0], comparison)) == ("", "")
    assert comparison.pairs[0].gain.p_models == comparison.pairs[0].gain.p


@pytest.mark.parametrize(("scores", "graded"), [([0.0, 1.0] * 10, False), ([0.2, 0.7] * 10, True)])
def test_graded_scores_are_never_called_right_and_wrong(tmp_path: Path, scores: list[float], graded: bool) -> None:
    mix = MixRecord("by hand", {"correctness": 1.0}, {"correctness": "1"})
    runs = [
        write_run(tmp_path / name, {"correctness": [[score] for score in own]}, name, mix=mix)
        for name, own in (("base", scores), ("tuned", scores[::-1]))
    ]
    comparison = compare(runs)
    assert comparison.pairs[0].gain.graded is graded
    page = to_html(comparison, runs)
    cells = page[page.index("Which questions moved") : page.index("Why it moved")]
    assert ("right in both" in cells, "wrong in both" in cells) == (not graded, not graded)
    assert ("</b> rose" in cells, "Scores are graded: nothing is right or wrong." in cells) == (graded, graded)


def test_the_page_says_at_which_level_several_models_are_judged(tmp_path: Path) -> None:
    models = [[[float(score)] for score in STEADY[:20] + 0.01 * at] for at in range(3)]
    runs = [write_run(tmp_path / f"{at}", {"correctness": grid}, f"step-{at}") for at, grid in enumerate(models)]
    comparison = compare(runs)
    page = to_html(comparison, runs)
    assert multiplicity(comparison) in page
    assert "change, 97.5 % interval" in re.sub(r"<[^>]+>", "", page)
    assert "Lines are the 97.5 % intervals of the change from step-0" in page
