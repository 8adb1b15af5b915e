r"""One canonical spelling for the same value: LaTeX, Markdown and Unicode notation brought to plain text.

The result is for comparing and for reading numbers. It is also still LaTeX: what is not plain text keeps its commands.
Every pattern is linear; the whole is bounded by :data:`LONGEST`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

LONGEST = 4_000
"""Characters of an answer or reference that are looked at: longer ones are no final answers."""

_VULGAR = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅐": "1/7", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8", "⅑": "1/9", "⅒": "1/10",
}  # fmt: skip
_SYMBOLS = {
    "π": r"\pi ", "∞": r"\infty ", "°": r"^\circ", "º": r"^\circ", "±": r"\pm ", "≤": r"\le ", "≥": r"\ge ",
    "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ", "×": r"\times ", "·": r"\cdot ",
    "⋅": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/", "√": r"\sqrt ", "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ",
    "λ": r"\lambda ", "∼": r"\sim ", "≈": r"\approx ", "。": ".", "、": ",", "′": "'", "’": "'", "‘": "'",
    "“": '"', "”": '"', "−": "-", "–": "-", "—": "-", "‒": "-", "‐": "-", "‑": "-", "﹣": "-", "٫": ".",
}  # fmt: skip
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"
_SUPERSCRIPTS = {sign: str(value) for value, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {"⁻": "-", "⁺": "+"}
_SUBSCRIPTS = {sign: str(value) for value, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_CHARACTERS = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | {sign: f" {value} " for sign, value in _VULGAR.items()}
    | _SYMBOLS
    | dict.fromkeys(_SPACES, " ")
    | dict.fromkeys(_INVISIBLE, "")
)
_RAISED = re.compile("[" + "".join(_SUPERSCRIPTS) + "]+")
_LOWERED = re.compile("[" + "".join(_SUBSCRIPTS) + "]+")
_BLANKS = re.compile(r"\s+")
_EDGES = " \t\r\n.,;:~\\"
_EMPHASIS = re.compile(r"(_+)(.*[^_])\1", re.DOTALL)  # _12_, __12__; not the subscript of "_{57}"

_BRACED_COMMA = re.compile(r"(?:(?<=\d) )?\{ ?, ?\} ?")  # 14{,}916
_STARRED_POWER = re.compile(r"(?<=[\w)])\s?\*\*\s?(?=[\d(-]|[a-z](?![A-Za-z]))")  # 2**10, (x+1) ** n
_ROOT_WORD = re.compile(r"(?<![\\A-Za-z])sqrt(?=\s*[({])")  # sqrt(2), sqrt{2}
_ARGUMENT_BRACKET = re.compile(
    r"(?:(?P<taker>\^|\\sqrt)\s*)?\(|\)"
)  # the brackets of 2^(1/2) and \sqrt(2), and all others
_PLAIN_PI = re.compile(r"(?<![\\A-Za-z])pi(?![A-Za-z])")
_PLAIN_INFINITY = re.compile(r"(?<![\\A-Za-z])inf(?:inity)?(?![A-Za-z])")
_RAISED_BLANK = re.compile(r"\s+(?=\^)")  # x ^2
_ABOUT = re.compile(
    r"""
    (?: \\approx(?![A-Za-z]) | (?: \\sim(?![A-Za-z]) | ~ ) (?= \s* [$€£¥-]? \s* [\d.\\] )   # ~ 5, but not ~p
      | (?:about|approximately|roughly|around)[ ]
    ) \s*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ABOUT_STARTS = "\\~aArR"


class _Rule(NamedTuple):
    """A step of reading LaTeX, what stands in every text that it changes, and the example that it is tested on."""

    mark: str
    pattern: re.Pattern[str]
    plain: str | Callable[[re.Match[str]], str]
    before: str
    after: str


def _end_of(names: str) -> re.Pattern[str]:
    """Match a command by its whole name."""
    return re.compile(rf"\\(?:{names})(?![A-Za-z])")


def _braced(part: str) -> str:
    return "{" + part.strip("{} ") + "}"


_TEXT = re.compile(
    r"""
    \\ (?: text(?:bf|it|rm|sf|tt|normal)? | mbox | mathrm | mathbf | mathit | mathsf | mathnormal | boldsymbol
         | operatorname | hbox | fbox | boxed | underline | emph | bf | rm
    ) \s* \{ ([^{}]*) \}
    """,
    re.VERBOSE,
)
_CHOOSE = re.compile(r"\{([^{}]*?)\\choose(?![A-Za-z])([^{}]*)\}")
_OVER = re.compile(r"\{([^{}]*?)\\over(?![A-Za-z])([^{}]*)\}")
_COLOUR = re.compile(r"\\(?:text)?color\s*\{[A-Za-z]*\}")
_SPACE = re.compile(
    r"""
    (\\\\)                                                  # a new line of a matrix: it stays
    | \\[,;:\ ] | \\q?quad(?![A-Za-z]) | \\newline | ~
    | \\(?:hspace|hskip|phantom) \s* \{ [^{}]* \}
    """,
    re.VERBOSE,
)
_ODD_ROOT_OF_NEGATIVE = re.compile(
    r"\\sqrt\s*\[\s*(\d{0,3}[13579])\s*\]\s*\{\s*-\s*(\d{1,50}(?:\.\d{1,50})?|\\frac\{\d{1,50}\}\{\d{1,50}\})\s*\}"
)  # algebra takes its complex root
_ARGUMENT = r"(\{[^{}]*\}|\d|[A-Za-z])"
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # an escaped sign goes first, so that \{ is no brace
_MATH_MARK = re.compile(r"\\[()\[\]]|\$\$")

LATEX_RULES = (
    _Rule(
        "\\", re.compile(r"\\(?:left|right|bigg?[lr]?|Bigg?[lr]?|displaystyle|textstyle|limits)(?![A-Za-z])\.?"),
        "", r"\left( 3, 4 \right]", "( 3, 4 ]",
    ),
    _Rule(
        "\\", re.compile(r"(?<=\d)(,)\\[! ,:;]\s*(?=\d{3})|\\!"),
        lambda thin: thin[1] or "", r"32,\! 000 or 32,\ 000", "32,000 or 32,000",
    ),
    _Rule("", _SPACE, lambda space: space[1] or " ", r"1\,000~m \\ 2\quad 3", r"1 000 m \\ 2  3"),
    _Rule("color", _COLOUR, "", r"\textcolor{red}{57}", "{57}"),
    _Rule(r"\lt", _end_of("lt"), "<", r"x \lt 3", "x < 3"),
    _Rule(r"\gt", _end_of("gt"), ">", r"x \gt 3", "x > 3"),
    _Rule("vert", _end_of("[lr]?vert"), "|", r"\lvert x \rvert", "| x |"),
    _Rule(r"\choose", _CHOOSE, r"\\binom{\1}{\2}", r"{5 \choose 2}", r"\binom{5 }{ 2}"),
    _Rule(
        r"\dot", re.compile(r"(?<=\.)(\d*)\\dot\s*\{?(\d)\}?"), r"\1\\overline{\2}", r"0.1\dot{6}", r"0.1\overline{6}",
    ),
    _Rule(r"\mathbb", re.compile(r"\\mathbb\s+([A-Z])"), r"\\mathbb{\1}", r"\mathbb Z", r"\mathbb{Z}"),
    _Rule(r"\log", re.compile(r"\\log\s*_\s*\{?\s*e\s*\}?(?![A-Za-z])"), r"\\ln ", r"\log_e x", r"\ln  x"),
    _Rule(r"\over", _OVER, r"\\frac{\1}{\2}", r"{1 \over 2}", r"\frac{1 }{ 2}"),
    _Rule(r"\leq", _end_of("leq(?:slant)?"), r"\\le", r"x \leqslant 2", r"x \le 2"),
    _Rule(r"\geq", _end_of("geq(?:slant)?"), r"\\ge", r"x \geq 2", r"x \ge 2"),
    _Rule(r"\neq", _end_of("neq"), r"\\ne", r"x \neq 2", r"x \ne 2"),
    _Rule(r"\varnothing", _end_of("varnothing"), r"\\emptyset", r"\varnothing", r"\emptyset"),
    _Rule(r"\empty", _end_of("empty"), r"\\emptyset", r"\empty", r"\emptyset"),
    _Rule(r"\lbrace", _end_of("lbrace"), r"\\{", r"\lbrace 1", r"\{ 1"),
    _Rule(r"\rbrace", _end_of("rbrace"), r"\\}", r"1 \rbrace", r"1 \}"),
    _Rule(r"\lbrack", _end_of("lbrack"), "[", r"\lbrack 1", "[ 1"),
    _Rule(r"\rbrack", _end_of("rbrack"), "]", r"1 \rbrack", "1 ]"),
    _Rule("dots", _end_of("ldots|cdots|dots"), "...", r"1, \dots", "1, ..."),
    _Rule("\\", re.compile(r"\\([%#&_])"), r"\1", r"50\%", "50%"),
    *[_Rule("{", _TEXT, r" \1 ", r"\text{(C)}", " (C) ")] * 3,  # at most three within each other
    _Rule("\\", _end_of("bf|it|rm|sf|tt|em|bfseries|itshape"), "", r"{\bf 57}", "{ 57}"),
    _Rule("frac", _end_of("[dtc]frac"), r"\\frac", r"\dfrac{1}{2}", r"\frac{1}{2}"),
    _Rule(
        r"\frac", re.compile(rf"\\frac\s*{_ARGUMENT}\s*{_ARGUMENT}"),
        lambda fraction: rf"\frac{_braced(fraction[1])}{_braced(fraction[2])}", r"\frac12", r"\frac{1}{2}",
    ),
    _Rule(
        r"\sqrt", _ODD_ROOT_OF_NEGATIVE, r"(-\\sqrt[\1]{\2})", r"\sqrt[3]{-8}", r"(-\sqrt[3]{8})",
    ),
    _Rule(
        "^", re.compile(r"\^\s*(?:\{\s*)?((?:\\prime(?![A-Za-z])\s*|'\s*)+)\}?"),
        lambda primes: "'" * (primes[1].count("\\prime") + primes[1].count("'")), r"f^{\prime\prime}", "f''",
    ),
    _Rule(r"\sqrt", re.compile(r"\\sqrt\s*(\d+|[A-Za-z])"), r"\\sqrt{\1}", r"\sqrt21", r"\sqrt{21}"),
    _Rule(
        r"\circ", re.compile(r"\s*\^\s*\{?\s*\\circ\s*\}?"), r"^\\circ", r"90 ^{\circ}", r"90^\circ",
    ),
    _Rule(r"\degree", re.compile(r"\s*\\degrees?(?![A-Za-z])"), r"^\\circ", r"90 \degree", r"90^\circ"),
)  # fmt: skip
"""What is done to LaTeX, in this order."""


@lru_cache(maxsize=65_536)
def tidy(text: str) -> str:
    r"""Return the canonical spelling of a short value; of a long text only that of its first characters.

    Math delimiters, sizing commands, Markdown emphasis and text commands go; fractions and roots get braces;
    typographic signs become ASCII or LaTeX; ``\$`` and a lone ``$`` stay as the currency sign ``$``.

    >>> tidy(r"$\left( 3, \dfrac12 \right)$.")
    '( 3, \\frac{1}{2} )'
    >>> tidy("**１８** eggs"), tidy("5½"), tidy(r"10,\!080"), tidy(r"\text{(C)}")
    ('18 eggs', '5 1/2', '10,080', '(C)')
    """
    text = text[:LONGEST]
    if not text.isascii():
        text = text.translate(_CHARACTERS)
    bold = text.startswith("**")
    text = " ".join(text.split())
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
        text = _RAISED.sub(lambda run: "^{" + "".join(_SUPERSCRIPTS[sign] for sign in run[0]) + "}", text)
        text = _LOWERED.sub(lambda run: "_{" + "".join(_SUBSCRIPTS[sign] for sign in run[0]) + "}", text)
    text = _STARRED_POWER.sub("^", text) if "**" in text and not bold else text
    text = text.replace("**", "")
    text = (_BRACED_COMMA.sub(",", text) if "{" in text else text).strip("`* \t\r\n")
    emphasised = _EMPHASIS.fullmatch(text) if text.startswith("_") else None
    text = emphasised[2] if emphasised else text
    if "\\" in text:
        text = _tidy_latex(text)
    text = text.replace("+/-", r"\pm ").replace("<=", r"\le ").replace(">=", r"\ge ").replace("!=", r"\ne ")
    text = _ROOT_WORD.sub(r"\\sqrt", text) if "sqrt" in text else text
    text = _PLAIN_PI.sub(r"\\pi ", text) if "pi" in text else text
    text = _PLAIN_INFINITY.sub(r"\\infty ", text) if "inf" in text else text
    text = _tidy_dollars(_brace_arguments(text) if "^" in text or r"\sqrt" in text else text)
    text = " ".join((_RAISED_BLANK.sub("", text) if "^" in text else text).split())
    while text and text[-1] in _EDGES and not text.endswith("..."):
        text = text[:-1]
    text = _without_group(text).lstrip(" :")
    about = _ABOUT.match(text) if text[:1] in _ABOUT_STARTS else None
    return text[about.end() :] if about else text


def _tidy_latex(text: str) -> str:
    if r"\begin" not in text or r"\\begin" in text:  # a doubled backslash is JSON's; in a matrix it is a new line
        text = text.replace(r"\\", "\\")
    if r"\begin" not in text:  # in a matrix \[ may be an entry's bracket after a new line
        text = _MATH_MARK.sub(" ", text)
    for rule in LATEX_RULES:
        if rule.mark in text:
            text = rule.pattern.sub(rule.plain, text)
    return text


def _brace_arguments(text: str) -> str:
    r"""Return the text with the braces of LaTeX for the brackets of ``2^(1/2)`` and ``\sqrt(x)``."""
    pieces: list[str] = []
    takers: list[str | None] = []  # of each open bracket, what takes it as its argument
    end = 0
    for bracket in _ARGUMENT_BRACKET.finditer(text):
        pieces.append(text[end : bracket.start()])
        end = bracket.end()
        if bracket[0] == ")":
            pieces.append("}" if takers and takers.pop() else ")")
        else:
            takers.append(bracket["taker"])
            pieces.append(f"{bracket['taker']}{{" if bracket["taker"] else "(")
    return text if any(takers) else "".join(pieces) + text[end:]


def _without_group(text: str) -> str:
    """Return the text without the braces around all of it, which LaTeX does not print: {1,2} is the list 1,2."""
    if not text.startswith("{") or not text.endswith("}"):
        return text
    depth = 0
    for brace in _BRACE.finditer(text):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return text[1:-1].strip() if brace.end() == len(text) else text
    return text


def _tidy_dollars(text: str) -> str:
    """Tell the currency sign (escaped, or alone) from math delimiters (in pairs)."""
    if "$" not in text:
        return text
    text = text.replace("\\$", "\x00").replace("$$", "")
    if text.count("$") % 2 == 0:
        text = text.replace("$", "")
    return text.replace("\x00", "$")
