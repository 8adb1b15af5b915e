"""The correctness reward: 1 when a completion's final answer equals the reference, else 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, Literal, NamedTuple

from ..layout import Layout
from ..parameters import is_number
from ..reward import Batch, Judgement, Reward, make_batch
from ..text import Completion, RewardError, Text
from .equality import is_hedged
from .extract import WHOLE_REFERENCE, Answer, NoAnswer, extract, whole_reference
from .options import OPTION_COLUMNS, Options, row_options
from .references import NoReference, accepted_answers
from .verifier import Verdict, VerifierCounts, count, settle
from .verifier_process import Pair

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
    are not given. The reference is read after its last ``####``, from its last box, or as it is; of a list of accepted
    answers any counts. Where the row has a column ``choices`` or ``options``, a choice is accepted by its label and by
    its text, and an index from 0 in the reference means its choice. Both are compared as text, as exact rational
    numbers without tolerance, as lists, sets, tuples or intervals, and at last by math-verify in worker processes.

    Range {0, 1}. None: "no reference" (an empty list too), "unreadable reference", "no such choice" (a label or index
    that the row's choices lack), and "verifier error" (the reference cannot be compared with a simple answer either, or
    the batch's seconds were used up; it is counted apart from "wrong"). 0: "wrong", "no answer", "hedged" (several
    answers where the reference is one, or the label of one choice with the text of another), "unclosed" (a reasoning or
    answer block never closes) and "too complex": what the answer breaks costs the answer. That is one that nests too
    deep or whose evaluation could explode (a tower of powers), which its text decides, and one on which algebra spends
    more than a share of a second of processor time, or ``timeout`` seconds of the clock twice. Unevaluated answers
    (``\sqrt{144}`` for 12) are right; nothing is rounded.

    Sources: GSM8K's ``####`` convention (Cobbe et al., arXiv 2110.14168), MATH's boxed answers (Hendrycks et al.,
    arXiv 2103.03874), and the package math-verify.

    >>> correctness = Correctness()
    >>> correctness(completions=["<answer>18</answer>", "so it is 17", "#### 18"], answer=["18", "18", None])
    [1.0, 0.0, None]
    >>> correctness.explain(completions=[r"\boxed{17 \text{ or } 18}"], answer=["18"])[0].status
    'hedged'
    >>> rows = {"answer": [["4", "four"], 1], "choices": [None, ["Bob", "Alina"]]}
    >>> correctness(completions=["The answer is four.", r"\boxed{B}"], **rows)
    [1.0, 1.0]
    """

    name: ClassVar[str] = "correctness"
    version: ClassVar[int] = 4
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
        judged: list[Judgement | None] = []  # None where comparisons decide
        answers: list[Answer] = []
        wanted: list[tuple[str, ...]] = []
        pairs: list[Pair] = []
        chosen: dict[int, _Chosen] = {}
        layout = self.layout
        for completion, reference, options in zip(batch.read(layout), references, _options(batch), strict=True):
            accepted = accepted_answers(reference, options)
            if isinstance(accepted, NoReference):
                judged.append(Judgement(None, accepted.status, accepted.reason))
                continue
            texts, phrases = accepted
            answer = _extract(completion, phrases, layout)
            if isinstance(answer, NoAnswer):
                judged.append(Judgement(0.0, answer.status, answer.reason))
                continue
            said = answer.text
            if options is not None:
                chosen[len(judged)] = _Chosen(said, texts, options)
                texts, said = options.against(said, texts), options.said(said, texts)
            if answer.marker == WHOLE_REFERENCE:
                texts = (said,)
            judged.append(None)
            answers.append(answer)
            wanted.append(texts)
            for text in texts:
                pairs.append(Pair(said, text))
        verdicts = settle(pairs, self.timeout)
        compared = map(_judgement, answers, wanted, repeat(iter(verdicts)))
        judgements = [one or next(compared) for one in judged]
        return CountedJudgements(_without_rivals(judgements, chosen, self.timeout), count(verdicts))


def _extract(completion: Completion, phrases: Sequence[str], layout: Layout) -> Answer | NoAnswer:
    try:
        return (whole_reference(completion, phrases) if phrases else None) or extract(completion, layout)
    except Exception as error:  # the last net under a training run: what the answer breaks costs the answer
        return NoAnswer("too complex", f"the answer cannot be read: {type(error).__name__}")


def _options(batch: Batch) -> list[Options | None]:
    """Return each row's options, as its column ``choices`` or ``options`` has them; None where it has none."""
    named = {name: batch.columns[name] for name in OPTION_COLUMNS if name in batch.columns}
    if not named:
        return [None] * len(batch)
    return [row_options({name: values[row] for name, values in named.items()}) for row in range(len(batch))]


def _judgement(answer: Answer, accepted: tuple[str, ...], verdicts: Iterator[Verdict]) -> Judgement:
    """Return the judgement by the next verdicts, one per accepted answer: one that is equal decides."""
    text, span, _ = answer
    wanted, verdict = accepted[0], next(verdicts)
    if len(accepted) > 1:
        others = zip(accepted[1:], verdicts, strict=False)
        wanted, verdict = min([(wanted, verdict), *others], key=_rank)
    given, shown = repr(text)[:60], repr(wanted)[:60]
    if verdict.equal:
        return Judgement(1.0, "correct", f"{given} equals {shown}", span)
    if verdict.equal is None:
        return Judgement(None, "verifier error", f"comparing {given} with {shown} failed or took too long", span)
    if verdict.complex:
        return Judgement(0.0, "too complex", f"{given} is too complex to compare with {shown}", span)
    if is_hedged(text, wanted) and all(is_hedged(text, other) for other in accepted):
        return Judgement(0.0, "hedged", f"{given} gives several answers", span)
    beside = f", nor another of the {len(accepted)} accepted answers" if len(accepted) > 1 else ""
    return Judgement(0.0, "wrong", f"{given} is not {shown}{beside}", span)


def _rank(settled: tuple[str, Verdict]) -> int:
    """Return the rank of an accepted answer by its verdict: equal, undecided, too complex, different."""
    verdict = settled[1]
    return 0 if verdict.equal else 1 if verdict.equal is None else 2 if verdict.complex else 3


class _Chosen(NamedTuple):
    """An answer to a row with options, and the answers that are accepted."""

    answer: str
    accepted: tuple[str, ...]
    options: Options


def _without_rivals(judged: list[Judgement], chosen: dict[int, _Chosen], seconds: float) -> list[Judgement]:
    """Return the judgements, with that of an answer that equals another of the row's options too taken back."""
    rivals = {row: one.options.rivals(one.answer, one.accepted) for row, one in chosen.items() if judged[row].value}
    pairs = [Pair(chosen[row].answer, text) for row, texts in rivals.items() for text in texts]
    settled = iter(settle(pairs, seconds) if pairs else ())
    for row, texts in rivals.items():
        one = chosen[row]
        if True in [next(settled).equal for _ in texts] or one.options.contradicts(one.answer, one.accepted):
            reason = f"{one.answer!r:.60} is more than one of the row's choices"
            judged[row] = Judgement(0.0, "hedged", reason, judged[row].span)
    return judged


correctness = Correctness()
"""The reward with default parameters."""
