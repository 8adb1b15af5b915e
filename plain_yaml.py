"""YAML as plain data: no tags that build objects, no aliases, and limits on its size and depth."""

from __future__ import annotations

import re
from collections import Counter
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import yaml

from .errors import GrpokitError
from .files import open_file

LONGEST = 1_000_000
"""Characters of a text. A card or recipe has a thousand."""

DEEPEST = 30
"""Mappings and lists within each other."""

LARGEST = 2**63 - 1
"""The largest whole number: nothing that a card or recipe sets counts further."""


class YamlError(GrpokitError):
    """A text that is not the plain YAML that files of this package are written in."""


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads truths, whole numbers and fractions as YAML 1.2's core schema does.

    ``no`` and ``1:30`` are words, ``010`` is ten and ``1e-3`` a fraction.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse aliases, of which nine lines make a billion values, and deep nesting, which ends Python."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # as the stubs have it
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read; write the value out", mark)
        if self.depth == DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"nested more than {DEEPEST} deep", mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice, of which the last value would count."""
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = [key for key, count in keys.items() if count > 1]
        if twice:
            said = f"the key {twice[0]!r:.80} is given twice"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: Any) -> Any:
        """Refuse the character NUL, at which every path and pipe breaks."""
        value = super().construct_scalar(node)
        if isinstance(value, str) and "\0" in value:
            said = "a text with the character NUL in it; leave it out"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
        return value

    def construct_yaml_int(self, node: Any) -> int:
        """Read a leading 0 as decimal, and refuse numbers that the machine does not count to."""
        text: str = self.construct_scalar(node)
        value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        if abs(value) > LARGEST:
            raise yaml.constructor.ConstructorError(
                None, None, "a whole number of more than 64 bits; give a smaller one", node.start_mark
            )
        return value


class _Dumper(yaml.SafeDumper):
    """Safe YAML that quotes a text which readers of YAML 1.1 or 1.2 would take for something else."""


_WHOLE = "tag:yaml.org,2002:int"
_CORE = (
    ("tag:yaml.org,2002:bool", r"(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    (_WHOLE, r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",  # after whole numbers, which its pattern matches, too
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
)
"""YAML 1.2's core schema: a tag, the pattern of its texts, and the signs that these begin with."""

_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in {tag for tag, _, _ in _CORE}]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}  # without YAML 1.1's yes, no, on and off: Norwegian is a language, and a strategy may be "no"
for _tag, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))
    _Dumper.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))
_Loader.add_constructor(_WHOLE, _Loader.construct_yaml_int)


def parse_yaml(text: str) -> Any:
    """Return what YAML text says.

    Raises :class:`YamlError`, in one line, for what is not valid, and for aliases, a key that is given twice, a NUL, a
    number beyond :data:`LARGEST`, a text of more than :data:`LONGEST` characters, and one that is nested more than
    :data:`DEEPEST` deep.

    >>> parse_yaml("{rate: 1e-3, language: no, whole: true, code: 010}")
    {'rate': 0.001, 'language': 'no', 'whole': True, 'code': 10}
    >>> parse_yaml("[&a [1], *a]")
    Traceback (most recent call last):
    grpokit.plain_yaml.YamlError: not valid YAML: aliases (*name) are not read; write the value out in line 1, column 10
    """
    if len(text) > LONGEST:
        raise YamlError(f"more than {LONGEST:,} characters; no card or recipe is that long")
    try:
        return yaml.load(text, _Loader)  # a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f" in line {mark.line + 1}, column {mark.column + 1}"
        said = " ".join(filter(None, (error.context, error.problem)))
        raise YamlError(f"not valid YAML: {said}{place}") from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError) as error:  # a 13th month, a number too long to read
        raise YamlError(f"not valid YAML: {' '.join(str(error).split())}") from None


def dump_yaml(values: Any, *, ascii_only: bool = False) -> str:
    """Return plain data as YAML that :func:`parse_yaml` reads back as it was, keys in their order.

    >>> print(dump_yaml({"code": "08", "limit": 8}), end="")
    code: '08'
    limit: 8
    """
    return str(yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=not ascii_only))


def read_yaml(path: Path) -> Any:
    """Return what a YAML file says; raise OSError, UnicodeDecodeError, or what :func:`parse_yaml` raises."""
    with TextIOWrapper(open_file(path), encoding="utf-8") as file:
        return parse_yaml(file.read(LONGEST + 1))
