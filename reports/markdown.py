"""The comparison as Markdown for a pull request or a model card."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.paired.summary import ModelSummary
from .advice import next_steps
from .head import samples_each
from .looks import look_rows, look_sentences
from .ranking import Ranked, ranked
from .subgroups import group_rows, group_sentence
from .training import best_of, claim, origins, seed_changes
from .verdicts import confidence, evidence, multiplicity, over_models, training, verdict_word
from .wording import (
    alarm,
    doubts,
    drifted,
    interval,
    mismatch,
    narrowing,
    noise_floor,
    notes,
    number,
    one_line,
    probability,
    questions,
    repetition,
    share,
    signed,
)

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~&])")
_MENTION = re.compile(r"([@#])(?=\w)")  # hosts link @name and #1 even when escaped: a zero-width space stops them
_ADDRESS = re.compile(r"(:(?=//)|www(?=\.))", re.IGNORECASE)
"""Where an address begins that becomes a link without any mark."""


def to_markdown(comparison: Comparison) -> str:
    """Return the comparison as GitHub-flavoured Markdown.

    Names (of models, rewards, the task) are escaped: they make no markup, no links and no mentions.
    """
    first = comparison.models[0]
    asked = f"{questions(first.prompts)}, {samples_each(first)}"
    sections = [f"### Evaluation of {markdown_text(comparison.task)}\n\n{asked}."]
    sections += [f"> **Note:** {markdown_text(line)}" for line in notes(comparison)]
    sections += [markdown_text(line) for line in (multiplicity(comparison), best_of(comparison)) if line]
    if len(comparison.pairs) > 1:
        sections.append(_ranking(comparison))
    alone = _doubts(doubts(comparison.models, comparison.obstacles, comparison.primary))
    sections += [_pair(pair, comparison) for pair in comparison.pairs] or [*alone, _means(first)]
    return "\n\n".join(sections) + "\n"


def _ranking(comparison: Comparison) -> str:
    """Return all models, the best first."""
    level = confidence(comparison.pairs[0].gain.level)
    heads = ["model", comparison.primary, "change", f"{level} interval", "p (models)", "verdict"]
    return markdown_table(heads, [_ranked(one) for one in ranked(comparison)])


def _ranked(one: Ranked) -> list[str]:
    gain = one.gain
    change = ["", "", ""]
    if gain is not None:
        change = [signed(gain.delta), interval(gain.low, gain.high), probability(gain.p_models)]
    return [one.name, number(one.mean), *change, one.verdict]


def _pair(pair: Pair, comparison: Comparison) -> str:
    base, tuned = comparison.model(pair.base), comparison.model(pair.tuned)
    lines = _doubts(doubts((base, tuned), pair.obstacles, pair.primary))
    lines.append(f"**{verdict_word(pair)}: {markdown_text(claim(pair))}** {markdown_text(evidence(pair))}")
    lines += map(markdown_text, look_sentences(pair))
    lines.append(_looks(pair))
    lines += [f"**Next:** {markdown_text(step.text)}" for step in next_steps(pair, base, tuned)]
    lines += [f"> **Warning:** {markdown_text(mismatch(difference, pair))}" for difference in pair.mismatches]
    if pair.drift is not None and pair.drift.far:
        lines.append(f"> **Far from the base:** {markdown_text(drifted(pair))}")
    if pair.hacking and pair.hacking.suspected:
        lines.append(f"> **Reward hacking suspected:** {markdown_text(pair.hacking.reason)}")
    lines += [f"> **Alarm while training,** {markdown_text(alarm(raised))}" for raised in pair.alarms]
    lines.append(markdown_text(training(pair)))
    lines += [markdown_text(line) for line in origins(pair, comparison)]
    lines.append(_pair_table(pair, base, tuned))
    lines.append(_seeds(pair, comparison))
    lines += _groups(pair)
    lines.append(_factors(pair, base, tuned))
    if pair.drift is not None and not pair.drift.far:
        lines.append(markdown_text(drifted(pair)))
    lines.append(markdown_text(over_models(pair, comparison)))
    lines.append(markdown_text(narrowing(pair.gain)))
    if comparison.noise:
        lines.append(markdown_text(noise_floor(comparison.noise)))
    return "\n\n".join(line for line in lines if line)


def _doubts(lines: Iterable[str]) -> list[str]:
    return [f"> **Before the numbers:** {markdown_text(line)}" for line in lines]


def _pair_table(pair: Pair, base: ModelSummary, tuned: ModelSummary) -> str:
    heads = [
        "reward",
        pair.base,
        pair.tuned,
        "change",
        f"{confidence(pair.gain.level)} interval",
        "p (Holm)",
        "fixed",
        "broken",
    ]
    rows = [
        [
            name,
            number(base.rows()[name].estimate.mean),
            number(tuned.rows()[name].estimate.mean),
            signed(change.delta),
            interval(change.low, change.high),
            probability(change.p_holm),
            str(change.fixed),
            str(change.broken),
        ]
        for name, change in pair.rows().items()
    ]
    return markdown_table(heads, rows)


def _looks(pair: Pair) -> str:
    """Return one row per look, those to come too; "" where the questions were asked in no random order."""
    if pair.looks is None:
        return ""
    return markdown_table(["look", "questions", "z", "level", "change", "interval", "verdict"], look_rows(pair.looks))


def _seeds(pair: Pair, comparison: Comparison) -> str:
    """Return one row per training seed; "" where no side is an arm."""
    rows = [[f"{one.model}, {one.seed}", one.mean, one.shown] for one in seed_changes(pair, comparison)]
    return markdown_table(["seed", pair.primary, f"from {pair.base}"], rows) if rows else ""


def _groups(pair: Pair) -> list[str]:
    if pair.subgroups is None:
        return []
    heads = [pair.subgroups.column, "questions", pair.base, pair.tuned, "change", "interval", "p (Holm)", "verdict"]
    return [markdown_table(heads, group_rows(pair.subgroups)), markdown_text(group_sentence(pair.subgroups))]


def _factors(pair: Pair, base: ModelSummary, tuned: ModelSummary) -> str:
    """Return what the completions were like, in one sentence, as far as their source said."""
    factors = [
        ("cut", share(base.cut), share(tuned.cut)),
        ("no answer", share(base.unanswered), share(tuned.unanswered)),
        ("mean tokens", number(base.tokens, 1), number(tuned.tokens, 1)),
        ("distinct texts", share(base.distinct), share(tuned.distinct)),
        *([("refused", str(base.refused), str(tuned.refused))] if base.refused or tuned.refused else []),
        *([(repetition(base), share(base.repeated), share(tuned.repeated))] if "repeated" in pair.behaviour else []),
    ]
    known = [f"{name} {before} → {after}" for name, before, after in factors if "-" not in (before, after)]
    return f"Completions: {', '.join(known)}." if known else ""


def _means(model: ModelSummary) -> str:
    rows = [
        [name, number(summary.estimate.mean), f"{number(summary.estimate.low)} to {number(summary.estimate.high)}"]
        for name, summary in model.rows().items()
    ]
    return markdown_table(["reward", model.name, "95 % interval"], rows)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; headings and the first cell of each row may hold any text."""
    alignment = ["---", *["---:"] * (len(heads) - 1)]
    lines = [[markdown_text(head) for head in heads], alignment, *([markdown_text(row[0]), *row[1:]] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown_text(text: str) -> str:
    r"""Return text that Markdown shows as it is, on one line.

    >>> print(markdown_text("xml_format | <b>\n"))
    xml\_format \| \<b\>
    """
    escaped = _MARKUP.sub(r"\\\1", one_line(text))
    return _ADDRESS.sub("\\1\u200b", _MENTION.sub("\\1\u200b", escaped))
