"""What the page shows of answers: rewards as a table, the talk so far, and maths; a model's text is never markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from ..wording import number
from .chat import Answer, Turn

GROWING = "growing…"
ENDINGS = {"eos": "ended", "stop": "ended at a stop string", "length": "cut at the token limit"}

MATHS = [("\\[", "\\]", True), ("\\(", "\\)", False)]
"""What maths stands between on the page, and whether it is a line of its own; KaTeX renders it, links off."""

_FORMULA = re.compile(
    r"""
    \$\$ (?P<dollars> .+? ) \$\$  |  \\\[ (?P<brackets> .+? ) \\\]  |  \\\( (?P<parentheses> .+? ) \\\)
    | \$ (?! [\s$] ) (?P<dollar> [^$\n]*? ) (?<! [\s\\] ) \$ (?! \d )    # "$5 and $6" is money
    """,
    re.VERBOSE | re.DOTALL,
)


def note(answer: Answer) -> str:
    """Return the rewards of a whole answer as a table, every text in it escaped."""
    tokens = "1 token" if answer.tokens == 1 else f"{answer.tokens} tokens"
    if answer.finish_reason is None:
        return f"<p>{tokens}, {GROWING}</p>"
    rows = "".join(
        f"<tr><th scope=row>{_name(name)}</th><td>{number(judged.value)}</td><td>{escape(judged.reason)}</td></tr>"
        for name, judged in answer.rewards.items()
    )
    total = f"<tr><th scope=row>total</th><td>{number(answer.total)}</td><td></td></tr>"
    return f"<p>{tokens}, {ENDINGS[answer.finish_reason]}</p><table><tbody>{rows}{total}</tbody></table>"


def earlier(turns: Sequence[Turn], place: int) -> str:
    """Return the turns of the model at ``place`` as HTML, every text escaped."""
    said = "".join(f"<dt>{escape(turn.prompt)}</dt><dd>{escape(turn.answers[place])}</dd>" for turn in turns)
    return f"<dl>{said}</dl>" if said else ""


def maths(text: str) -> str:
    r"""Return a text with formulas as Markdown in which nothing but the formulas is markup; empty without any.

    >>> maths("*so* $x^2$")
    '&#42;so&#42; \\(x^2\\)'
    >>> maths("it costs $5 and $6")
    ''
    """
    if not _FORMULA.search(text):
        return ""
    parts, end = [], 0
    for found in _FORMULA.finditer(text):
        parts += [_plain(text[end : found.start()]), _formula(found)]
        end = found.end()
    return "".join([*parts, _plain(text[end:])])


def _formula(found: re.Match[str]) -> str:
    left, right = ("\\[", "\\]") if found["dollars"] or found["brackets"] else ("\\(", "\\)")
    inner = next(part for part in found.groups() if part is not None)
    return left + inner.replace("<", r"\lt ").replace(">", r"\gt ") + right


def _plain(text: str) -> str:
    """Return Markdown that shows ``text`` as it stands."""
    return re.sub(r"[^\w\s]", lambda sign: f"&#{ord(sign[0])};", text).replace("_", "&#95;").replace("\n", "  \n")


def _name(reward: str) -> str:
    """Return a reward's name as HTML that may be broken between its parameters, and only then within a word.

    >>> _name("xml_format(tag=a)")
    'xml_<wbr>format(<wbr>tag=<wbr>a)'
    """
    return re.sub("([(,=_])", r"\1<wbr>", escape(reward))
