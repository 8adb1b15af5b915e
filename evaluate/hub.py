"""The model hub: is it there at all? Its own client says so only after half a minute of retries."""

from __future__ import annotations

TIMEOUT_S = 10.0


def unreachable() -> str | None:
    """Return why the hub cannot be asked, in one line, or None when it answers; any answer will do."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "offline mode: HF_HUB_OFFLINE is set"
    try:
        with urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=TIMEOUT_S):
            return None
    except HTTPError:
        return None
    except OSError as error:
        return str(getattr(error, "reason", error))
