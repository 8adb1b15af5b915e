"""Any function that TRL accepts as a reward, as a :class:`Reward`: what it returns is checked, its errors are named."""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from ..errors import GrpokitError, nearest
from .reward import Batch, Judgement, Range, Reward
from .text import RewardError, UnusableReward, in_trl_form
from .user_code import copied, described, in_thread


class WrongReturn(UnusableReward):
    """A reward function does not return one value per completion: no completion's fault."""


@dataclass(frozen=True)
class FunctionReward(Reward):
    """A plain function ``f(completions, **kwargs) -> list[float | None]``, synchronous or a coroutine function.

    ``arguments`` are keyword arguments given at every call. The function gets, by keyword, the prompts,
    completions and completion ids that there are and every column, less what its signature has no place for.
    Completions have TRL's form: a list of messages where the prompt is messages, a string where it is a string. All
    that it gets are copies of its own, so what it does to them changes nothing for other rewards.

    It must return one finite number or None (not applicable) per completion; bools and the scalars of numpy
    and torch count as numbers. Anything else, and any exception it raises (``SystemExit`` too), is a
    :class:`RewardError` that names the reward; of an exception also the file and line; a value that is no list of
    the right length is a :class:`WrongReturn`. The range is unknown, so it is the whole real line.

    >>> def short(completions, **kwargs):
    ...     return [len(text) < 10 for text in completions]
    >>> FunctionReward(short)(completions=["yes", "a long story"])
    [1.0, 0.0]
    """

    function: Callable[..., Any]
    arguments: tuple[tuple[str, object], ...] = ()

    name: ClassVar[str] = "function"

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise RewardError(f"{self.function!r} is no function; give one such as f(completions, **kwargs).")
        if isinstance(self.function, partial) and not self.function.args:
            object.__setattr__(self, "arguments", tuple({**self.function.keywords, **dict(self.arguments)}.items()))
            object.__setattr__(self, "function", self.function.func)
        known = accepted(self.function)
        if not takes_completions(self.function):
            raise RewardError(
                f"{self.__name__} takes no completions, so it is no reward; give one such as f(completions, **kwargs)."
            )
        for key, _ in self.arguments:
            if known is not None and key not in known:
                raise RewardError(f"{self.__name__} has no parameter {key!r}. {nearest(key, known)}")

    @property
    def __name__(self) -> str:
        """The function's own name, with the arguments it was given."""
        own: str = getattr(self.function, "__name__", type(self.function).__name__)
        inner = ",".join(f"{key}={value}" for key, value in self.arguments)
        return f"{own}({inner})" if inner else own

    @property
    def path(self) -> str:
        """The import path ``pkg.module:function``."""
        return f"{self.definition.__module__}:{self.definition.__qualname__}"

    @property
    def definition(self) -> Callable[..., Any]:
        """The function, or the class of a callable object."""
        return self.function if hasattr(self.function, "__qualname__") else type(self.function)

    @property
    def range(self) -> Range:
        """Unknown for a foreign function: from minus to plus infinity."""
        return Range(-math.inf, math.inf)

    @property
    def foreign(self) -> bool:
        """True: it is the user's own."""
        return True

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of (path, arguments, source text), so that an edited function counts as another."""
        try:
            source = inspect.getsource(self.definition)
        except (OSError, TypeError):  # defined in a shell, or not in Python at all
            source = ""
        return hashlib.sha256(repr((self.path, self.arguments, source)).encode()).hexdigest()[:16]

    def judge(self, batch: Batch) -> list[Judgement]:
        """Return the function's values; the reason is no more than the value, all that a plain function gives."""
        return [_judgement(value) for value in self._checked(self._returned(batch), len(batch))]

    def _returned(self, batch: Batch) -> Any:
        given: dict[str, Any] = {
            "completions": batch.raw if batch.prompts is None else list(map(in_trl_form, batch.raw, batch.prompts)),
            "prompts": batch.prompts,
            "completion_ids": batch.completion_ids,
            **batch.columns,
        }
        present = {name: values for name, values in given.items() if values is not None}
        self._check_required({**present, **batch.extras, **dict(self.arguments)})
        known = accepted(self.function)
        keywords = {name: copied(values) for name, values in present.items() if known is None or name in known}
        keywords |= {name: value for name, value in batch.extras.items() if known is None or name in known}
        try:
            returned = self.function(**{**keywords, **dict(self.arguments)})
            return _finish(returned) if inspect.isawaitable(returned) else returned
        except (GrpokitError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a stranger's code may raise anything, SystemExit too; say whose it was
            raise RewardError(f"reward {self.__name__!r} raised {described(error, self.definition)}.") from error

    def _check_required(self, keywords: Mapping[str, Any]) -> None:
        missing = [name for name in _required(self.function) if name not in keywords]
        if missing:
            have = ", ".join(keywords)
            raise RewardError(f"reward {self.__name__!r} needs {', '.join(missing)}; this batch has {have}.")

    def _checked(self, returned: Any, count: int) -> list[float | None]:
        try:
            if isinstance(returned, Mapping | Set | str | bytes):  # which can be iterated over, and are no values
                raise TypeError
            values = list(returned)
        except TypeError:
            raise WrongReturn(
                f"reward {self.__name__!r} returned {type(returned).__name__}; return a list with one number or "
                "None per completion."
            ) from None
        if len(values) != count:
            raise WrongReturn(
                f"reward {self.__name__!r} returned {len(values)} values for {count} completions; return one for each."
            )
        return [self._number(row, value) for row, value in enumerate(values)]

    def _number(self, row: int, value: Any) -> float | None:
        if value is None:
            return None
        try:
            if isinstance(value, str | bytes):
                raise TypeError
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise RewardError(
                f"reward {self.__name__!r} returned {value!r:.60} for completion {row}; return a finite number, "
                "or None where the reward does not apply."
            )
        return number


def accepted(function: Callable[..., Any]) -> list[str] | None:
    """Return the keywords a function takes; None when it takes any."""
    parameters = _parameters(function)
    if parameters is None or any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]


def takes_completions(function: Callable[..., Any]) -> bool:
    """Say whether a function can be given ``completions`` by keyword, as every reward is."""
    by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return any(
        p.kind is p.VAR_KEYWORD or (p.name == "completions" and p.kind in by_keyword)
        for p in _parameters(function) or ()
    )


def _required(function: Callable[..., Any]) -> list[str]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in _parameters(function) or () if p.default is p.empty and p.kind in named]


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # built-ins without a signature
        return None


def _finish(awaitable: Any) -> Any:
    """Run a coroutine to its end in a thread of its own, since the caller's thread may have a running loop."""
    import asyncio

    async def result() -> Any:
        return await awaitable

    return in_thread(lambda: asyncio.run(result()))


def _judgement(value: float | None) -> Judgement:
    if value is None:
        return Judgement(None, "not applicable", "the function returned None")
    return Judgement(value, "scored", f"the function returned {value:g}")
