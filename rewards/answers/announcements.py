"""Words that announce an answer in other languages than English and Chinese, and words for a result.

A word for "answer" counts wherever it stands, one for "result" or "solution" in the last sentence only: steps have
results too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_ANSWER = (
    "antwort|antwoord|réponse|reponse|respuesta|resposta|risposta|svar|odpowiedź|odpověď|cevap|ответ|відповідь"
    "|jawaban|đáp án|答え|解答|正解|정답|답"
)
_RESULT = (
    "result|solution|value|endergebnis|ergebnis|lösung|résultat|resultado|solución|solucion|solução|risultato"
    "|soluzione|resultaat|результат|wynik|sonuç|结果|結果|결과"
)
_WORDS = (*_ANSWER.split("|"), *_RESULT.split("|"))
_ANNOUNCEMENT = re.compile(
    rf"""
    (?<![A-Za-zÀ-ɏ]) (?: (?P<answer> {_ANSWER} ) | (?P<result> {_RESULT} ) )
    (?: [ ] (?: final | finale | correct[ae]? | therefore | thus | (?:of|for) [ ] [^.\n]{{1,60}}? ) )?
    [*\s]*+
    (?: [:：=] | [—–-] (?=[ ])
      | (?<=[ *]) (?:
          ist | lautet | beträgt | est | vaut | es | é | è | is | equals | to | wynosi | равен | равно | это
        ) (?=[ *:])
      | は | 은 | 는 | 是 | 为 | 為
    )
    [*\s:]*+ (?= (?P<value> \S [^\n]*+ ) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
COPULA = re.compile(r"\s?(?:です|でした|となります|になります|である|だ|입니다|이다|이에요|예요)[。.\s]*$")
"""What ends a sentence behind its value, in Japanese and Korean."""


class Announcement(NamedTuple):
    """Where an announced value begins, the line from there on, and whether a word for a result announces it."""

    start: int
    line: str
    is_result: bool


def find_announcements(text: str, start: int) -> Iterator[Announcement]:
    """Return what is announced behind ``start``, the last first.

    >>> [(said.line, said.is_result) for said in find_announcements("Das Ergebnis ist 9. Die Antwort ist 18.", 0)]
    [('18.', False), ('9. Die Antwort ist 18.', True)]
    >>> [[said.line for said in find_announcements(text, 0)] for text in ("答えは18です。", "La réponse n'est pas 18")]
    [['18'], []]
    """
    tail = text[start:].lower()
    announced = _ANNOUNCEMENT.finditer(text, start) if any(map(tail.__contains__, _WORDS)) else ()
    for said in reversed([*announced]):
        yield Announcement(said.start("value"), COPULA.sub("", said["value"]), said["result"] is not None)
