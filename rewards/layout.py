"""Where reasoning and answer stand in a completion: one layout, which every reward of a mix reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, NamedTuple

from ..errors import GrpokitError, nearest

REASONING_TAGS = ("think", "thinking", "reasoning", "thought")
"""Names of the tags that always hold reasoning rather than the final answer."""

_NAME = re.compile(r"[A-Za-z_][\w.-]*\Z")


class LayoutError(GrpokitError):
    """A layout that no completion can follow, or that the rewards of a mix do not agree on."""


@dataclass(frozen=True)
class Layout:
    """Where reasoning and answer stand in a completion.

    ``reasoning_tag`` is the tag that format rewards ask for and that the audit writes. A block of that tag is read as
    reasoning, and so is one of :data:`REASONING_TAGS`. ``answer_tag`` is the tag of the final answer. ``extraction``
    "lenient" also takes the last expression or number for an answer that nothing marks.

    Raises :class:`LayoutError` for a name that is no tag's, for one name for both tags, and for another extraction.

    >>> Layout(reasoning_tag="scratch").write("3 + 4 = 7", "7")
    '<scratch>\\n3 + 4 = 7\\n</scratch>\\n<answer>\\n7\\n</answer>'
    """

    reasoning_tag: str = "think"
    answer_tag: str = "answer"
    extraction: Literal["strict", "lenient"] = "strict"

    def __post_init__(self) -> None:
        for key, name in (("reasoning_tag", self.reasoning_tag), ("answer_tag", self.answer_tag)):
            if not isinstance(name, str) or not _NAME.match(name):
                raise LayoutError(f"{key} must be a tag's name; got {name!r}: write the bare name, such as 'answer'.")
        if self.reasoning_tag == self.answer_tag:
            raise LayoutError(f"reasoning_tag and answer_tag are both {self.answer_tag!r}; give two different names.")
        if self.answer_tag in REASONING_TAGS:
            raise LayoutError(f"answer_tag={self.answer_tag!r} is read as reasoning; write another, such as 'answer'.")
        if self.extraction not in ("strict", "lenient"):
            raise LayoutError(f"extraction must be 'strict' or 'lenient'; got {self.extraction!r}.")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Layout:
        """Return the layout that a spec or a YAML file writes; raise :class:`LayoutError` for an unknown key.

        >>> Layout.of({"answr_tag": "result"})
        Traceback (most recent call last):
        grpokit.rewards.layout.LayoutError: a layout has no 'answr_tag'. Did you mean 'answer_tag'? All: answer_tag, \
extraction, reasoning_tag.
        """
        for key in settings:
            if key not in KEYS:
                raise LayoutError(f"a layout has no {key!r}. {nearest(key, KEYS)}")
        return cls(**settings)

    @property
    def spec(self) -> str:
        """The layout as it stands before the rewards of a spec.

        >>> Layout(answer_tag="result").spec
        "layout(answer_tag='result')"
        """
        values = {key: getattr(self, key) for key in KEYS}
        written = [f"{key}={value!r}" for key, value in values.items() if value != getattr(DEFAULT_LAYOUT, key)]
        return f"layout({','.join(written)})"

    @cached_property
    def reasoning_tags(self) -> tuple[str, ...]:
        """The names of the tags that are read as reasoning."""
        return REASONING_TAGS if self.reasoning_tag in REASONING_TAGS else (*REASONING_TAGS, self.reasoning_tag)

    @cached_property
    def openings(self) -> tuple[str, ...]:
        """The tags that open a reasoning block."""
        return tuple(f"<{name}>" for name in self.reasoning_tags)

    @cached_property
    def reasoning_mark(self) -> re.Pattern[str]:
        """A tag that opens or closes a reasoning block."""
        return re.compile(rf"</?(?:{'|'.join(map(re.escape, self.reasoning_tags))})>")

    def write(self, reasoning: str, answer: str) -> str:
        """Return one reasoning block and one answer block."""
        return f"{self.think(reasoning)}\n{self.reply(answer)}"

    def think(self, reasoning: str) -> str:
        """Return the reasoning block alone."""
        return f"<{self.reasoning_tag}>\n{reasoning}\n</{self.reasoning_tag}>"

    def reply(self, answer: str) -> str:
        """Return the answer block alone."""
        return f"<{self.answer_tag}>\n{answer}\n</{self.answer_tag}>"


KEYS = tuple(field.name for field in fields(Layout))
DEFAULT_LAYOUT = Layout()
"""The layout of a mix in which neither a reward nor a written layout says otherwise."""


class Setting(NamedTuple):
    """A setting of the layout, and who names it: a reward or the layout itself."""

    owner: str
    key: str
    value: str


def agree(settings: Iterable[Setting], written: Layout | None = None) -> Layout:
    """Return the written layout, or the one that the settings make up.

    Raises :class:`LayoutError` naming both where two differ, or where one differs from the written layout.

    >>> agree([Setting("correctness", "answer_tag", "result"), Setting("xml_format", "reasoning_tag", "reasoning")])
    Layout(reasoning_tag='reasoning', answer_tag='result', extraction='strict')
    >>> agree([Setting("correctness", "answer_tag", "result")], Layout())
    Traceback (most recent call last):
    grpokit.rewards.layout.LayoutError: the layout has answer_tag='answer' and correctness has answer_tag='result', \
but all rewards of a mix read one layout; write it once: layout(answer_tag=result);...
    """
    known = {} if written is None else {key: Setting("the layout", key, getattr(written, key)) for key in KEYS}
    for setting in settings:
        first = known.setdefault(setting.key, setting)
        if first.value != setting.value:
            raise LayoutError(
                f"{first.owner} has {first.key}={first.value!r} and {setting.owner} has {setting.key}="
                f"{setting.value!r}, but all rewards of a mix read one layout; write it once: "
                f"layout({setting.key}={setting.value});..."
            )
    return Layout.of({key: setting.value for key, setting in known.items()}) if known else DEFAULT_LAYOUT
