"""The words and number formats that every report shares, so that all of them say the same."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..evaluate.paired.alarms import Alarm
from ..evaluate.paired.comparison import Difference, Lengths, Mismatch, ModelSummary, NoiseFloor, Pair, Verdict

_CONTROLS = re.compile(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]")


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

    >>> probability(0.0312), probability(1e-9), probability(None)
    ('0.031', '<0.001', '-')
    """
    return "<0.001" if p is not None and p < 0.001 else number(p)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return rewards' names without their parameters, where that leaves them apart.

    >>> short_names(["correctness", "length(target=200)"])
    {'correctness': 'correctness', 'length(target=200)': 'length'}
    >>> short_names(["length(target=200)", "length(target=400)"])["length(target=400)"]
    'length(target=400)'
    """
    short = {name: name.partition("(")[0] for name in names}
    plain = list(short.values())
    return {name: one if plain.count(one) == 1 else name for name, one in short.items()}


def questions(count: int) -> str:
    """Return a number of questions in words.

    >>> questions(1), questions(1319)
    ('1 question', '1,319 questions')
    """
    return "1 question" if count == 1 else f"{count:,} questions"


def headline(pair: Pair) -> str:
    """Return the verdict as a short claim with both names."""
    match pair.verdict:
        case Verdict.IMPROVED:
            return f"{pair.tuned} is better than {pair.base}."
        case Verdict.REGRESSED:
            return f"{pair.tuned} is worse than {pair.base}."
        case Verdict.HELD:
            return f"{pair.tuned} holds the level of {pair.base}."
        case Verdict.UNDERPOWERED:
            return f"Too little data to tell {pair.tuned} from {pair.base}."


def evidence(pair: Pair, margin: float) -> str:
    """Return the sentences that carry the verdict: the change, its interval, and what could have been seen."""
    primary = pair.gain
    if primary.delta is None:
        return f"No question has a value of {pair.primary} in both models."
    change = (
        f"{pair.primary} changed by {signed(primary.delta)} "
        f"(95 % interval {interval(primary.low, primary.high)}) on {questions(primary.n)}."
    )
    return f"{change} {_power(primary, margin)}".rstrip()


def _power(primary: Difference, margin: float) -> str:
    seen = "" if primary.mde is None else f"Smallest change it could reliably detect: {number(primary.mde)}."
    match primary.verdict:
        case Verdict.HELD:
            return f"{seen} A loss of {number(margin)} or more is ruled out."
        case Verdict.UNDERPOWERED:
            more = f"about {questions(primary.needed)} would do" if primary.needed else "evaluate more questions"
            return f"{seen} A loss of {number(margin)} or more is not ruled out: {more}."
        case _:
            return seen


def narrowing(found: Difference) -> str:
    """Return what pairing and shared random numbers did to the interval, "" where nothing is known of it."""
    if found.low is None or found.high is None:
        return ""
    width = found.high - found.low
    others = []
    if found.pairing is not None:
        others.append(f"{number(found.pairing * width)} without pairing")
    if found.variance and found.variance.noise_narrowing is not None:
        others.append(f"{number(found.variance.noise_narrowing * width)} without shared random numbers")
    return f"The interval is {number(width)} wide; it would be {', '.join(others)}." if others else ""


def noise_floor(noise: NoiseFloor) -> str:
    """Return how much the same weights change when only the batches do.

    >>> noise_floor(NoiseFloor("base", "correctness", 256, 0.0312, 0.0078))
    'Noise floor: of 256 completions made again in other batches, 0.8 % got another correctness, 3.1 % another text.'
    """
    return (
        f"Noise floor: of {noise.rows:,} completions made again in other batches, {share(noise.value_changed)} got "
        f"another {noise.primary}, {share(noise.text_changed)} another text."
    )


def mismatch(found: Mismatch, pair: Pair) -> str:
    """Return one thing that makes two runs less than comparable, as a sentence."""
    effect = "is not the same, so the numbers below mean little" if found.fatal else "differs"
    return f"{found.what} {effect}: {pair.base} has {found.base}, {pair.tuned} has {found.tuned}."


def alarm(found: Alarm) -> str:
    """Return what training raised, as sentences.

    >>> alarm(Alarm(20, "reward hacking", "the total rose while correctness fell.", 0.025))
    'step 20: reward hacking: the total rose while correctness fell. At most 2.5 % of healthy runs raise one.'
    """
    often = "" if found.rate is None else f" At most {share(found.rate)} of healthy runs raise one."
    return f"step {found.step}: {found.kind}: {found.text}{often}"


def medians(found: Lengths, pair: Pair) -> str:
    """Return the medians of both models' lengths as a sentence."""
    base, tuned = (f"{median:,.10g}" for median in (found.base_median, found.tuned_median))
    return f"The median is {base} tokens for {pair.base} and {tuned} tokens for {pair.tuned}."


def repetition(model: ModelSummary) -> str:
    """Return what of a model's completions may repeat itself, as a label for the share that does."""
    return f"repeated {model.repeated_unit or 'token'} triples"
