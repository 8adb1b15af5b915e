"""The correctness reward: 1 when a completion's final answer equals the reference, else 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from ..parameters import is_number
from ..reward import Batch, Judgement, Reward, make_batch
from ..text import RewardError, Text
from .equality import is_hedged
from .extract import WHOLE_REFERENCE, Answer, NoAnswer, extract, whole_reference
from .references import reference_text
from .verifier import Pair, Verdict, VerifierCounts, count, settle

LogMetric = Callable[[str, float], None]


class CountedJudgements(NamedTuple):
    """The judgements of a batch and how their comparisons were settled."""

    judgements: list[Judgement]
    counts: VerifierCounts


@dataclass(frozen=True)
class Correctness(Reward):
    r"""1.0 when the final answer equals the reference, 0.0 when not, None when that cannot be decided.

    The answer is taken from the text after the reasoning: the block of ``answer_tag``, the last balanced ``\boxed``,
    ``####``, an anchor ("the answer is", a last line "A: 18"), or the whole text when it is nothing but a value. With
    ``extraction="lenient"`` the last expression or number counts too. Both parameters are the mix's layout's where they
    are not given. The reference is read after its last ``####``,
    from its last box, or as it is. Both are compared as text, as exact rational numbers without tolerance, as lists,
    sets, tuples or intervals, and at last by math-verify in worker processes.

    Range {0, 1}. None: "no reference", "unreadable reference", and "verifier error" (the comparison crashed or took
    longer than ``timeout`` seconds; it is not called wrong, and it is counted apart). 0: "wrong", "no answer",
    "hedged" (several answers where the reference is one) and "unclosed" (a reasoning or answer block never closes).
    An expression whose evaluation could explode (a tower of powers) is not the reference: wrong.

    Sources: GSM8K's ``####`` convention (Cobbe et al., arXiv 2110.14168), MATH's boxed answers (Hendrycks et al.,
    arXiv 2103.03874), and the package math-verify.

    >>> correctness = Correctness()
    >>> correctness(completions=["<answer>18</answer>", "so it is 17", "#### 18"], answer=["18", "18", None])
    [1.0, 0.0, None]
    >>> correctness.explain(completions=[r"\boxed{17 \text{ or } 18}"], answer=["18"])[0].status
    'hedged'
    """

    name: ClassVar[str] = "correctness"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags", "answer_tag", "extraction")

    extraction: Literal["strict", "lenient"] | None = None
    reference_column: str | None = None
    answer_tag: str | None = None
    timeout: float = 5.0

    def __post_init__(self) -> None:
        self.check_layout()
        if not is_number(self.timeout) or not 0 < self.timeout <= 600:
            raise RewardError(f"timeout must be seconds above 0 and at most 600; got {self.timeout!r}.")

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""
        return self.judge_counted(batch).judgements

    def __call__(
        self,
        *,
        completions: Sequence[Text],
        prompts: Sequence[Text] | None = None,
        completion_ids: Sequence[Sequence[int]] | None = None,
        log_metric: LogMetric | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Return one value per completion; log how comparisons were settled when a trainer gives ``log_metric``."""
        judged = self.judge_counted(make_batch(completions, prompts, completion_ids, columns))
        if log_metric is not None:
            for how, number in judged.counts._asdict().items():
                log_metric(f"{self.name}/{how}", float(number))
        return [judgement.value for judgement in judged.judgements]

    def judge_counted(self, batch: Batch) -> CountedJudgements:
        """Return the judgements and the counts of exact, cached, verified and failed comparisons."""
        references = batch.references(self.reference_column, self.name)
        judgements: list[Judgement | None] = []
        open_answers: list[Answer] = []
        pairs: list[Pair] = []
        layout = self.layout
        for completion, reference in zip(batch.read(layout), references, strict=True):
            text = None if reference is None else reference_text(reference)
            answer = whole_reference(completion, reference) or extract(completion, layout) if text is not None else None
            if isinstance(answer, Answer) and text is not None:
                judgements.append(None)
                open_answers.append(answer)
                pairs.append(Pair(answer.text, text if answer.marker != WHOLE_REFERENCE else answer.text))
            else:
                judgements.append(_without_comparison(reference, answer))
        verdicts = settle(pairs, self.timeout)
        settled = map(_judgement, open_answers, pairs, verdicts)
        return CountedJudgements([judgement or next(settled) for judgement in judgements], count(verdicts))


def _without_comparison(reference: object, answer: NoAnswer | Answer | None) -> Judgement:
    if reference is None:
        return Judgement(None, "no reference", "the row has no reference")
    if isinstance(answer, NoAnswer):
        return Judgement(0.0, answer.status, answer.reason)
    return Judgement(None, "unreadable reference", f"no answer can be read from the reference {reference!r:.60}")


def _judgement(answer: Answer, pair: Pair, verdict: Verdict) -> Judgement:
    if verdict.equal:
        return Judgement(1.0, "correct", f"{pair.answer!r:.60} equals {pair.reference!r:.60}", answer.span)
    if verdict.equal is None:
        reason = f"comparing {pair.answer!r:.60} with {pair.reference!r:.60} failed or took too long"
        return Judgement(None, "verifier error", reason, answer.span)
    if is_hedged(pair.answer, pair.reference):
        return Judgement(0.0, "hedged", f"{pair.answer!r:.60} gives several answers", answer.span)
    return Judgement(0.0, "wrong", f"{pair.answer!r:.60} is not {pair.reference!r:.60}", answer.span)


correctness = Correctness()
"""The reward with default parameters."""
