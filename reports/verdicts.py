"""A verdict in words, which all reports share: the claim, the evidence for it, and what it rests on."""

from __future__ import annotations

from ..evaluate.paired.change import FEWEST, Difference, Verdict
from ..evaluate.paired.comparison import Comparison, Pair
from .units import NUMBERS, Unit
from .wording import clusters, number, one_line, probability, questions, share


def verdict_word(pair: Pair) -> str:
    """Return the verdict in a word, or that there is none."""
    return "NO VERDICT" if pair.verdict is None else pair.verdict.value


def headline(pair: Pair) -> str:
    """Return the verdict as a short claim with both names."""
    base, tuned = one_line(pair.base), one_line(pair.tuned)
    match pair.verdict:
        case None:
            return f"Most values of {one_line(pair.primary)} are missing, so {tuned} and {base} are not compared."
        case Verdict.IMPROVED:
            risen = {name.partition("(")[0] for name in pair.risen}
            lost = {name.partition("(")[0] for name in pair.fallen}
            better = tuple(name for name in pair.trained_for if name in risen - lost)
            at = f" at what it was trained for{f' ({_listed(better)})' if better else ''}" if pair.studied else ""
            return f"{tuned} is better than {base}{at}{_fallen(pair, 'and', named=pair.studied)}."
        case Verdict.REGRESSED:
            return f"{tuned} is worse than {base}."
        case Verdict.HELD:
            return f"{tuned} holds the level of {base}{_fallen(pair, 'but is')}."
        case Verdict.UNDERPOWERED:
            also = _fallen(pair, f"but {tuned} is", named=True)
            if any(one.kind in ("floor", "ceiling") for one in pair.obstacles):
                return f"{one_line(pair.primary)} cannot tell {tuned} from {base}{also}."
            return f"Too little data to tell {tuned} from {base}{_fallen(pair, f'but {tuned} is')}."


def _fallen(pair: Pair, joined: str, *, named: bool = False) -> str:
    """Return what a model lost beside the primary metric; the metric is said too unless what rose is ``named``."""
    if not pair.fallen:
        return ""
    return f"{'' if named else f' by {one_line(pair.primary)}'}, {joined} worse by {_listed(pair.fallen)}"


def confidence(level: float) -> str:
    """Return the level of an interval.

    >>> confidence(0.95), confidence(1 - 0.05 / 3)
    ('95 %', '98.3 %')
    """
    return f"{100 * level:.3g} %"


def evidence(pair: Pair, unit: Unit = NUMBERS) -> str:
    """Return the sentences that carry the verdict: the change, its interval, what it rests on, and what it lacks."""
    primary, metric = pair.gain, one_line(pair.primary)
    if primary.delta is None:
        return f"No question has a value of {metric} in both models."
    change = (
        f"{metric} changed by {unit.change(primary.delta)} "
        f"({confidence(primary.level)} interval {unit.interval(primary.low, primary.high)}) on {_asked(primary)}."
    )
    seen = "" if primary.mde is None else f"Smallest change it could reliably detect: {unit.size(primary.mde)}."
    meaning = _outcome(primary, unit, hindered=bool(pair.obstacles))
    return " ".join(filter(None, [change, seen, meaning, _disagreement(primary), _rests_on(primary)]))


def _asked(primary: Difference) -> str:
    """Return on how many questions a change rests, and of how many where some have no value in one of the models."""
    return f"{primary.n:,} of {questions(primary.n + primary.dropped)}" if primary.dropped else questions(primary.n)


def _outcome(primary: Difference, unit: Unit, *, hindered: bool) -> str:
    """Say what is ruled out, or what keeps it from being so."""
    seen = "questions" if primary.clusters is None else "clusters"
    loss = f"A loss of {unit.size(primary.margin)} or more"
    if primary.verdict is Verdict.HELD:
        small = ": a small loss, within the margin" if primary.high is not None and primary.high < 0 else ""
        return f"{loss} is ruled out{small}."
    if primary.verdict is not Verdict.UNDERPOWERED:
        return ""
    if primary.n < FEWEST and not hindered:
        return f"{loss} is not ruled out: fewer than {FEWEST} questions prove nothing."
    if (
        not hindered
        and primary.held_above is not None
        and (
            primary.needed == primary.held_above + 1
            or (_excluded(primary.low, primary) and not _excluded(primary.low_held, primary))
        )
    ):
        if primary.delta is not None and _excluded(primary.delta - primary.reach * primary.unseen, primary):
            return (
                f"{loss} is not ruled out: few {seen} lose much, so more of their kind may not have been asked; "
                f"with them the change may be {unit.change(primary.low_held)}."
            )
        n = f"n > {primary.held_above:,}{'' if primary.clusters is None else ' in clusters like these'}"
        return f"{loss} is not ruled out: HELD needs {n}, since {_unseen(primary, 'lose')}."
    return f"{loss} is not ruled out."


def _excluded(low: float | None, primary: Difference) -> bool:
    return low is not None and low > -primary.margin


def _unseen(primary: Difference, lose: str) -> str:
    """Say how many of the independent units, questions or clusters, could ``lose`` everything unseen."""
    if primary.clusters is None:
        return f"{questions(primary.n)} cannot exclude that up to {share(primary.unseen)} {lose} everything"
    asked = f"{questions(primary.n)} in {clusters(primary.clusters)}"
    return f"{asked} cannot exclude that up to {share(primary.unseen)} of the clusters {lose} everything"


def _disagreement(primary: Difference) -> str:
    """Say where the interval alone would have decided, but the test does not agree; "" elsewhere."""
    decided = primary.low is not None and primary.high is not None and not primary.low <= 0 <= primary.high
    if not decided or primary.p is None or primary.verdict not in (Verdict.HELD, Verdict.UNDERPOWERED):
        return ""
    if primary.p <= 1 - primary.level or primary.n < FEWEST or "cluster" in primary.test:
        return ""
    changed = primary.fixed + primary.broken
    return (
        f"Only {questions(changed)} changed ({primary.fixed} up, {primary.broken} down): p is {number(primary.p, 4)}."
    )


def _rests_on(primary: Difference) -> str:
    """Say where a sure change of graded scores is smaller than what rare opposite ones could make; "" elsewhere."""
    if primary.p_exact is not None or primary.delta is None or abs(primary.delta) >= primary.reach * primary.unseen:
        return ""
    seen = "questions" if primary.clusters is None else "clusters"
    match primary.verdict:
        case Verdict.IMPROVED:
            return f"It rests on the {seen} seen: {_unseen(primary, 'lose')}."
        case Verdict.REGRESSED:
            return f"It rests on the {seen} seen: {_unseen(primary, 'gain')}."
        case _:
            return ""


def _listed(names: tuple[str, ...]) -> str:
    return one_line(", ".join(names))


def training(pair: Pair) -> str:
    """Return what a model was trained for, and whether anything else judges it; "" where that is not known.

    That it did not learn to please can be said only by what it was not trained for.
    """
    if not pair.trained_for:
        return ""
    trained = f"Trained for {_listed(pair.trained_for)}"
    if fallen := tuple(name for name in pair.outside if name in pair.fallen):
        return f"{trained}; of what was measured beside that {_listed(fallen)} fell: it learnt to please."
    if pair.outside:
        return f"{trained}; measured beside that: {_listed(pair.outside)}."
    return f"{trained}, and nothing else was measured: whether it learnt to please cannot be told."


def multiplicity(comparison: Comparison) -> str:
    """Return what comparing several models with one base did to the intervals, "" for one model."""
    count = len(comparison.pairs)
    if count < 2:
        return ""
    level = comparison.pairs[0].gain.level
    if level == comparison.level:
        return f"{count} models, each judged at {confidence(level)} as if it were the only one (--no-multiplicity)."
    return (
        f"{count} models are compared with {one_line(comparison.pairs[0].base)}: intervals of changes are at "
        f"{confidence(level)}, so that all verdicts together hold at {confidence(comparison.level)} (Bonferroni)."
    )


def over_models(pair: Pair, comparison: Comparison) -> str:
    """Return the p value of a pair's verdict, adjusted over the models; "" for one model."""
    if len(comparison.pairs) < 2 or pair.gain.p_models is None:
        return ""
    return f"p over the {len(comparison.pairs)} models (Holm): {probability(pair.gain.p_models)}."
