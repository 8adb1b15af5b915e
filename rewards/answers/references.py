"""What a reference says: its answer as text, and whether it can be trusted to judge by."""

from __future__ import annotations

import re
from functools import lru_cache
from numbers import Real
from typing import Literal, NamedTuple

from ..accepted import accepted
from ..text import normalise
from .equality import is_words
from .extract import Answer, extract, find_answer_tag, find_boxed, find_marked, is_value
from .normalize import LONGEST, tidy
from .numbers import read_quantity
from .options import Options
from .structure import is_deep
from .verifier import settle
from .verifier_process import Pair

_DELIMITED = re.compile(r"\$.*\$|\\\(.*\\\)|\\\[.*\\\]", re.DOTALL)  # $x$, \(x\), \[x\]
_BARE_FRACTION = re.compile(r"-?\\frac\{-?\d+\}\{-?\d+\}")
_PLACEHOLDER = re.compile(
    r"[?.…_!]+|-{2,}|[Nn]/[Aa]|NA|na|nan|NaN|NAN|null|NULL|tbd|TBD|Tbd"
)  # "???", "--", "N/A"; but Na is sodium, Nan a name, and Null a word
_CHECK_SECONDS = 10.0
_TOO_LARGE = 10**LONGEST


def reference_text(reference: object) -> str | None:
    r"""Return a reference's answer as text, or None when none can be read.

    After the last ``####`` of a worked solution, the last box, the answer tag, an anchor ("The answer is 42"), or
    the text as it is. Numbers are read as they print. A NaN, an infinity, blank text, a
    placeholder ("N/A", "???"), unbalanced braces, brackets that nest too deep and other types hold no answer.

    >>> reference_text("48/2 = <<48/2=24>>24\n#### 72"), reference_text(r"So the root is $\boxed 5$.")
    ('72', '5')
    >>> reference_text(18.0), reference_text("  "), reference_text(r"\frac{1}{")
    ('18.0', None, None)
    """
    if isinstance(reference, str):
        return _answer_in(reference)
    if not isinstance(reference, Real) or not abs(reference) < _TOO_LARGE:  # nor is NaN
        return None
    return str(reference)


@lru_cache(maxsize=65_536)
def _answer_in(text: str) -> str | None:
    if text.isascii() and text.isdigit() and len(text) <= LONGEST:
        return text
    answer = _marked_answer(text.strip())
    if answer is None or len(answer) > LONGEST or not tidy(answer) or not _is_balanced(answer) or is_deep(answer):
        return None
    return None if _PLACEHOLDER.fullmatch(answer) else answer


def _marked_answer(text: str) -> str | None:
    if "####" in text:
        return text.rpartition("####")[2].strip()
    marked = find_boxed(text) if r"\boxed" in text else find_answer_tag(text, "answer") or find_marked(text)
    if marked is None:
        return text
    return marked.text if isinstance(marked, Answer) else None


def _is_balanced(text: str) -> bool:
    bare = text.replace(r"\{", "").replace(r"\}", "")
    return bare.count("{") == bare.count("}")


class NoReference(NamedTuple):
    """Why a row has nothing to judge by: ``status`` is "no reference", "unreadable reference" or "no such choice"."""

    status: str
    reason: str


class Accepted(NamedTuple):
    """What a row accepts: its answers, each once, and the phrases that a completion may be, word for word."""

    answers: tuple[str, ...]
    phrases: tuple[str, ...]


def accepted_answers(reference: object, options: Options | None = None) -> Accepted | NoReference:
    """Return the answers that a row's reference accepts, or why there is none.

    Those of a list that hold no answer drop out. Where the row has ``options``, the option that is meant is accepted by
    its text and by its label. Phrases are the references and answers of more than one word.

    >>> accepted_answers(["4", "four", None]).answers
    ('4', 'four')
    >>> accepted_answers(3, Options.read(["Carl", "Eve", "Bob", "Alina"])).answers
    ('Alina', 'D')
    >>> accepted_answers("#### no solution")
    Accepted(answers=('no solution',), phrases=('#### no solution', 'no solution'))
    >>> accepted_answers([]).status, accepted_answers("E", Options.read(["Carl", "Eve"])).status
    ('no reference', 'no such choice')
    """
    if options is None and type(reference) is str:
        return _accepted_of(reference)
    return _accepted(reference, options)


@lru_cache(maxsize=65_536)
def _accepted_of(reference: str) -> Accepted | NoReference:
    return _accepted(reference, None)


def _accepted(reference: object, options: Options | None) -> Accepted | NoReference:
    values = accepted(reference)
    if not values:
        of = "has no reference" if reference is None else f"accepts no answer: its reference is {reference!r:.60}"
        return NoReference("no reference", f"the row {of}")
    read = [value if type(value) is int and options else reference_text(value) for value in values]
    meant = [None if value is None else options.accepts(value) if options else (str(value),) for value in read]
    texts = tuple(dict.fromkeys(text for answers in meant if answers for text in answers))
    if texts:
        spellings = [text for text in (*values, *texts) if isinstance(text, str) and " " in text]
        return Accepted(texts, tuple(dict.fromkeys(spellings)))
    if options and any(value is not None for value in read):
        reason = f"the reference {reference!r:.60} is none of the row's choices {', '.join(options.labels)}"
        return NoReference("no such choice", reason)
    return NoReference("unreadable reference", f"no answer can be read from the reference {reference!r:.60}")


class ReferenceCheck(NamedTuple):
    """What an audit says of one reference: ``answer`` is what is read from it, None when nothing is.

    A "readable" or "fragmentary" one can be judged by.
    """

    status: Literal["readable", "fragmentary", "unreadable", "no such choice", "unmarked", "not equal to itself"]
    answer: str | None
    reason: str


def check_reference(reference: object, options: Options | None = None) -> ReferenceCheck:
    r"""Return whether a reference can be judged by; of a list of accepted answers, the first doubt about one of them.

    "unreadable": it holds no answer; rows with it score None, as do those with "no such choice" among ``options``.
    "unmarked": prose in which no answer is marked, so that only the same words would be right. "not equal to itself": a
    completion that puts it in a box would not be judged correct. "fragmentary": read whole here, but bare LaTeX such as
    ``2\frac{1}{2}``, of which a parser that looks for marked mathematics, as in other reward functions, reads a piece
    only.

    >>> check_reference("#### 72").status, check_reference(r"2\frac{1}{2}").status, check_reference("").status
    ('readable', 'fragmentary', 'unreadable')
    """
    if options is not None:
        answers = accepted_answers(reference, options)
        if isinstance(answers, NoReference):
            kind: Literal["no such choice", "unreadable"]
            kind = "no such choice" if answers.status == "no such choice" else "unreadable"
            return ReferenceCheck(kind, None, answers.reason)
        return check_reference(list(answers.answers))
    values = accepted(reference)
    if len(values) != 1:
        checks = [check_reference(value) for value in values]
        unread = ReferenceCheck("unreadable", None, f"no answer can be read from {reference!r:.60}")
        return next((check for check in checks if check.status != "readable"), checks[0] if checks else unread)
    return _check_answer(values[0])


def _check_answer(reference: object) -> ReferenceCheck:
    answer = reference_text(reference)
    if answer is None:
        return ReferenceCheck("unreadable", None, f"no answer can be read from {reference!r:.60}")
    boxed = extract(normalise(rf"\boxed{{{answer}}}"))
    if not isinstance(boxed, Answer) or not settle([Pair(boxed.text, answer)], _CHECK_SECONDS)[0].equal:
        return ReferenceCheck("not equal to itself", answer, f"{answer!r:.60} in a box is not judged correct")
    if not is_value(answer):
        return ReferenceCheck("unmarked", answer, rf"no answer is marked in {answer!r:.60}; put it in \boxed{{}}")
    if answer == str(reference).strip() and _is_bare_latex(answer):
        return ReferenceCheck("fragmentary", answer, rf"bare LaTeX {answer!r:.60}: write it between $ or in \boxed{{}}")
    return ReferenceCheck("readable", answer, f"{answer!r:.60}")


def _is_bare_latex(text: str) -> bool:
    """Return whether a parser that expects delimiters would miss part of this LaTeX."""
    if "\\" not in text or _DELIMITED.fullmatch(text) or _BARE_FRACTION.fullmatch(text) or is_words(tidy(text)):
        return False
    return read_quantity(text) is None or "\\frac" in text
