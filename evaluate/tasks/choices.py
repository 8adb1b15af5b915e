"""The texts that a row lets a model choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from ...rewards.accepted import is_list, plain
from ...rewards.answers.options import Options, decoded


def choice_texts(value: object) -> list[str] | None:
    """Return the texts of a list, or of ARC's ``{"text": [...], "label": [...]}``, or of these as JSON; else None.

    >>> choice_texts(["Alina", "Bob"]), choice_texts({"text": ["Alina", "Bob"], "label": ["1", "2"]})
    (['Alina', 'Bob'], ['Alina', 'Bob'])
    >>> choice_texts("Alina"), choice_texts(["Alina"]), choice_texts(["Alina", " "])
    (None, None, None)
    """
    value = plain(decoded(value))
    texts = plain(value.get("text")) if isinstance(value, Mapping) else value
    if not is_list(texts) or len(texts) < 2:
        return None
    words = [str(text) for text in texts if isinstance(text, str | int | float)]
    return words if len(words) == len(texts) and all(map(str.strip, words)) else None


def bare(texts: Sequence[str]) -> list[str]:
    """Return texts without the letters that a row writes before them, where it writes one before each.

    >>> bare(["A)21", "B)21.5"]), bare(["A)21", "B 21.5"])
    (['21', '21.5'], ['A)21', 'B 21.5'])
    """
    options = Options.read(list(texts))
    return list(texts) if options is None else list(options.texts)


def lettered(texts: Sequence[str]) -> str:
    r"""Return one line per text, as multiple choice is printed.

    >>> lettered(["Alina", "Bob"])
    'A. Alina\nB. Bob'
    """
    return "\n".join(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, texts, strict=False))
