"""Are there real steps in the reasoning? Counted by what they say, not by the words that announce them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nlargest
from typing import ClassVar

from ..parameters import check_whole
from ..reward import Batch, Judgement, Reward, Span
from ..text import Completion, Text
from ..words import READ_AT_MOST
from .steps import Step, read_step, split_steps, weight

_MOST_STEPS = 500
_NEW_WORDS = 2.0
_NEW_WORDS_BESIDE_NUMBER = 1.0
_NEW_NUMBERS = 2
_MOST_ROUNDS = 20
_SMALL = frozenset(map(str, range(11)))
_SMALL_WEIGHT = 1
_WEIGHT = 3


@dataclass(frozen=True)
class CotClarity(Reward):
    """Real steps in the reasoning part, ``min(1, credited steps / target)``.

    The reasoning part is the reasoning block, the whole text where there is none. It is cut into sentences
    and lines; equal ones count once (the 500 longest, of the first 250,000 characters). From the longest to
    the shortest, a step is credited when it says something that neither the prompt nor a step before it in
    that order has said:

    - an equation with an operation in it (``16 − 3 = 13``; neither ``1 = 1`` nor ``a = 1``), or
    - a quantity, in digits or (English, Chinese) in words, with at least one new word of content, in a sentence, or
    - where the prompt has no quantity: two new words of content, in a sentence that takes up one of the prompt's (a CJK
      character is half a word).

    Where the prompt has quantities, the reasoning is about it only if it takes up more than half of them, and if these
    are more than half of what it takes as given, that is, of the quantities that none of its equations has made. In
    both a number up to ten, which stands in many questions, counts a third of another. A step must carry one of the
    prompt's quantities or of what equations have made of them. So a text that is the same for every question seldom
    earns anything, and prose without a quantity is no step.

    Words of content are neither function words nor talk about reasoning (first, therefore, step, calculate,
    problem, …; :mod:`~grpokit.rewards.reasoning.reasoning_words`); a sentence is held together by function words and
    does not mostly talk about reasoning. A step that differs from another by its numbers alone is credited
    only for a new equation with at least two new numbers, so a counter earns nothing. Markers, empty lists,
    repeated steps, stuffed keywords and the copied prompt earn nothing; saying a step again never raises the
    value. With the prompts given, what is copied from them is known; without them it is not.

    What it can't see: whether a step is true or follows. It measures layout and substance, and belongs beside
    ``correctness``, with a small weight. Markers are known in English, Spanish, French, German, Italian,
    Portuguese, Dutch, Russian, Hindi, Arabic, Korean, Chinese and Japanese.

    Range [0, 1], never None. Statuses: "clear" (the target is reached), "some steps", "no steps", "empty". The
    span is the reasoning part. Raises :class:`RewardError` when built with a target below 1.

    >>> cot_clarity(completions=["There are 16 eggs. 3 are eaten: 16 - 3 = 13. She sells each for 2 dollars."])
    [1.0]
    >>> cot_clarity(completions=["First, Second, Next, Finally,", "1. \\n2. \\n3. ", "1 = 1. 2 = 2. 3 = 3."])
    [0.0, 0.0, 0.0]
    """

    name: ClassVar[str] = "cot_clarity"
    version: ClassVar[int] = 4
    reads: ClassVar[tuple[str, ...]] = ("reasoning_tags",)

    target: int = 3

    def __post_init__(self) -> None:
        check_whole(self.name, "target", self.target, example=3)

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return one judgement per completion, in order."""
        judged: dict[int, Judgement] = {}
        completions = batch.read(self.layout)
        for group in batch.groups:
            asked = _Memory()
            for step in [] if batch.prompts is None else _steps(_prompt_text(batch.prompts[group[0]])):
                asked.add_prompt(step)
            for index in group:
                judged[index] = self._judge_one(completions[index], asked)
        return [judged[index] for index in range(len(batch))]

    def _judge_one(self, completion: Completion, asked: _Memory) -> Judgement:
        span = _reasoning_span(completion)
        reasoning = completion.text[span.start : span.end]
        if not reasoning.strip():
            return Judgement(0.0, "empty", "there is no reasoning", span)
        steps = _steps(reasoning)
        memory = asked.before(steps)
        fault = memory.off_the_prompt()
        if fault:
            return Judgement(0.0, "no steps", fault, span)
        credited = 0
        for step in sorted(steps, key=_length, reverse=True):  # an order that repeating one does not change
            credited += memory.credit(step)
            if credited == self.target:
                break
        status = "clear" if credited == self.target else "some steps" if credited else "no steps"
        return Judgement(
            credited / self.target,
            status,
            f"{credited} of {self.target} wanted steps say something new, in an equation or beside a quantity",
            span,
        )


@dataclass
class _Memory:
    """What the prompt and the steps read so far have said, of all the ``steps`` of a text."""

    steps: list[Step] = field(default_factory=list)
    content: set[str] = field(default_factory=set)
    equations: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    shapes: set[str] = field(default_factory=set)
    prompt_content: set[str] | None = None
    asked: set[str] = field(default_factory=set)
    passed: list[Step] = field(default_factory=list)
    """Steps that earn nothing: they are taken note of when one comes that may."""

    def add_prompt(self, step: Step) -> None:
        """Take note of a step of the prompt."""
        self.prompt_content = (self.prompt_content or set()) | step.content
        self.asked |= step.quantities - {"1"}
        self.content |= step.content
        self.equations |= step.equations

    def before(self, steps: list[Step]) -> _Memory:
        """Return what is known of the prompt, for itself, before these steps are read."""
        content, equations = set(self.content), set(self.equations)
        return _Memory(steps, content, equations, prompt_content=self.prompt_content, asked=self.asked)

    def off_the_prompt(self) -> str:
        """Return why the steps are not about a prompt that has quantities, "" where they are.

        They take as given what no equation before, or in the same step, has made.
        """
        if not self.asked:
            return ""
        known, given = {"1"}, set[str]()
        for step in self.steps:
            given |= step.given - known
            known |= step.quantities
        taken_up = _weight(given & self.asked)
        if 2 * taken_up <= _weight(self.asked):
            return "the steps take up no more than half of the prompt's quantities"
        if 2 * taken_up <= _weight(given):
            return "no more than half of the quantities that the steps take as given stand in the prompt"
        return ""

    @cached_property
    def carried(self) -> set[str]:
        """The prompt's quantities that the steps carry, and what equations make of them."""
        carried = self.asked.intersection(quantity for step in self.steps for quantity in step.quantities)
        waiting = self.steps
        for _ in range(_MOST_ROUNDS):
            reached = [step for step in waiting if not step.quantities.isdisjoint(carried)]
            if not reached:
                break
            waiting = [step for step in waiting if step.quantities.isdisjoint(carried)]
            carried.update(*[step.quantities for step in reached if step.equations])
        return carried

    def credit(self, step: Step) -> bool:
        """Return whether the step says something new, and take note of it."""
        if self.asked and not self._carries(step):
            self.passed.append(step)
            return False
        for passed in self.passed:
            self._note(passed)
        self.passed.clear()
        earned = self._is_new(step)
        self._note(step)
        return earned

    def _carries(self, step: Step) -> bool:
        known = step.quantities
        return not self.asked.isdisjoint(known) or not self.carried.isdisjoint(known)

    def _note(self, step: Step) -> None:
        self.shapes.add(step.shape)
        self.content |= step.content
        self.equations |= step.equations
        self.numbers |= step.numbers

    def _is_new(self, step: Step) -> bool:
        has_new_equation = not step.equations <= self.equations
        if step.shape in self.shapes:
            return has_new_equation and len(step.numbers - self.numbers) >= _NEW_NUMBERS
        if has_new_equation or not step.is_sentence:
            return has_new_equation
        new = weight(step.content - self.content)
        if step.quantities:
            return new >= _NEW_WORDS_BESIDE_NUMBER
        takes_up = self.prompt_content is not None and not self.prompt_content.isdisjoint(step.content)
        return takes_up and not self.asked and new >= _NEW_WORDS


def _weight(quantities: set[str]) -> int:
    """Return how much quantities say of the question that they belong to: a small number stands in many."""
    return sum(_SMALL_WEIGHT if quantity in _SMALL else _WEIGHT for quantity in quantities)


def _length(step: Step) -> tuple[int, str]:
    return len(step.body), step.body


def _steps(text: str) -> list[Step]:
    """Return the longest steps of a text in order."""
    steps = split_steps(text[:READ_AT_MOST])
    if len(steps) > _MOST_STEPS:
        longest = frozenset(nlargest(_MOST_STEPS, steps, key=lambda step: (len(step), step)))
        steps = [step for step in steps if step in longest]
    return [read_step(step) for step in steps]


def _reasoning_span(completion: Completion) -> Span:
    if completion.final is not None and not completion.final_start:
        return Span(0, len(completion.text))
    start = completion.text.find(completion.reasoning)
    return Span(start, start + len(completion.reasoning))


def _prompt_text(prompt: Text) -> str:
    if isinstance(prompt, str):
        return prompt
    return "\n".join(_content(message.get("content")) for message in prompt)


def _content(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(_content(part.get("text")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


cot_clarity = CotClarity()
