"""The words and number formats that every report shares, so that all of them say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..evaluate.paired.alarms import Alarm
from ..evaluate.paired.change import Difference
from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.paired.doubts import Mismatch, NoiseFloor, Obstacle
from ..evaluate.paired.summary import Estimate, ModelSummary

if TYPE_CHECKING:  # it computes with arrays, which the words do without
    from ..evaluate.paired.lengths import Lengths

SAID_FROM = 0.05
"""From this share of missing values on they are said before the numbers."""

_CONTROLS = re.compile(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows or break a line."""


def one_line(text: str) -> str:
    r"""Return a text's words on one line, without control characters: what a model wrote never drives a terminal.

    >>> one_line("a\n b \x1b[31mc")
    'a b [31mc'
    """
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def visible(text: str) -> str:
    r"""Return a text with its lines, and a sign in place of every control character.

    >>> visible("a\n\x1b[31mb")
    'a\n�[31mb'
    """
    return _CONTROLS.sub("�", text)


def number(value: float | None, decimals: int = 3) -> str:
    """Return a value with three decimals, "-" where there is none.

    >>> number(0.28449), number(-12.5), number(None)
    ('0.284', '-12.500', '-')
    """
    return "-" if value is None else f"{value:.{decimals}f}"


def signed(value: float | None) -> str:
    """Return a change with its sign; no change at all has none.

    >>> signed(0.6281), signed(-0.25), signed(0.0), signed(None)
    ('+0.628', '-0.250', '0.000', '-')
    """
    return f"{value:+.3f}" if value else number(value)


def share(value: float | None) -> str:
    """Return a share in percent.

    >>> share(0.28449), share(None)
    ('28.4 %', '-')
    """
    return "-" if value is None else f"{100 * value:.1f} %"


def interval(low: float | None, high: float | None) -> str:
    """Return the interval of a change in words.

    >>> interval(0.58, 0.67), interval(None, None)
    ('+0.580 to +0.670', 'unknown')
    """
    return "unknown" if low is None or high is None else f"{signed(low)} to {signed(high)}"


def probability(p: float | None) -> str:
    """Return a p value with three decimals, small ones as a bound.

    >>> probability(0.0312), probability(0.001), probability(0.00099), probability(None)
    ('0.031', '0.001', '<0.001', '-')
    """
    return "<0.001" if p is not None and p < 0.001 else number(p)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return rewards' names as labels of one line, without their parameters where that leaves them apart.

    >>> short_names(["correctness", "length(target=200)"])
    {'correctness': 'correctness', 'length(target=200)': 'length'}
    >>> short_names(["length(target=200)", "length(target=400)"])["length(target=400)"]
    'length(target=400)'
    """
    short = {name: name.partition("(")[0] for name in names}
    plain = list(short.values())
    return {name: one_line(one if plain.count(one) == 1 else name) for name, one in short.items()}


def questions(count: int) -> str:
    """Return a number of questions in words.

    >>> questions(1), questions(1319)
    ('1 question', '1,319 questions')
    """
    return "1 question" if count == 1 else f"{count:,} questions"


def clusters(count: int) -> str:
    """Return a number of clusters in words.

    >>> clusters(1), clusters(1319)
    ('1 cluster', '1,319 clusters')
    """
    return "1 cluster" if count == 1 else f"{count:,} clusters"


def obstacles(hindrances: Sequence[Obstacle], primary: str) -> str:
    """Return in one line what more questions would not mend, and what would; "" where there is nothing.

    >>> print(obstacles([Obstacle("cut", ("base", "tuned"), (0.82, 0.9))], "correctness"))
    Most completions were cut at the token limit (base 82.0 %, tuned 90.0 %): ask again with a larger --max-new-tokens.
    """
    said = []
    for one in hindrances:
        shares = ", ".join(f"{name} {share(value)}" for name, value in zip(one.models, one.values, strict=True))
        match one.kind:
            case "cut":
                repair = "ask again with a larger --max-new-tokens"
                said.append(f"Most completions were cut at the token limit ({shares}): {repair}.")
            case "unanswered":
                repair = "show the format in the prompt, or read answers by layout(extraction=lenient)"
                said.append(f"In most completions no answer to {primary} was seen ({shares}): {repair}.")
            case "constant":
                same = f"Most questions got one and the same text, though their references differ ({shares})"
                said.append(f"{same}: read it before the numbers.")
            case "floor" | "ceiling":
                said.append(_at_an_end(one, primary, explained=len(hindrances) > 1))
    return one_line(" ".join(said))


def _at_an_end(one: Obstacle, primary: str, *, explained: bool) -> str:
    means = ", ".join(f"{name} {number(value)}" for name, value in zip(one.models, one.values, strict=True))
    if one.kind == "ceiling":
        return f"{primary} is at its highest ({means}), which more questions do not change: take harder ones."
    stated = f"{primary} is at its lowest ({means}), which more questions do not change"
    if explained:
        return f"{stated}."
    repair = "take easier ones or a stronger base, or look whether --max-new-tokens, the format that the prompt asks"
    return f"{stated}: {repair} or strict extraction (extraction=lenient reads more) costs the right answers."


def missing_values(model: ModelSummary, primary: str) -> str:
    """Return how many completions have no value of the primary metric, why, and where the first of them are."""
    missing = model.missing
    reasons = ", ".join(f"{count:,} {status}" for status, count in missing.counts.items())
    lines = ["" if row.line is None else f"line {row.line}, " for row in missing.rows]
    places = "; ".join(f"{line}id {row.prompt_id}: {row.status}" for line, row in zip(lines, missing.rows, strict=True))
    more = "; …" if sum(missing.counts.values()) > len(missing.rows) else ""
    count = f"{sum(missing.counts.values()):,} of {missing.of:,} completions of {model.name} have no value of {primary}"
    return one_line(f"{count}: {reasons} ({missing.file}, {places}{more}).")


def doubts(models: Iterable[ModelSummary], hindrances: Sequence[Obstacle], primary: str) -> list[str]:
    """Return what is to be read before the numbers: obstacles, and values that are missing in 5 % or more."""
    missing = [missing_values(model, primary) for model in models if model.missing.share >= SAID_FROM]
    hindered = obstacles(hindrances, primary)
    return [*([hindered] if hindered else []), *missing]


def narrowing(change: Difference, size: Callable[[float], str] = number) -> str:
    """Return what pairing and shared random numbers did to the interval, "" where nothing is known of it.

    ``size`` writes a width in words.
    """
    if change.low is None or change.high is None:
        return ""
    width = change.high - change.low
    others = []
    if change.pairing is not None:
        others.append(f"{size(change.pairing * width)} without pairing")
    if change.variance and change.variance.noise_narrowing is not None:
        others.append(f"{size(change.variance.noise_narrowing * width)} without shared random numbers")
    return f"The interval is {size(width)} wide; it would be {', '.join(others)}." if others else ""


def noise_floor(noise: NoiseFloor) -> str:
    """Return how much the same weights change when only the batches do.

    >>> noise_floor(NoiseFloor("base", "correctness", 256, 0.0312, 0.0078))
    'Noise floor: of 256 completions made again in other batches, 0.8 % got another correctness, 3.1 % another text.'
    """
    return (
        f"Noise floor: of {noise.rows:,} completions made again in other batches, {share(noise.value_changed)} got "
        f"another {noise.primary}, {share(noise.text_changed)} another text."
    )


def mismatch(difference: Mismatch, pair: Pair) -> str:
    """Return one thing that makes two runs less than comparable, as a sentence."""
    effect = "is not the same, so the numbers below mean little" if difference.fatal else "differs"
    return one_line(
        f"{difference.what} {effect}: {pair.base} has {difference.base}, {pair.tuned} has {difference.tuned}."
    )


def system_roles(comparison: Comparison) -> list[str]:
    """Return a sentence per fate of the system message, for the models whose chat template shows none."""
    said = {
        "moved": "its text went into the first question",
        "left out": "its text was left out, since the tokenizer lacks characters of it",
    }
    models = {fate: [model.name for model in comparison.models if fate in str(model.system)] for fate in said}
    return [
        f"{one_line(', '.join(names))}: the chat template shows no system message; {said[fate]}."
        for fate, names in models.items()
        if names
    ]


def notes(comparison: Comparison) -> list[str]:
    """Return what is to be read before any number: where system messages went, and what logs lack."""
    said = dict.fromkeys(note for model in comparison.models for note in model.notes)
    return [*system_roles(comparison), *map(one_line, said)]


def alarm(raised: Alarm) -> str:
    """Return what training raised, as sentences.

    >>> alarm(Alarm(20, "reward hacking", "the total rose while correctness fell.", 0.025))
    'step 20: reward hacking: the total rose while correctness fell. At most 2.5 % of healthy runs raise one.'
    """
    often = "" if raised.rate is None else f" At most {share(raised.rate)} of healthy runs raise one."
    return one_line(f"step {raised.step}: {raised.kind}: {raised.text}{often}")


def medians(lengths: Lengths, pair: Pair) -> str:
    """Return the medians of both models' lengths as a sentence."""
    base, tuned = (f"{median:,.10g}" for median in (lengths.base_median, lengths.tuned_median))
    return f"The median is {base} tokens for {pair.base} and {tuned} tokens for {pair.tuned}."


def repetition(model: ModelSummary) -> str:
    """Return what of a model's completions may repeat itself, as a label for the share that does."""
    return f"repeated {model.repeated_unit or 'token'} triples"


class BehaviourRow(NamedTuple):
    """One behaviour of both models and its change, ready to be shown; shares change by percentage points."""

    label: str
    base: str
    tuned: str
    change: str
    interval: str


def behaviour_rows(pair: Pair, base: ModelSummary, tuned: ModelSummary) -> list[BehaviourRow]:
    """Return a row for each behaviour that is known of both models."""
    labels = {"cut": "cut at the token limit", "unanswered": "without an answer", "repeated": repetition(base)}
    labels |= {"distinct": "distinct texts over questions", "distinct_within": "distinct texts within a question"}
    rows = []
    for name, label in labels.items():
        if name in pair.behaviour:
            before, after = share(getattr(base, name)), share(getattr(tuned, name))
            rows.append(BehaviourRow(label, before, after, *_moved(pair.behaviour[name], 100, " points")))
    if "tokens" in pair.behaviour:
        before, after = number(base.tokens, 1), number(tuned.tokens, 1)
        rows.append(BehaviourRow("tokens", before, after, *_moved(pair.behaviour["tokens"])))
    if pair.drift is not None:
        before, after = number(pair.drift.base, 2), number(pair.drift.tuned, 2)
        rows.append(BehaviourRow("plausible to the base, nats per token", before, after, *_in_nats(pair.drift.change)))
    if base.refused or tuned.refused:
        change = f"{tuned.refused - base.refused:+d}"
        rows.append(BehaviourRow("refused by the server", str(base.refused), str(tuned.refused), change, "unknown"))
    return rows


def _in_nats(change: Estimate) -> tuple[str, str]:
    ends = "unknown" if change.low is None or change.high is None else f"{change.low:+.2f} to {change.high:+.2f}"
    return f"{change.mean:+.2f}", ends


def drifted(pair: Pair) -> str:
    """Return how far the tuned model has moved from its base, in a sentence; "" where it was not measured."""
    moved = pair.drift
    if moved is None:
        return ""
    change, ends = _in_nats(moved.change)
    said = (
        f"To the base, {pair.base}'s answers have {number(moved.base, 2)} nats per token and {pair.tuned}'s "
        f"{number(moved.tuned, 2)} ({change}, {ends}); to {pair.tuned} itself its own have {number(moved.own, 2)}."
    )
    if moved.far:
        said = f"The answers have become much less plausible to the base, by more than 1 nat per token. {said}"
    return one_line(said)


def _moved(change: Estimate, scale: float = 1, unit: str = "") -> tuple[str, str]:
    """Return a change and its interval in words, one decimal each."""
    if change.mean is None:
        return "-", "unknown"
    middle = f"{signed_tenths(scale * change.mean)}{unit}"
    if change.low is None or change.high is None:
        return middle, "unknown"
    return middle, f"{signed_tenths(scale * change.low)} to {signed_tenths(scale * change.high)}{unit}"


def signed_tenths(value: float) -> str:
    """Return a number with one decimal and its sign; what is rounded to zero has none.

    >>> signed_tenths(-7.83), signed_tenths(0.04), signed_tenths(-0.04)
    ('-7.8', '0.0', '0.0')
    """
    return f"{value:+.1f}" if round(value, 1) else "0.0"
