"""What a reader does next: which answers are lost, what mends it, and what a verdict asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..evaluate.paired.change import Difference, Verdict
from ..evaluate.paired.comparison import Pair
from ..evaluate.paired.doubts import Obstacle
from ..evaluate.paired.summary import ModelSummary
from .wording import SAID_FROM, one_line, questions, share

READ = 3
"""So many questions are named to be read."""

_REPAIRS = {
    "cut": "Ask both again with a larger --max-new-tokens.",
    "unanswered": "Show the answer's format in the prompt, or read answers by layout(extraction=lenient).",
    "constant": "Read some answers: a text that is the same for most questions is seldom one.",
    "floor": "Ask easier questions, or take a stronger base.",
    "ceiling": "Ask harder questions.",
}
"""What mends each obstacle, by its kind."""


class Step(NamedTuple):
    """Something to do, and the ids of the questions that it is about."""

    text: str
    ids: tuple[str, ...] = ()


def next_steps(pair: Pair, base: ModelSummary, tuned: ModelSummary) -> list[Step]:
    """Return what to do after a verdict, the most pressing first; there is always something.

    What makes the verdict mean little (runs that differ, missing values, obstacles) is mended before anything else.
    """
    fatal = [one_line(difference.what) for difference in pair.mismatches if difference.fatal]
    if fatal:
        return [Step(f"Make {_listed(fatal)} the same in both runs, and compare again.")]
    if pair.verdict is None:
        return [Step(f"Mend what leaves {one_line(pair.primary)} without a value, and score again (grpo-eval score).")]
    repairs = [Step(_REPAIRS[one.kind]) for one in pair.obstacles]
    if repairs and pair.verdict is Verdict.UNDERPOWERED:
        return repairs
    steps = [*repairs, *(_hacked(pair) if pair.hacking and pair.hacking.suspected else _by_verdict(pair))]
    lost = max(base.cut or 0.0, tuned.cut or 0.0)
    if lost >= SAID_FROM and not any(one.kind == "cut" for one in pair.obstacles):
        steps.append(Step(f"Raise --max-new-tokens: up to {share(lost)} of a model's completions were cut."))
    return steps


def _hacked(pair: Pair) -> list[Step]:
    base, ids = one_line(pair.base), pair.suspects[:READ]
    read = f"Read {_listed(ids)}, whose total rose while {one_line(pair.primary)} fell" if ids else "Read its answers"
    return [Step(f"Keep {base} until you know what is rewarded. {read}.", ids)]


def _by_verdict(pair: Pair) -> list[Step]:
    base, tuned = one_line(pair.base), one_line(pair.tuned)
    losses = tuple(change.prompt_id for change in pair.changes[:READ] if change.delta < 0)
    match pair.verdict:
        case Verdict.IMPROVED if fallen := [name for name in pair.outside if name in pair.fallen]:
            again = f"train again with {_listed(fallen)} in the mix"
            return [Step(f"Keep {base}, and {again}: nothing paid for what fell.")]
        case Verdict.IMPROVED:
            return [_accept(tuned, losses, pair.fallen), *_doubted(pair)]
        case Verdict.REGRESSED:
            return [Step(f"Keep {base}. Read what was lost most: {_listed(losses)}.", losses)]
        case Verdict.HELD:
            if not any(change.fixed or change.broken for change in pair.rows().values()):
                learn = "train longer or faster, or see what there is to learn (grpo-eval signal)"
                return [Step(f"Not one question moved: {learn}.")]
            if pair.risen:
                beside = f", but {_listed(pair.fallen)} was" if pair.fallen else ""
                return [
                    Step(f"Take {tuned} for its {_listed(pair.risen)}: {one_line(pair.primary)} was not lost{beside}.")
                ]
            return [Step(f"Keep {base}, unless something that was not measured speaks for {tuned}.")]
        case _:
            return _more(pair.gain)


def _accept(tuned: str, losses: tuple[str, ...], fallen: tuple[str, ...]) -> Step:
    """Say what to put up with in a better model: ``losses`` of the primary metric, and ``fallen`` other rewards."""
    if losses:
        it = f"it, and with less {_listed(fallen)}" if fallen else "it"
        return Step(f"Read what was lost most ({_listed(losses)}); if you can live with {it}, take {tuned}.", losses)
    if fallen:
        return Step(f"Take {tuned} if you can live with less {_listed(fallen)}.")
    return Step(f"Take {tuned}: no question got worse.")


def _doubted(pair: Pair) -> list[Step]:
    """Say what an improvement still has to pass."""
    steps = []
    if pair.choices and not all(choice.apart for choice in pair.choices):
        steps.append(Step("Judge it by questions that did not choose it (evaluation.holdout in the recipe)."))
    if pair.studied:
        steps.append(Step("Measure it by something that it was not trained for, too (grpo-eval score --rewards)."))
    return steps


def _more(change: Difference) -> list[Step]:
    """Say how much more data would decide."""
    if "seeds" in change.test:
        return [Step("Train more seeds (grpo-train --seeds), or ask more questions.")]
    if change.needed is None:
        return [Step("Ask more questions, or say which loss would not matter (--margin).")]
    wanted = max(change.needed, (change.held_above or 0) + 1)
    steps = [
        Step(f"Ask about {questions(wanted)} like these, not {change.n:,}: so many tell even a change of the margin.")
    ]
    return [*steps, *([Step(change.variance.advice)] if change.variance and change.variance.advice else [])]


def _listed(names: Sequence[str]) -> str:
    """Return names in a sentence.

    >>> _listed(["a"]), _listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    shown = [one_line(name) for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


class LostAnswers(NamedTuple):
    """Answers that were cut or not found in some of the completions; ``filter`` is that of the page's samples."""

    filter: str
    text: str


def lost_answers(models: Iterable[ModelSummary], hindrances: Sequence[Obstacle]) -> list[LostAnswers]:
    """Return which answers are lost, where those of a model are a twentieth or more and no obstacle says so.

    Where no more answers are missing than were cut, that they were cut says it all.
    """
    models, said = list(models), {one.kind for one in hindrances}
    cut = {model.name: model.cut for model in models}
    unanswered = {model.name: model.unanswered for model in models}
    lost = []
    if "cut" not in said and _many(cut.values()):
        text = f"{_shares(cut)} were cut at the token limit: a larger --max-new-tokens lets them end."
        lost.append(LostAnswers("cut", text))
    beyond = any((unanswered[name] or 0.0) > (cut[name] or 0.0) for name in cut)
    if "unanswered" not in said and beyond and _many(unanswered.values()):
        text = f"No answer was found in {_shares(unanswered)}: read some, since they count as wrong."
        lost.append(LostAnswers("unanswered", text))
    return lost


def _many(shares: Iterable[float | None]) -> bool:
    return any(value is not None and value >= SAID_FROM for value in shares)


def _shares(values: dict[str, float | None]) -> str:
    """Return the shares of models' completions in words."""
    known = [f"{share(value)} of {name}'s" for name, value in values.items() if value is not None]
    return one_line(" and ".join(known)) + " completions"
