"""Property tests for any reward, one's own or another's: what every reward must do, whatever it measures."""

from __future__ import annotations

import math
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar, NamedTuple

from ...errors import GrpokitError
from ..reward import REFERENCE_COLUMNS, Batch, Judgement, Range, Reward
from .audit import tokens
from .corpus import load_corpus
from .hacks import HACKS, Scene
from .honest import BUILT_IN
from .probe import executed, growth, in_process

Values = list[float | None]


@dataclass(frozen=True)
class AsMessages(Reward):
    """A reward that is asked with messages where the prompts are strings."""

    reward: Reward
    name: ClassVar[str] = "as messages"

    @property
    def range(self) -> Range:
        """That of the reward."""
        return self.reward.range

    def judge(self, batch: Batch) -> list[Judgement]:
        """Judge completions as messages."""
        return self.reward.judge(batch.as_messages())


class Check(NamedTuple):
    """One thing that was tried: ``passed`` is None where it could not be tried; ``detail`` says what was seen."""

    name: str
    passed: bool | None
    detail: str


def check(reward: Reward, family: str | None = None) -> list[Check]:
    """Run every property test, then the corpus cases of ``family`` (the reward's own name unless given).

    Properties: one value per completion, finite, in the declared range, not one value for all, the same in both forms
    that TRL has for completions and with the reference under one name, in any order, after pickling and in threads,
    time linear in the length, nothing in the text executed. The last two run in a process that is killed at its
    deadline, so a reward that hangs fails and does not hang the check. A reward that takes messages alone fails that
    property, and has the others checked on messages.

    >>> from grpokit.rewards import xml_tag_count
    >>> check_one(xml_tag_count, "order").passed
    True
    """
    first, *others = PROPERTIES
    if not check_one(reward, first).passed and check_one(AsMessages(reward), first).passed:
        reward = AsMessages(reward)
    counted = check_one(reward, first)
    if not counted.passed:  # it cannot be called as it must: nothing further can be said
        return [counted]
    return [counted, *(check_one(reward, name) for name in others), *corpus_checks(reward, family or reward.name)]


def check_one(reward: Reward, name: str) -> Check:
    """Run one property test by name; a reward that raises where it should not has failed it."""
    try:
        with redirect_stdout(sys.stderr):
            return PROPERTIES[name](reward)
    except Exception as error:  # the reward may be anybody's, and may raise anything
        reason = str(error) if isinstance(error, GrpokitError) else f"{type(error).__name__}: {error}"
        return Check(name, False, reason)


def corpus_checks(reward: Reward, family: str) -> Iterator[Check]:
    """Yield one check per corpus case of a family that the reward, as built, can be asked."""
    for case in load_corpus():
        if case.reward == family and case.applies(reward):
            problem = case.problem(reward)
            yield Check(f"case: {case.why}", problem is None, problem or "as expected")


def sample_batch(seed: int = 0) -> Batch:
    """Return honest, hacked and hostile completions of several prompts, with references under every usual name."""
    rng = random.Random(seed)
    rows = [(row, text) for row in BUILT_IN[:4] for text in _texts(Scene(row, BUILT_IN[4:]))]
    rng.shuffle(rows)
    texts = [text for _, text in rows]
    references = [row.answer for row, _ in rows]
    columns = dict.fromkeys(REFERENCE_COLUMNS, references)
    return Batch(texts, [row.prompt for row, _ in rows], [tokens(text) for text in texts], columns)


def _texts(scene: Scene) -> list[str]:
    hacked = [hack.write(scene)[0] for hack in HACKS]
    odd = ["\x00", "🙂" * 50, "\\boxed{" * 40, "<think>" * 40, "答案是18。", "\u202e81", "0" * 400, "\ud800"]
    return [scene.right, scene.wrong, *hacked, *odd]


def _counted(reward: Reward) -> Check:
    whole = sample_batch()
    for count in (1, 2, len(whole)):
        got = len(_values(reward, whole.take(range(count))))
        if got != count:
            return Check("count", False, f"{got} values for {count} completions")
    return Check("count", True, "one value per completion")


def _finite(reward: Reward) -> Check:
    bad = [value for value in _values(reward, sample_batch()) if value is not None and not math.isfinite(value)]
    return Check("finite", not bad, f"returned {bad[0]}" if bad else "every value is a finite number or None")


def _in_range(reward: Reward) -> Check:
    known = [value for value in _values(reward, sample_batch()) if value is not None]
    if not known:
        return Check("range", None, "None for every completion tried")
    low, high = reward.range
    seen = f"seen {min(known):g} to {max(known):g}"
    if math.isinf(low) and math.isinf(high):
        return Check("range", None, f"no range declared; {seen}")
    return Check("range", low <= min(known) and max(known) <= high, f"declared {low:g} to {high:g}, {seen}")


def _varies(reward: Reward) -> Check:
    known = [value for value in _values(reward, sample_batch()) if value is not None]
    if len(set(known)) != 1:
        return Check("varies", bool(known) or None, "not one value for all" if known else "None for all that was tried")
    limited = None if not reward.foreign else False  # ours may pay nothing below a limit that no sample reaches
    return Check("varies", limited, f"{known[0]:g} for all of {len(known)} completions: it teaches nothing")


def _forms(reward: Reward) -> Check:
    """A completion is a list of messages where the prompt is messages, as the prompts of all tasks are."""
    inner = reward.reward if isinstance(reward, AsMessages) else reward
    if inner.reads_prompt:
        return Check("forms", None, "not compared: it reads the prompt too, which is another text in each form")
    values: dict[str, Values] = {}
    for form, asked in (("strings", inner), ("messages", AsMessages(inner))):
        try:
            values[form] = _values(asked, sample_batch())
        except Exception as error:  # as in check_one
            reason = str(error) if isinstance(error, GrpokitError) else f"{type(error).__name__}: {error}"
            return Check("forms", False, f"with completions that are {form}: {reason}")
    return _same("forms", "the same for completions that are strings and messages", *values.values())


def _references(reward: Reward) -> Check:
    """The reference is given as ``reference``, and under the name that the data has for it."""
    whole, errors = sample_batch(), list[str]()
    expected, works = _values(reward, whole), list[str]()
    for name in REFERENCE_COLUMNS:
        columns = {column: whole.columns[column] for column in ("reference", name)}
        try:
            same = _same("", "the same", expected, _values(reward, replace(whole, columns=columns)))
        except Exception as error:  # as in check_one
            errors.append(str(error))
        else:
            works += [name] if same.passed else []
            errors += [] if same.passed else [f"with the reference as {name!r}, {same.detail}"]
    if not works:
        return Check("references", False, errors[0])
    every = len(works) == len(REFERENCE_COLUMNS)
    return Check("references", True, "any name" if every else f"only as {', '.join(works)}: name the data's column so")


def _any_order(reward: Reward) -> Check:
    batch = sample_batch()
    order = random.Random(1).sample(range(len(batch)), len(batch))
    straight, mixed = _values(reward, batch), _values(reward, batch.take(order))
    return _same("order", "the same in any order", [straight[row] for row in order], mixed)


def _pickled(reward: Reward) -> Check:
    try:
        copy: Reward = pickle.loads(pickle.dumps(reward))
    except Exception as error:  # what pickling raises depends on what is pickled
        return Check("pickle", False, f"cannot be pickled, as asynchronous trainers do: {error}")
    batch = sample_batch()
    return _same("pickle", "the same after pickling", _values(reward, batch), _values(copy, batch))


def _threaded(reward: Reward) -> Check:
    batches = [sample_batch(seed) for seed in range(4)]
    straight = [_values(reward, batch) for batch in batches]
    with ThreadPoolExecutor(max_workers=4) as pool:
        threaded = list(pool.map(lambda batch: _values(reward, batch), batches))
    return _same("threads", "the same in threads", list(chain(*straight)), list(chain(*threaded)))


def _linear(reward: Reward) -> Check:
    return _probed("linear", growth, reward, "time linear in the length of hostile texts")


def _harmless(reward: Reward) -> Check:
    return _probed("harmless", executed, reward, "nothing in the text was executed")


def _probed(name: str, probe: Callable[[Reward], str], reward: Reward, good: str) -> Check:
    outcome = in_process(probe, reward)
    return Check(name, not outcome.detail if outcome.finished else outcome.passed, outcome.detail or good)


PROPERTIES: dict[str, Callable[[Reward], Check]] = {
    "count": _counted,
    "finite": _finite,
    "range": _in_range,
    "varies": _varies,
    "forms": _forms,
    "references": _references,
    "order": _any_order,
    "pickle": _pickled,
    "threads": _threaded,
    "linear": _linear,
    "harmless": _harmless,
}
"""The property tests by name, in the order in which they run."""


def _values(reward: Reward, batch: Batch) -> Values:
    return [judged.value for judged in reward.judge(batch)]


def _same(name: str, good: str, expected: Values, got: Values) -> Check:
    for one, other in zip(expected, got, strict=True):
        if (one is None) != (other is None) or (one is not None and not math.isclose(one, other or 0, abs_tol=1e-6)):
            return Check(name, False, f"not {good}: {one} became {other}")
    return Check(name, True, good)
