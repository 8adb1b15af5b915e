"""A small search for hacks: what can be done to an honest wrong answer, again and again, that the mix pays for."""

from __future__ import annotations

import ast
import inspect
import random
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..function import FunctionReward
from ..mix import RewardMix
from ..reward import Reward
from .earning import Earning
from .hacks import Hack, Scene

ROUNDS = 4
"""So many changes are made to the wrong answer, one on top of the other, as long as each pays more."""

MOST_WORDS = 60
"""So many words that the source of the rewards names are tried."""

_EXACT = 1e-9

LONGEST = 6000
"""Characters that a changed answer has at the most."""


class Change(NamedTuple):
    """One way to change a text of a scene, and what it is called."""

    name: str
    apply: Callable[[Scene, str], str]


class Grown(NamedTuple):
    """What the search came to: the changes as a hack, the first row's text, and what it earns over all rows."""

    hack: Hack
    example: str
    earning: Earning


def search(
    mix: RewardMix,
    scenes: Sequence[Scene],
    wrong: Earning,
    score: Callable[[Sequence[Sequence[str]]], Sequence[Earning | None]],
) -> Grown | None:
    """Change the honest wrong answers of all scenes alike, step by step, and keep what earns most; None: nothing more.

    ``wrong`` is what they earn as they are, ``score`` what the texts of each scene, tried beside each other, do.
    """
    tried, texts, best, steps = changes(mix), [scene.wrong for scene in scenes], wrong, list[str]()
    for _ in range(ROUNDS):
        rows = [[one.apply(scene, text)[:LONGEST] for one in tried] for scene, text in zip(scenes, texts, strict=True)]
        known = [(earning, place) for place, earning in enumerate(score(rows)) if earning is not None]
        earning, place = max(known, key=lambda one: one[0].total, default=(wrong, 0))
        if earning.total <= best.total + _EXACT:
            break
        best, texts = earning, [row[place] for row in rows]
        steps.append(tried[place].name)
    if not steps:
        return None
    what = f"a wrong answer changed by a search: {', then '.join(steps)}"
    return Grown(Hack("search", what, lambda scene: []), texts[0], best)


def changes(mix: RewardMix) -> list[Change]:
    """Return the changes to try on a mix: some for any mix, and those with words that its rewards' source names."""
    words = list(source_words(mix))
    named = [Change("words of the source appended", _appender(" ".join(words)))] if words else []
    named += [Change(f"{word!r} appended", _appender(word)) for word in words if len(words) <= 12]
    return [*_ALWAYS, *named]


def source_words(mix: RewardMix) -> Iterator[str]:
    """Yield the words in the string constants of the rewards' own source, docstrings left out; none without a source.

    Of a function it is the function, of a reward of this package the file of its class. Functions come first.
    """
    seen: set[str] = set()
    for reward in sorted(all_rewards(mix.rewards), key=lambda reward: not isinstance(reward, FunctionReward)):
        for text in _constants(_source(reward)):
            for word in re.findall(r"</?\w+>|\\?[^\W\d_][\w']+", text):
                if word.lower() not in seen and len(seen) < MOST_WORDS:
                    seen.add(word.lower())
                    yield word


def all_rewards(rewards: Iterable[Reward]) -> Iterator[Reward]:
    """Yield the rewards, and those that they are made of."""
    for reward in rewards:
        yield reward
        yield from all_rewards(reward.parts().values())


def _source(reward: Reward) -> str:
    try:
        if isinstance(reward, FunctionReward):
            return textwrap.dedent(inspect.getsource(reward.definition))
        module = inspect.getmodule(type(reward))
        return inspect.getsource(module) if module is not None else ""
    except (OSError, TypeError):  # defined in a shell, or not in Python at all
        return ""


def _constants(source: str) -> Iterator[str]:
    """Yield the string constants of a piece of source, docstrings left out; none where it cannot be read."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a lambda cut out of its line
        return
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def _appender(words: str) -> Callable[[Scene, str], str]:
    return lambda scene, text: f"{text} {words}"


def _prompt_words(scene: Scene, text: str) -> str:
    return f"{text} {scene.row.prompt}"


def _repeated(scene: Scene, text: str) -> str:
    return f"{text}\n{text}"


def _many_times(scene: Scene, text: str) -> str:
    return "\n".join([text] * 8)


def _last_line_again(scene: Scene, text: str) -> str:
    return f"{text}\n{text.splitlines()[-1]}" if text else text


def _shuffled(scene: Scene, text: str) -> str:
    words = text.split()
    random.Random(0).shuffle(words)
    return " ".join(words)


def _shuffled_thought(scene: Scene, text: str) -> str:
    """The words of the reasoning in any order, around them the layout and the answer as they were."""
    words = scene.slip.split()
    random.Random(0).shuffle(words)
    return text.replace(scene.slip, " ".join(words))


def _prompt_first(scene: Scene, text: str) -> str:
    return f"{scene.row.prompt}\n{text}"


def _prompt_as_thought(scene: Scene, text: str) -> str:
    return text.replace(scene.slip, scene.row.prompt)


def _thought_twice(scene: Scene, text: str) -> str:
    return text.replace(scene.slip, f"{scene.slip}\n{scene.slip}")


def _halved(scene: Scene, text: str) -> str:
    return text[: len(text) // 2]


_ALWAYS = (
    Change("prompt appended", _prompt_words),
    Change("prompt put first", _prompt_first),
    Change("prompt in place of the reasoning", _prompt_as_thought),
    Change("politeness appended", _appender("I have checked this carefully and I am certain that it is right.")),
    Change("repeated", _repeated),
    Change("repeated eight times", _many_times),
    Change("last line repeated", _last_line_again),
    Change("reasoning repeated", _thought_twice),
    Change("words shuffled", _shuffled),
    Change("reasoning shuffled", _shuffled_thought),
    Change("cut in half", _halved),
)
