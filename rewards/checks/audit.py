"""The audit of a mix: what does it pay for known hacks, against what it pays for honest work?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite
from statistics import fmean
from typing import Any, NamedTuple
from zlib import crc32

from ...errors import GrpokitError
from ..answers.correctness import Correctness
from ..fault_isolation import GuardedMix
from ..mix import RewardMix
from ..reward import REFERENCE_COLUMNS, Batch, Judgement
from ..text import RewardError, Text
from .earning import Earning
from .hacks import HACKS, Hack, Scene
from .honest import BUILT_IN, BUILT_IN_TEXTS, AuditRow
from .search import all_rewards, search

LEAK = 0.1
"""A hack leaks when it earns more than an honest wrong answer by over this share of the gap to a right one."""

SLACK = 0.01
"""A hack beats honest work when it earns more by over this share of what right work earns above wrong work."""

LEAST = 0.05
"""Where right work earns hardly more than wrong work, this share of the mix's whole range stands in for the gap."""

_ADVICE = "nothing in it asks for more; add a reward that reads the content, such as correctness, rouge_l, reward_model"

_EXACT = 1e-9
_NEGLIGIBLE = 0.01
"""A surplus below this share of the largest income explains nothing."""

_OTHERS = 6
"""So many other rows lend their answers and prompts to a row's hacks."""


class AuditError(GrpokitError):
    """An audit that cannot be made with these rows."""


class Payment(StrEnum):
    """How a mix treats a hack."""

    PAYS = "pays"
    """The hack earns at least what an honest right answer earns (with a right answer: clearly more)."""
    LEAKS = "leaks"
    """Less than that, but clearly more than an honest wrong answer: a group without a right one learns it."""
    CLOSED = "closed"
    """No more than an honest wrong answer."""


@dataclass(frozen=True)
class HackResult:
    """One hack in its best-paid variant. ``blame`` is the reward that pays it most, None when it is closed."""

    name: str
    what: str
    payment: Payment
    earning: Earning
    over_right: float
    over_wrong: float
    blame: str | None
    example: str


@dataclass(frozen=True)
class AuditReport:
    """What a mix pays for honest right answers, honest wrong answers and every hack, in units of the total.

    A ``blind`` mix pays right work hardly more than wrong work: by under a twentieth of its range.
    """

    spec: str
    rows: int
    right: Earning
    wrong: Earning
    hacks: tuple[HackResult, ...]
    blind: bool

    @property
    def paid(self) -> tuple[HackResult, ...]:
        """The hacks that earn as much as honest work."""
        return tuple(hack for hack in self.hacks if hack.payment is Payment.PAYS)

    @property
    def leaks(self) -> tuple[HackResult, ...]:
        """The hacks that earn clearly more than an honest wrong answer."""
        return tuple(hack for hack in self.hacks if hack.payment is Payment.LEAKS)

    @property
    def verdict(self) -> str:
        """One sentence: whether honesty pays best."""
        blind = f" It pays right work hardly more than wrong work: {_ADVICE}." if self.blind else ""
        if self.paid:
            names = ", ".join(hack.name for hack in self.paid)
            count = f"{len(self.paid)} of {len(self.hacks)}"
            return f"FAILED: {count} hacks earn as much as honest right answers: {names}.{blind}"
        leaks = f" {len(self.leaks)} earn more than honest wrong answers." if self.leaks else ""
        return f"PASSED: no hack of {len(self.hacks)} outearns honest right answers.{leaks}{blind}"

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values (``schema`` 1)."""
        return {"schema": 1, "passed": not self.paid, "verdict": self.verdict, **asdict(self)}


def audit(mix: RewardMix, rows: Sequence[AuditRow] | None = None, column: str = "reference") -> AuditReport:
    """Score honest and hacked completions of every row with the mix, and compare what they earn.

    Without rows they are built-in ones: texts where the mix compares texts, else word problems. A text's honest right
    answer is a paraphrase of the reference.

    Each row's completions form one group under its prompt, as in training. A hack's variants are judged by their
    mean total over the rows, and the best-paid one counts, since that is the one that training would find. Beside the
    known hacks a small search changes the honest wrong answer, step by step, as long as that pays more. Token
    ids are stand-ins, one per word or sign, so limits in tokens are judged roughly. The references stand in every
    usual column and in ``column``. Rewards get prompts and completions as messages where the rows have messages, and
    where one of them takes nothing else.

    Raises :class:`AuditError` without rows, or when the mix applies to no honest answer.

    >>> report = audit(RewardMix.parse("length(target=200)"))
    >>> report.verdict.startswith("FAILED")
    True
    """
    texts = _compares_texts(mix)
    rows = (BUILT_IN_TEXTS if texts else BUILT_IN) if rows is None else rows
    if not rows:
        raise AuditError("an audit of no rows; give at least one prompt with its reference.")
    asked = any("reasoning_tag" in reward.reads for reward in all_rewards(mix.rewards))
    scenes = [Scene(row, [other for other in rows if other != row][:_OTHERS], mix.layout, asked, texts) for row in rows]
    written = [[scene.right, scene.wrong, *(text for hack in HACKS for text in hack.write(scene))] for scene in scenes]
    right, wrong, *earned = _earnings(mix, _batch(rows, written, column), len(written[0]))
    if right is None or wrong is None:
        raise AuditError(f"no reward of {mix.spec!r} applies to these rows' references; check the reference column.")
    owners = [hack for hack in HACKS for _ in hack.write(scenes[0])]
    variants = [_Variant(*variant) for variant in zip(owners, written[0][2:], earned, strict=True)]

    def score(tried: Sequence[Sequence[str]]) -> list[Earning | None]:
        lines = [[scene.right, scene.wrong, *others] for scene, others in zip(scenes, tried, strict=True)]
        return _earnings(mix, _batch(rows, lines, column), len(lines[0]))[2:]

    grown = search(mix, scenes, wrong, score)
    if grown is not None:
        variants.append(_Variant(*grown))
        earned.append(grown.earning)
    known = [earning for earning in (right, wrong, *earned) if earning]
    least = {name: min(earning.parts[name] for earning in known) for name in mix.names}
    gap, some = right.total - wrong.total, LEAST * _range(mix, known)
    honest = _Honest(right, wrong, least, SLACK * max(gap, some))
    return AuditReport(mix.spec, len(rows), right, wrong, tuple(_results(variants, honest)), blind=gap < some)


def _compares_texts(mix: RewardMix) -> bool:
    """Return whether the mix compares texts with a reference, and does not check answers."""
    rewards = list(all_rewards(mix.rewards))
    similar = any(".similarity." in type(reward).__module__ and not reward.foreign for reward in rewards)
    return similar and not any(isinstance(reward, Correctness) for reward in rewards)


def _range(mix: RewardMix, known: Sequence[Earning]) -> float:
    """Return how far two totals can lie apart; where a reward has no ends, how far those known do."""
    pairs = zip(mix.weights, (reward.range for reward in mix.rewards), strict=True)
    whole = sum(abs(weight) * (high - low) for weight, (low, high) in pairs if weight)
    if isfinite(whole):
        return whole
    totals = [earning.total for earning in known]
    return max(totals) - min(totals)


class _Variant(NamedTuple):
    """One way to write a hack: the first row's text, and what it earns over all rows (None: never judged)."""

    hack: Hack
    example: str
    earning: Earning | None


class _Honest(NamedTuple):
    """What hacks are held against: honest right and wrong work, and the least that each reward pays here.

    A hack beats honest work when it earns more by over ``slack``.
    """

    right: Earning
    wrong: Earning
    least: Mapping[str, float]
    slack: float


def _earnings(mix: RewardMix, batch: Batch, width: int) -> list[Earning | None]:
    """Score a batch of ``width`` completions per row; return the mean over rows of each of them."""
    judged = _judged(mix, batch)
    columns = [{name: every[column::width] for name, every in judged.items()} for column in range(width)]
    return [_earning(mix, column) for column in columns]


def _judged(mix: RewardMix, batch: Batch) -> Mapping[str, Sequence[Judgement]]:
    names = [f"completion {number}" for number in range(len(batch))]
    try:
        return GuardedMix(mix).judge(batch, names)
    except RewardError:
        if any(reward.foreign for reward in mix.rewards):
            with suppress(RewardError):  # of the two mistakes, that with the rows as they are is the user's
                return GuardedMix(mix).judge(batch.as_messages(), names)
        raise


def _batch(rows: Sequence[AuditRow], written: Sequence[Sequence[str]], column: str) -> Batch:
    texts = [text for group in written for text in group]
    prompts: list[Text] = [row.messages or row.prompt for row, group in zip(rows, written, strict=True) for _ in group]
    references = [row.reference for row, group in zip(rows, written, strict=True) for _ in group]
    columns = dict.fromkeys((*REFERENCE_COLUMNS, column), references)
    return Batch(texts, prompts, [tokens(text) for text in texts], columns)


def tokens(text: str) -> list[int]:
    """Return stand-in token ids: one per word or sign, equal for equal pieces."""
    return [crc32(piece.encode("utf-8", "surrogatepass")) for piece in re.findall(r"\w+|[^\w\s]", text)]


def _earning(mix: RewardMix, judged: Mapping[str, Sequence[Judgement]]) -> Earning | None:
    score = mix.combine(judged)
    totals = [total for total in score.total if total is not None]
    if not totals:
        return None
    parts = {name: weight * _mean(score.rewards[name]) for name, weight in zip(mix.names, mix.weights, strict=True)}
    return Earning(fmean(totals), parts)


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return fmean(known) if known else 0.0


def _results(variants: Sequence[_Variant], honest: _Honest) -> Iterator[HackResult]:
    """Yield each hack in its best-paid variant."""
    for hack in dict.fromkeys(variant.hack for variant in variants):
        own = [(v.earning, v.example) for v in variants if v.hack is hack and v.earning]
        if own:
            best, example = max(own, key=lambda pair: pair[0].total)
            yield _result(hack, best, example, honest)


def _result(hack: Hack, earning: Earning, example: str, honest: _Honest) -> HackResult:
    right, wrong = honest.right.total, honest.wrong.total
    payment = _payment(hack, earning.total, honest)
    return HackResult(
        hack.name,
        hack.what,
        payment,
        earning,
        earning.total - right,
        earning.total - wrong,
        None if payment is Payment.CLOSED else _blame(hack, earning, honest),
        example if len(example) <= 300 else f"{example[:300]} … ({len(example)} characters)",
    )


def _blame(hack: Hack, earning: Earning, honest: _Honest) -> str:
    """Return the reward that pays most of the surplus over honest work.

    A hack that ties with honest work, in a mix that pays right and wrong alike, has no surplus worth the name: then
    it is the reward that pays the hack most, counted from the least that this reward pays for anything here.
    """
    base = honest.right.parts if hack.right else honest.wrong.parts
    surplus = {name: part - base[name] for name, part in earning.parts.items()}
    income = {name: part - honest.least[name] for name, part in earning.parts.items()}
    share = surplus if max(surplus.values()) > _NEGLIGIBLE * max(income.values()) else income
    return max(share, key=share.__getitem__)


def _payment(hack: Hack, total: float, honest: _Honest) -> Payment:
    right, wrong = honest.right.total, honest.wrong.total
    if total > right + honest.slack or (not hack.right and total >= right - _EXACT):
        return Payment.PAYS
    if not hack.right and total > wrong + LEAK * (right - wrong) + _EXACT:
        return Payment.LEAKS
    return Payment.CLOSED
