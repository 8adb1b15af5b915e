r"""One canonical spelling for the same value: LaTeX, Markdown and Unicode notation brought to plain text.

The result is for comparing and for reading numbers. It is also still LaTeX: what is not plain text keeps its commands.
Every pattern is linear; the whole is bounded by :data:`LONGEST`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

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

_TEXT_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|mbox|mathrm|mathbf|mathit|mathsf|mathnormal|boldsymbol|operatorname|hbox|"
    r"fbox|boxed|underline|emph|bf|rm)\s*\{([^{}]*)\}"
)
_SIZE = re.compile(r"\\(?:left|right|bigg?[lr]?|Bigg?[lr]?|displaystyle|textstyle|limits)(?![A-Za-z])\.?")
_MATH_MARK = re.compile(r"\\[()\[\]]|\$\$")
_THIN = re.compile(r"\\!|(?<=\d),\\[ ,:;]\s*(?=\d{3})")
_SPACE = re.compile(r"(\\\\)|\\[,;: ]|\\q?quad(?![A-Za-z])|\\(?:hspace|hskip|phantom)\s*\{[^{}]*\}|\\newline|~")
_FRACTION = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_SHORT_FRACTION = re.compile(r"\\frac\s*(\{[^{}]*\}|\d|[A-Za-z])\s*(\{[^{}]*\}|\d|[A-Za-z])")
_SHORT_ROOT = re.compile(r"\\sqrt\s*(\d|[A-Za-z])")
_ROOT_SIGN = re.compile(r"\\sqrt\s+(\d+)")
_DEGREE = re.compile(r"\s*(?:\^\s*\{?\s*\\circ\s*\}?|\\degree(?![A-Za-z])|\\degrees(?![A-Za-z]))")
_SPELLINGS = (
    (re.compile(r"\\leq(?:slant)?(?![A-Za-z])"), r"\\le"),
    (re.compile(r"\\geq(?:slant)?(?![A-Za-z])"), r"\\ge"),
    (re.compile(r"\\neq(?![A-Za-z])"), r"\\ne"),
    (re.compile(r"\\(?:varnothing|empty)(?![A-Za-z])"), r"\\emptyset"),
    (re.compile(r"\\(?:lbrace|lbrack)(?![A-Za-z])"), r"\\{"),
    (re.compile(r"\\(?:rbrace|rbrack)(?![A-Za-z])"), r"\\}"),
    (re.compile(r"\\(?:ldots|cdots|dots)(?![A-Za-z])"), "..."),
    (re.compile(r"\\([%#&_])"), r"\1"),
)
_EDGES = " \t\r\n.,;:"
_STARRED_POWER = re.compile(r"(?<=[\w)])\s?\*\*\s?(?=[\d(-]|[a-z](?![A-Za-z]))")
_PLAIN_ROOT = re.compile(r"(?<![\\A-Za-z])sqrt\s*(?:\(([^()]*)\)|\{([^{}]*)\})")
_PLAIN_PI = re.compile(r"(?<![\\A-Za-z])pi(?![A-Za-z])")
_RAISED_BLANK = re.compile(r"\s+(?=\^)")
_ABOUT = re.compile(
    r"(?:\\approx(?![A-Za-z])|\\sim(?![A-Za-z])|~|(?:about|approximately|roughly|around) )\s*", re.IGNORECASE
)
_BLANKS = re.compile(r"\s+")


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
    text = _BLANKS.sub(" ", text[:LONGEST].translate(_CHARACTERS))
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
        text = _RAISED.sub(lambda found: "^{" + "".join(_SUPERSCRIPTS[sign] for sign in found[0]) + "}", text)
        text = _LOWERED.sub(lambda found: "_{" + "".join(_SUBSCRIPTS[sign] for sign in found[0]) + "}", text)
    text = _STARRED_POWER.sub("^", text) if "**" in text and not text.startswith("**") else text
    text = text.replace("**", "").replace("__", "").replace("{,}", ",").strip("`*_ \t\r\n")
    if "\\" in text:
        text = _tidy_latex(text)
    text = text.replace("+/-", r"\pm ").replace("<=", r"\le ").replace(">=", r"\ge ").replace("!=", r"\ne ")
    text = _PLAIN_PI.sub(r"\\pi ", _PLAIN_ROOT.sub(lambda found: rf"\sqrt{{{found[1] or found[2]}}}", text))
    text = _tidy_dollars(text)
    text = _BLANKS.sub(" ", _RAISED_BLANK.sub("", text)).strip(" ")
    while text and text[-1] in _EDGES and not text.endswith("..."):
        text = text[:-1]
    return _ABOUT.sub("", text.lstrip(" :"), count=1) if _ABOUT.match(text.lstrip(" :")) else text.lstrip(" :")


def _tidy_latex(text: str) -> str:
    text = _MATH_MARK.sub(" ", text) if not _is_matrix(text) else text
    text = _SIZE.sub("", text)
    text = _THIN.sub(lambda found: "," if found[0].startswith(",") else "", text)
    text = _SPACE.sub(lambda found: found[1] or " ", text)
    for pattern, plain in _SPELLINGS:
        text = pattern.sub(plain, text)
    for _ in range(3):
        text = _TEXT_COMMAND.sub(r" \1 ", text)
    text = _FRACTION.sub(r"\\frac", text)
    text = _SHORT_FRACTION.sub(lambda found: rf"\frac{_braced(found[1])}{_braced(found[2])}", text)
    text = _ROOT_SIGN.sub(r"\\sqrt{\1}", text)
    text = _SHORT_ROOT.sub(r"\\sqrt{\1}", text)
    return _DEGREE.sub(r"^\\circ", text)


def _is_matrix(text: str) -> bool:
    return "\\begin{" in text


def _braced(part: str) -> str:
    return "{" + part.strip("{} ") + "}"


def _tidy_dollars(text: str) -> str:
    """Tell the currency sign (escaped, or alone) from math delimiters (in pairs)."""
    if "$" not in text:
        return text
    text = text.replace("\\$", "\x00").replace("$$", "")
    if text.count("$") % 2 == 0:
        text = text.replace("$", "")
    return text.replace("\x00", "$")
