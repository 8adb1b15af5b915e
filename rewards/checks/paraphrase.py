"""An honest answer in other words: what a good text earns by a reward that compares with a reference."""

from __future__ import annotations

import re

WORDS = {
    "about": "on",
    "afraid": "scared",
    "although": "even though",
    "angry": "mad",
    "anyone": "anybody",
    "asked": "wanted to know from",
    "bad": "poor",
    "because": "since",
    "before": "earlier than",
    "began": "started",
    "big": "large",
    "bought": "purchased",
    "boyfriend": "partner",
    "but": "yet",
    "can": "am able to",
    "cannot": "am not able to",
    "children": "kids",
    "everybody": "everyone",
    "everyone": "everybody",
    "father": "dad",
    "friend": "mate",
    "gave": "handed",
    "girlfriend": "partner",
    "got": "received",
    "happy": "glad",
    "hard": "difficult",
    "help": "support",
    "how": "in what way",
    "job": "work",
    "know": "understand",
    "large": "big",
    "like": "enjoy",
    "look": "search",
    "lost": "no longer have",
    "made": "caused",
    "many": "a lot of",
    "maybe": "perhaps",
    "mother": "mum",
    "need": "require",
    "never": "at no time",
    "now": "at present",
    "often": "many times",
    "old": "former",
    "only": "just",
    "people": "others",
    "problem": "trouble",
    "quickly": "fast",
    "said": "stated",
    "says": "claims",
    "should": "ought to",
    "since": "because",
    "small": "little",
    "started": "began",
    "still": "even now",
    "talk": "speak",
    "that": "how",
    "think": "believe",
    "told": "informed",
    "tried": "attempted",
    "try": "attempt",
    "upset": "unhappy",
    "very": "really",
    "want": "would like",
    "wants": "would like",
    "went": "travelled",
    "what": "which thing",
    "when": "as",
    "why": "for what reason",
    "work": "job",
    "years": "yrs",
}
"""Common words of short texts, and other words for them."""

_CLAUSES = re.compile(r"(?:,\s+|\s+(?=(?:and|but|because|so|while|although|when|after|before|since)\b))")


def paraphrase(text: str) -> str:
    """Return a text in other words where common ones have any, the last clause of each sentence first.

    It says the same to a person, and no longer has the words of the text in their order; how much it keeps of them
    depends on the text. Names and numbers stay.

    >>> paraphrase("I told my sister about the party by accident and everybody is angry with me.")
    'And everyone is mad with me, I informed my sister on the party by accident.'
    """
    return " ".join(map(_reordered, re.split(r"(?<=[.!?])\s+", text.strip())))


def _reordered(sentence: str) -> str:
    body = sentence.rstrip(".!?")
    clauses = [clause for clause in _CLAUSES.split(re.sub(r"\w+", _other_word, body)) if clause]
    turned = ", ".join([*clauses[-1:], *clauses[:-1]])
    return turned[:1].upper() + turned[1:] + sentence[len(body) :]


def _other_word(match: re.Match[str]) -> str:
    word = match.group()
    other = WORDS.get(word.lower(), word)
    return other.capitalize() if word[:1].isupper() and other != word else other
