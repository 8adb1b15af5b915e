"""Honest completions for the audit: a right and a wrong solution of a row, in the format that the mix asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..text import Message
from .paraphrase import paraphrase

_PROSE_WORDS = 9
"""References of at least so many words are texts (summaries, replies), not answers to be checked."""


class AuditRow(NamedTuple):
    """One question: the prompt, its reference, and an honest solution's steps (none: made from the prompt).

    ``messages`` are the prompt as a chat, where the data has it so.
    """

    prompt: str
    reference: str
    steps: tuple[str, ...] = ()
    messages: Sequence[Message] | None = None

    @property
    def answer(self) -> str:
        """The bare answer: what follows the last ``####`` of a worked reference, or the reference itself.

        >>> AuditRow("How many?", "3 + 4 = 7\\n#### 7").answer
        '7'
        """
        return self.reference.rpartition("####")[2].strip()

    @property
    def prose(self) -> bool:
        """True where the reference is a text, not an answer to be checked."""
        return "####" not in self.reference and len(self.reference.split()) >= _PROSE_WORDS

    @property
    def reworded(self) -> str:
        """The answer in other words, where it is a text; one with mathematics in it stays as it is."""
        return paraphrase(self.answer) if self.prose and not re.search(r"[\\\\$=]", self.answer) else self.answer

    @property
    def reasoning(self) -> str:
        """The steps of an honest solution: the given ones, those of a worked reference, or plain ones of the prompt."""
        if self.steps:
            return "\n".join(self.steps)
        worked = re.sub(r"<<[^<>]*>>", "", self.reference.rpartition("####")[0]).strip()
        return worked or _plain_steps(self.prompt)


def wrong_answer(row: AuditRow, others: Sequence[AuditRow]) -> str:
    """Return a plausible answer that is not the row's: a number 7 greater, or another row's answer.

    >>> wrong_answer(AuditRow("How many?", "#### 18"), [])
    '25'
    """
    if re.fullmatch(r"-?\d+", row.answer):
        return str(int(row.answer) + 7)
    different = [o.answer for o in others if o.answer not in ("", row.answer) and o.prose == row.prose]
    return different[0] if different else "none of these"


def _plain_steps(prompt: str) -> str:
    facts = [part.strip() for part in re.split(r"(?<=[.!?])\s+", prompt[:2000]) if part.strip()][:4]
    lines = [f"Step {number}: the question says that {fact}" for number, fact in enumerate(facts, 1)]
    return "\n".join([*lines, f"Step {len(lines) + 1}: put together, these facts lead to one result."])


BUILT_IN = (
    AuditRow(
        "A baker fills 6 trays with 14 rolls each and sells 59 rolls. How many rolls are left?",
        "25",
        ("The baker makes 6 * 14 = 84 rolls.", "After selling 59, there are 84 - 59 = 25 rolls left."),
    ),
    AuditRow(
        "Nadia reads 18 pages a day for 5 days and then 12 pages a day for 4 days. How many pages does she read?",
        "138",
        (
            "In the first 5 days she reads 18 * 5 = 90 pages.",
            "In the next 4 days she reads 12 * 4 = 48 pages.",
            "Together that is 90 + 48 = 138 pages.",
        ),
    ),
    AuditRow(
        "A tank holds 240 litres and loses 15 litres an hour. How much is left after 9 hours?",
        "105",
        ("In 9 hours the tank loses 15 * 9 = 135 litres.", "So 240 - 135 = 105 litres are left."),
    ),
    AuditRow(
        "Three friends share a bill of 96 euros and a tip of 12 euros equally. What does each one pay?",
        "36",
        ("The whole bill is 96 + 12 = 108 euros.", "Shared by three, each friend pays 108 / 3 = 36 euros."),
    ),
    AuditRow(
        "A train covers 65 km in the first hour and 80 km in each of the next 3 hours. How far does it go?",
        "305",
        ("In the next 3 hours it covers 80 * 3 = 240 km.", "With the first hour that makes 240 + 65 = 305 km."),
    ),
    AuditRow(
        "A school buys 12 boxes of 24 pencils and gives 7 pencils to each of 35 pupils. How many pencils remain?",
        "43",
        (
            "The school buys 12 * 24 = 288 pencils.",
            "The pupils receive 7 * 35 = 245 pencils.",
            "What remains is 288 - 245 = 43 pencils.",
        ),
    ),
    AuditRow(
        "Omar saves 45 dollars a month for 8 months and spends a quarter of it. How much has he left?",
        "270",
        ("He saves 45 * 8 = 360 dollars.", "A quarter is 360 / 4 = 90 dollars, so 360 - 90 = 270 dollars are left."),
    ),
    AuditRow(
        "A field of 51 rows has 33 plants in each row, and 83 plants die. How many plants live?",
        "1600",
        ("The field has 51 * 33 = 1683 plants.", "After 83 die, 1683 - 83 = 1600 plants live."),
    ),
)
"""The rows of an audit without data: word problems with their solutions."""

BUILT_IN_TEXTS = (
    AuditRow(
        "My neighbour borrowed our long ladder in March to clean his gutters. I have asked for it back three "
        "times. The first two times he said he was not done with it. Yesterday he told me, in front of his "
        "wife, that the ladder was always his and that I must be mixing things up. I have the receipt "
        "somewhere but it seems petty to show it.",
        "Neighbour borrowed my ladder in March and now says it was always his; I could show him the receipt "
        "but feel petty.",
    ),
    AuditRow(
        "I rent a small flat near my work. In January the landlord raised the rent by eight percent and in "
        "August by ten more. When I said that I was looking for another place he was offended and asked me "
        "what he had done wrong. I like the flat and would stay for what I paid last year, but I do not know "
        "how to say that without a fight.",
        "Landlord raised the rent twice this year and is hurt that I look for another flat; I would stay at "
        "the old price.",
    ),
    AuditRow(
        "My sister turns thirty on Sunday and my mother has planned a surprise party for months. On the phone "
        "today I asked my sister what she would wear on Sunday, and of course she wanted to know why. I "
        "stammered something and she guessed it all. My mother found out and now nobody in the family talks "
        "to me.",
        "I told my sister about her surprise party by accident, and now my mother and everyone else is angry with me.",
    ),
    AuditRow(
        "Two years ago I left a good job at a bank to open a bakery with my best friend. The bakery does "
        "well, but my friend comes later every day and has begun to pay private things from the till. When I "
        "brought it up she cried and said that I only think of money. I do not want to lose her, and I do not "
        "want to lose the bakery.",
        "My best friend and partner in our bakery comes late and takes money from the till, and I fear to lose both.",
    ),
    AuditRow(
        "I am twenty and live with my parents while I study. They have a rule that all lights are out at "
        "eleven, and my father switches off the router then. My exams are in two weeks and I work best at "
        "night. I offered to pay for my own line, but my father says that it is about health and not about "
        "money.",
        "Parents cut the internet at eleven because that is healthy, but I study best at night and would pay for it.",
    ),
)
"""The rows of an audit of text rewards without data: posts with their authors' own summaries."""
