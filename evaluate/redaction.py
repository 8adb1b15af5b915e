"""Addresses as they may be written down: without the secrets that people put into them."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"(?<=://)[^#]*@")
_QUERY = re.compile(r"(://[^?#]*\?)[^#]+")


def without_secrets(text: str) -> str:
    """Return ``text`` with ``user:password@`` and the query of a URL in it replaced by stars.

    What could be a password is taken for one, up to the last ``@`` before a ``#``.

    >>> without_secrets("openai:https://me:secret@host/v1#org/model")
    'openai:https://***@host/v1#org/model'
    >>> without_secrets("https://host/rows?key=secret#part")
    'https://host/rows?***#part'
    """
    return _QUERY.sub(r"\1***", _CREDENTIALS.sub("***@", text))
