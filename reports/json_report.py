"""The comparison as JSON that scripts rely on: its keys stay as long as ``schema`` does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..evaluate.paired.arms import Seeds
from ..evaluate.paired.change import Difference, Factor
from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.paired.doubts import Obstacle
from ..evaluate.paired.drift import Drift
from ..evaluate.paired.lengths import Lengths
from ..evaluate.paired.looks import Looks
from ..evaluate.paired.subgroups import Subgroups
from ..evaluate.paired.summary import CurvePoint, Estimate, ModelSummary, RewardSummary
from ..evaluate.paired.total import PerWeight
from .advice import next_steps
from .wording import narrowing

SCHEMA = 1


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as a JSON object; a number that does not exist is null.

    ``models``: per reward and for the total the mean with its 95 % interval and how often each status occurred;
    shares of completions that were cut (``truncated``) or have no answer, mean tokens, repetition, the total without
    the primary metric, pass@k and maj@k, completions without a value.
    ``pairs``: per reward and for the total the paired change, its interval, p before and after Holm's
    adjustment, the questions that rose (``fixed``) and fell (``broken``), and the smallest detectable change;
    what to do next, what each reward contributed to the total's change, how the primary's change splits, how the
    completions and their lengths changed, alarms of the training, how the checkpoint was chosen, the changed questions,
    and what more questions would not mend. ``best_of``: by how much the best of several models is flattered.
    """
    return {
        "schema": SCHEMA,
        "task": comparison.task,
        "margin": comparison.margin,
        "level": comparison.level,
        "weights": dict(comparison.weights),
        "models": [_model(model) for model in comparison.models],
        "pairs": [_pair(pair, comparison) for pair in comparison.pairs],
        "noise": asdict(comparison.noise) if comparison.noise else None,
        "obstacles": [_obstacle(one) for one in comparison.obstacles],
        "best_of": comparison.best_of._asdict() if comparison.best_of else None,
    }


def _model(model: ModelSummary) -> dict[str, Any]:
    return {
        "name": model.name,
        "weights": model.weights,
        "prompts": model.prompts,
        "samples": model.samples,
        "rewards": {name: _summary(summary) for name, summary in model.rewards.items()},
        "total": _summary(model.total),
        "truncated": model.cut,
        "unanswered": model.unanswered,
        "tokens": model.tokens,
        "repeated": model.repeated,
        "repeated_unit": model.repeated_unit,
        "distinct": model.distinct,
        "distinct_within": model.distinct_within,
        "constant": model.constant,
        "refused": model.refused,
        "system": model.system,
        "notes": list(model.notes),
        "missing": {**model.missing._asdict(), "rows": [row._asdict() for row in model.missing.rows]},
        "proxy": asdict(model.proxy) if model.proxy else None,
        "curves": [
            {"reward": curve.reward, "kind": curve.kind, "points": _points(curve.points)} for curve in model.curves
        ],
        "per_weight": _per_weight(model.per_weight),
        "arm": _arm(model.seeds),
    }


def _arm(seeds: Seeds | None) -> dict[str, Any] | None:
    if seeds is None:
        return None
    return {"seeds": [one._asdict() for one in seeds.means], "between_seeds": seeds.between}


def _summary(summary: RewardSummary) -> dict[str, Any]:
    return {**asdict(summary.estimate), "counts": dict(summary.counts)}


def _points(points: tuple[CurvePoint, ...]) -> list[dict[str, Any]]:
    return [{"k": point.k, **asdict(point.estimate)} for point in points]


def _pair(pair: Pair, comparison: Comparison) -> dict[str, Any]:
    sides = (comparison.model(pair.base), comparison.model(pair.tuned))
    return {
        "base": pair.base,
        "tuned": pair.tuned,
        "primary": pair.primary,
        "verdict": pair.verdict and pair.verdict.value,
        "comparable": pair.comparable,
        "next": [step.text for step in next_steps(pair, *sides)],
        "mismatches": [asdict(mismatch) for mismatch in pair.mismatches],
        "rewards": {name: _difference(change) for name, change in pair.rewards.items()},
        "total": _difference(pair.total),
        "contributions": {name: _shift(change) for name, change in pair.contributions.items()},
        "factors": [_factor(factor) for factor in pair.factors],
        "curves": [
            {"reward": curve.reward, "kind": curve.kind, "crossing": curve.crossing, "points": _points(curve.points)}
            for curve in pair.curves
        ],
        "changes": [asdict(change) for change in pair.changes],
        "hacking": asdict(pair.hacking) if pair.hacking else None,
        "suspects": list(pair.suspects),
        "per_weight": _per_weight(pair.per_weight),
        "habits": {"truncated" if name == "cut" else name: _shift(change) for name, change in pair.behaviour.items()},
        "lengths": _lengths(pair.lengths) if pair.lengths else None,
        "alarms": [alarm._asdict() for alarm in pair.alarms],
        "trained_for": list(pair.trained_for),
        "outside": list(pair.outside),
        "fallen": list(pair.fallen),
        "obstacles": [_obstacle(one) for one in pair.obstacles],
        "choices": [asdict(choice) for choice in pair.choices],
        "lone_seed": pair.lone_seed,
        "looks": _looks(pair.looks) if pair.looks else None,
        "drift": _drift(pair.drift) if pair.drift else None,
        "subgroups": _subgroups(pair.subgroups) if pair.subgroups else None,
    }


def _obstacle(obstacle: Obstacle) -> dict[str, Any]:
    return {**obstacle._asdict(), "kind": "truncated" if obstacle.kind == "cut" else obstacle.kind}


def _factor(factor: Factor) -> dict[str, Any]:
    return {
        "name": "truncation" if factor.name == "cut" else factor.name,
        "shift": _shift(factor.shift),
        "within": _shift(factor.within),
        "bins": [asdict(one) for one in factor.bins],
    }


def _drift(moved: Drift) -> dict[str, Any]:
    means = {"base": moved.base, "tuned": moved.tuned, "own": moved.own}
    return {**means, "divergence": moved.divergence, **_shift(moved.change), "far": moved.far}


def _subgroups(groups: Subgroups) -> dict[str, Any]:
    return {
        "column": groups.column,
        "statistic": groups.statistic,
        "p": groups.p,
        "groups": [
            {
                "name": group.name,
                "base": group.base,
                "tuned": group.tuned,
                **{key: getattr(group.change, key) for key in ("n", "delta", "low", "high", "level", "p", "p_holm")},
                "verdict": group.verdict and group.verdict.value,
            }
            for group in groups.groups
        ],
    }


def _looks(looks: Looks) -> dict[str, Any]:
    return {
        "seed": looks.seed,
        "of": looks.of,
        "made": looks.made,
        "looks": [
            {
                "questions": look.questions,
                "z": look.z,
                "level": look.level,
                "delta": look.change and look.change.delta,
                "low": look.change and look.change.low,
                "high": look.change and look.change.high,
                "verdict": look.change and look.change.verdict and look.change.verdict.value,
            }
            for look in looks.looks
        ],
    }


def _lengths(lengths: Lengths) -> dict[str, Any]:
    return {**asdict(lengths), "bins": [asdict(bin) for bin in lengths.bins]}


def _per_weight(parts: PerWeight | None) -> dict[str, Any] | None:
    if parts is None:
        return None
    covariance = None if parts.covariance is None else [list(row) for row in parts.covariance]
    return {
        "rewards": list(parts.rewards),
        "means": list(parts.means),
        "covariance": covariance,
        "t": parts.t,
        "n": parts.n,
    }


def _shift(estimate: Estimate) -> dict[str, Any]:
    return {"delta": estimate.mean, "low": estimate.low, "high": estimate.high}


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        **asdict(difference),
        "verdict": difference.verdict and difference.verdict.value,
        "narrowing": narrowing(difference),
    }
