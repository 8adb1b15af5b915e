"""Names of files and folders, made of texts that may hold anything."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from .files import FileError

_SAFE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?")
_UNSAFE = re.compile(r"[^\w.-]+")


def folder_name(text: str) -> str:
    """Return a name for a folder or file that can hold no path: the text itself where that is a plain short word.

    Else what is readable of it, and a digest by which two texts differ.

    >>> folder_name("tuned-20"), folder_name("org/model"), folder_name("..")
    ('tuned-20', 'org_model-c87c0c64', 'x-5ec1f7e7')
    """
    return text if _SAFE_NAME.fullmatch(text) else _with_digest(text)


def _with_digest(text: str) -> str:
    readable = _UNSAFE.sub("_", text[:40]).strip("._-")
    return f"{readable or 'x'}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def folder_names(texts: Sequence[str]) -> list[str]:
    """Return a name for each text, as :func:`folder_name` does; those that differ by case alone get a digest.

    Raises :class:`FileError` where two are still the same to a disk that knows no case.

    >>> folder_names(["base", "tuned"]), folder_names(["GPT", "gpt"])
    (['base', 'tuned'], ['GPT-2c4e6f6c', 'gpt-053ea480'])
    """
    names = [folder_name(text) for text in texts]
    alike = Counter(map(str.casefold, names))
    names = [_with_digest(t) if alike[name.casefold()] > 1 else name for t, name in zip(texts, names, strict=True)]
    for name, count in Counter(map(str.casefold, names)).items():
        if count > 1:
            raise FileError(f"{count} models would share the folder {name!r}; give them names that differ.")
    return names
