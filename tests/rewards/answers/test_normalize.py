r"""One canonical spelling: each rule on its example, and the whole on texts."""

import re

import pytest
from grpokit.rewards.answers.normalize import LATEX_RULES, LONGEST, _Rule, tidy
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("rule", LATEX_RULES, ids=lambda rule: rule.before)
def test_a_rule_does_what_its_example_says(rule: _Rule) -> None:
    assert rule.pattern.sub(rule.plain, rule.before) == rule.after
    assert rule.mark in rule.before


_PIECES = sorted(
    {piece for rule in LATEX_RULES for piece in (*re.findall(r"\\?[A-Za-z]+|.", rule.before), "1", "{", "}")}
)


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_a_rule_changes_no_text_without_its_mark(text: str) -> None:
    for rule in LATEX_RULES:
        assert rule.mark in text or rule.pattern.sub(rule.plain, text) == text


TIDY = [
    (r"\leftarrow", r"\leftarrow", "a command is matched by its whole name"),
    (r"\text{a \textbf{b \emph{c}}}", "a b c", "three text commands within each other"),
    (r"\begin{pmatrix} 1 \\[2pt] 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\[2pt] 2 \end{pmatrix}", "a matrix"),
    (r"\[ x \]", "x", "delimiters"),
    ("$$x$$", "x", "delimiters in pairs"),
    ("$x$", "x", "delimiters"),
    (r"\$18", "$18", "an escaped dollar is the currency"),
    ("$18", "$18", "a lone dollar is the currency"),
    (r"$\$18$", "$18", "both"),
    (r"$\$5\le x$", r"$5\le x", "both"),
    ("2**10", "2^10", "power"),
    ("x ** n", "x^n", "power of a name"),
    ("**2**", "2", "bold"),
    ("4**ab", "4ab", "no power of two letters"),
    ("x^2", "x^2", "as it is"),
    ("x ^2", "x^2", "blank before a power"),
    ("sqrt(2)", r"\sqrt{2}", "plain root"),
    ("sqrt{2}", r"\sqrt{2}", "plain root in braces"),
    ("2 pi", r"2 \pi", "plain pi"),
    ("spin", "spin", "no pi in a word"),
    ("x⁻¹²", "x^{-12}", "raised digits are one exponent"),
    ("x₁₂", "x_{12}", "lowered digits are one index"),
    ("٣", "3", "digits of another script"),
    ("1\u200b2\u00a0m", "12 m", "invisible signs and odd spaces"),
    ("≤ 3", r"\le 3", "sign"),
    ("x >= 3, x <= 4, x != 5, +/- 6", r"x \ge 3, x \le 4, x \ne 5, \pm 6", "signs of two characters"),
    ("1{,}000", "1,000", "comma in braces"),
    ("about 18", "18", "about"),
    (r"\approx 18", "18", "about, as a sign"),
    ("~18", "18", "about, as a plain sign"),
    ("roundabout 18", "roundabout 18", "about at the front only"),
    (": 18.", "18", "edges"),
    ("1, 2, ...", "1, 2, ...", "dots at the end stay"),
    ("`18`", "18", "code"),
    ("x" * (LONGEST + 1), "x" * LONGEST, "the first characters of a long text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "plain", "why"), TIDY)
def test_tidy(text: str, plain: str, why: str) -> None:
    assert tidy(text) == plain
