"""What a reference says: its answer as text, and whether it can be trusted to judge by."""

from __future__ import annotations

import math
from functools import lru_cache
from numbers import Real

from .answers import Answer, find_answer_tag, find_boxed, find_marked
from .notation import LONGEST, tidy


def reference_text(reference: object) -> str | None:
    r"""Return a reference's answer as text, or None when none can be read.

    After the last ``####`` of a worked solution, the last box, the answer tag, an anchor in a text of several lines,
    or the text as it is. Numbers are read as they print. A NaN, an infinity, blank text, unbalanced braces and other
    types hold no answer.

    >>> reference_text("48/2 = <<48/2=24>>24\n#### 72"), reference_text(r"So the root is $\boxed 5$.")
    ('72', '5')
    >>> reference_text(18.0), reference_text("  "), reference_text(r"\frac{1}{")
    ('18.0', None, None)
    """
    if isinstance(reference, str):
        return _answer_in(reference)
    if not isinstance(reference, Real) or not math.isfinite(reference):
        return None
    return str(reference)


@lru_cache(maxsize=65_536)
def _answer_in(text: str) -> str | None:
    answer = _marked_answer(text.strip())
    if answer is None or len(answer) > LONGEST or not tidy(answer) or not _is_balanced(answer):
        return None
    return answer


def _marked_answer(text: str) -> str | None:
    if "####" in text:
        return text.rpartition("####")[2].strip()
    if r"\boxed" in text:
        found = find_boxed(text)
    else:
        found = find_answer_tag(text, "answer") or (find_marked(text) if "\n" in text else None)
    if found is None:
        return text
    return found.text if isinstance(found, Answer) else None


def _is_balanced(text: str) -> bool:
    bare = text.replace(r"\{", "").replace(r"\}", "")
    return bare.count("{") == bare.count("}")
