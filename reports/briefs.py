"""What a folded panel of the page says beside its heading: its main number, in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.paired.summary import TOTAL
from .manifests import ManifestTable
from .ranking import ranked
from .training import SeedChange
from .units import Unit
from .wording import BehaviourRow, one_line, probability, questions, short_names


def page_briefs(comparison: Comparison, manifests: ManifestTable) -> dict[str, str]:
    """Return what the panels that are about all models say, by their names."""
    labels = short_names([*comparison.weights, TOTAL])
    weights = [f"{labels[name]} × {weight:g}" for name, weight in comparison.weights.items()]
    runs, differing = len(manifests.models), len(manifests.different)
    values = "value that differs" if differing == 1 else "values that differ"
    return {
        "weights": ", ".join(weights),
        "samples": questions(comparison.models[0].prompts),
        "made": "1 run" if runs == 1 else f"{runs} runs, {differing} {values}",
    }


def best_brief(comparison: Comparison, unit: Unit) -> str:
    """Return which model is in the first place, and its mean."""
    first = ranked(comparison)[0]
    return one_line(f"first of {len(comparison.models)}: {first.name}, {unit.value(first.mean)}")


def pair_briefs(
    pair: Pair,
    units: Mapping[str, Unit],
    behaviour: Sequence[BehaviourRow],
    seeds: Sequence[SeedChange],
) -> dict[str, str]:
    """Return what the panels of a pair say, by their names; "" where there is no such panel.

    No number is a total's, which would not follow the reader's own weights.
    """
    gain, labels = pair.gain, short_names(pair.rewards)
    rose, fell = ("rose", "fell") if gain.graded else ("fixed", "broken")
    moved = [f"{labels[name]} {units[name].change(change.delta)}" for name, change in pair.rewards.items()]
    return {
        "changed": ", ".join(moved),
        "questions": f"{gain.fixed:,} {rose}, {gain.broken:,} {fell} of {questions(gain.n)}",
        "why": _why(pair, behaviour),
        "attempts": _attempts(pair, units),
        "seeds": _seeds(seeds, units[pair.primary]),
        "groups": _groups(pair),
        "looks": f"{pair.looks.made} of {len(pair.looks.looks)} looks made" if pair.looks else "",
    }


def _why(pair: Pair, behaviour: Sequence[BehaviourRow]) -> str:
    if pair.lengths is not None:
        return f"median length {pair.lengths.base_median:,.10g} → {pair.lengths.tuned_median:,.10g} tokens"
    return next((f"{row.label} {row.base} → {row.tuned}" for row in behaviour if row.base != row.tuned), "")


def _attempts(pair: Pair, units: Mapping[str, Unit]) -> str:
    """Return the change of the first curve at its end: of the most samples."""
    if not pair.curves:
        return ""
    first, last = pair.curves[0], pair.curves[0].points[-1]
    return f"{first.kind.removesuffix('k')}{last.k} {units[first.reward].change(last.estimate.mean)}"


def _seeds(seeds: Sequence[SeedChange], unit: Unit) -> str:
    changes = [one.change for one in seeds if one.change is not None]
    return f"{len(seeds)} seeds, {unit.interval(min(changes), max(changes))}" if changes else ""


def _groups(pair: Pair) -> str:
    if pair.subgroups is None:
        return ""
    differ = "" if pair.subgroups.p is None else f", p {probability(pair.subgroups.p)}"
    return f"{len(pair.subgroups.groups)} groups{differ}"
