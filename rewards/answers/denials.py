"""Whether a sentence denies the answer that it announces: "the wrong answer is 18", "if D is correct", "… is wrong"."""

from __future__ import annotations

import re

_CLAUSE_BEGINS = re.compile(r"\b(?:so|then|therefore|hence|thus|but)\b", re.IGNORECASE)
_DENIED_BEFORE = re.compile(
    r"""
    \b (?: not (?! [ ] (?:only|hard|difficult|surprising|surprisingly) ) | (?:is|was|does|do|did|are|ca|wo|would)n['’]?t
      | cannot | never | neither | nor | nobody | (?<!no\ ) (?<!without\ ) (?<!any\ ) (?<!a\ ) doubt | doubtful
      | unlikely | impossible | false | untrue | wrong | incorrect | if | whether | unless | deny | denies | suppose
      | supposing | assuming
      | (?: initial | previous | earlier | tempting | naive | rejected ) \s \S* \Z
    ) \b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"""
    [\s*$)}\]\\]*+ \?                                                # "the answer is 18? No."
    |     [\s.,;!*$)}\]\\]*+ (?: (?:no|but|wait|actually|hmm|oh|sorry) \b [\s.,!]*+ )*+
    (?: (?:that|this|it|which|the \s answer) \s* )?
    (?: is | was | ['’]s | seems | must \s be ) \s (?: obviously \s | clearly \s | probably \s | just \s | all \s )?
    (?: wrong | incorrect | false | untrue | a \s mistake | impossible
      | not \s (?:right|correct|true|it|the \s answer) )
    (?! \s (?:that|to|for) \b )                                      # "18. It is not true that he lies"
    | [\s.,;!*$)}\]\\]*+ (?: (?:that|this|it|which) \s )? (?:isn|wasn)['’]t \s
      (?: right | correct | true | it | the \s answer )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REACH = 120
"""Characters before an announcement in which its clause may begin."""


def is_denied(text: str, start: int, end: int) -> bool:
    """Return whether the clause before ``start`` or what follows ``end`` denies what stands between.

    >>> texts = ["The wrong answer", "If option D", "Since 7 is not even, the answer", "There is no doubt the answer"]
    >>> [is_denied(text + " is 18.", len(text), len(text) + 6) for text in texts]
    [True, True, False, False]
    >>> is_denied("The answer is 18. No, that is wrong.", 14, 16), is_denied("The answer is 18. It is big.", 14, 16)
    (True, False)
    """
    before = text[max(0, start - _REACH) : start]
    before = before[1 + max(map(before.rfind, ".!?;:,\n")) :]
    clause = _CLAUSE_BEGINS.split(before)[-1]
    return _DENIED_BEFORE.search(clause) is not None or is_taken_back(text, end)


def is_taken_back(text: str, end: int) -> bool:
    """Return whether what follows ``end`` denies what stands before it, or asks whether it is so.

    >>> is_taken_back("It is 18. No, that is wrong.", 8), is_taken_back("Is it 18?", 8), is_taken_back("It is 18.", 8)
    (True, True, False)
    >>> is_taken_back("It is 18. It is wrong to add.", 8)
    False
    """
    return _DENIED_AFTER.match(text, end, end + _REACH) is not None
