"""One server, asked by HTTP: every try bounded in time and bytes, and asked again as the table of answers says."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, assert_never

import httpx2

from ..types import EvaluationError
from .endpoint_answers import Answer, BadRequest, Denial, Outcome, Refusal, Reply, Retry, read_reply
from .spec import Limits

MOST_BYTES = 8 * 2**20
"""Of one body: 131,072 tokens of 64 bytes each."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Before the first repetition and before any, where the server does not say how long to wait."""

GREETING = {"prompt": "Hi", "messages": [{"role": "user", "content": "Hi"}]}
"""What a server is asked that has answered nothing yet, to see whether it answers at all."""


@dataclass(frozen=True)
class Address:
    """Where a server is, and what opens it: ``url`` ends with a slash and holds no secrets.

    ``authorization`` is the header of that name, "" for an open server; ``secrets`` are the parts of it to be hidden.
    """

    url: str
    authorization: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def hide(self, text: str) -> str:
        """Return ``text`` without what opens the server, which some servers repeat in their errors."""
        for secret in filter(None, self.secrets):
            text = text.replace(secret, "***")
        return text


class Client:
    """A server that is asked by many tasks of one event loop; an async context manager.

    ``answered`` counts the completions it gave. They say whether a failure is a row's or the server's.
    """

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address = address
        self.limits = limits
        self.answered = 0
        self._greeting = asyncio.Lock()

    async def __aenter__(self) -> Client:
        headers = {"Accept-Encoding": "identity"}  # so that the bytes that are counted are those that are read
        if self.address.authorization:
            headers["Authorization"] = self.address.authorization
        self._http = httpx2.AsyncClient(
            base_url=self.address.url,
            headers=headers,
            timeout=None,  # each try as a whole has its deadline
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=self.limits.concurrency),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def models(self) -> list[Any]:
        """Return what ``GET models`` lists; nothing where the server does not say.

        Raises :class:`EvaluationError` where there is no server to connect to.
        """
        try:
            async with asyncio.timeout(self.limits.request_timeout):
                reply = await self._send("GET", "models")
            listed = json.loads(reply.body)["data"] if reply.status == 200 else []
        except httpx2.ConnectError as error:
            raise EvaluationError(f"cannot connect to {self.address.url}: {error}.") from None
        except (httpx2.HTTPError, TimeoutError, ValueError, LookupError, TypeError, RecursionError):
            return []
        return listed if isinstance(listed, list) else []

    async def complete(self, path: str, body: Mapping[str, Any]) -> Answer | Refusal:
        """Return the completion, or why there is none; raise :class:`EvaluationError` where there will be no more."""
        tries = failures = 0
        since = self.answered
        while True:
            outcome = await self._try(path, body)
            match outcome:
                case Answer() | Refusal():
                    self.answered += isinstance(outcome, Answer)
                    return outcome
                case BadRequest():
                    if await self._answers(path, body, 0, self.limits.retries):
                        return Refusal(outcome.reason)
                    break
                case Retry():
                    failures += 1
                    others = self.answered > since
                    tries += not (outcome.limited and others)  # a limit that others keep busy is not the row's fault
                    if tries > self.limits.retries:
                        if await self._answers(path, body, since, 0):
                            return Refusal(outcome.reason)
                        break
                    since = self.answered
                    await asyncio.sleep(self._pause(outcome, failures))
                case Denial():
                    break
                case _:
                    assert_never(outcome)
        raise EvaluationError(
            f"{self.address.url} does not answer: {self.address.hide(outcome.reason)}. Finished rows are kept; use "
            "--resume."
        )

    async def _answers(self, path: str, body: Mapping[str, Any], since: int, retries: int) -> bool:
        """True if more than ``since`` requests have been answered, or else a greeting is answered now."""
        async with self._greeting:
            greeting = {name: text for name, text in GREETING.items() if name in body}
            tries = 0
            while self.answered <= since:
                outcome = await self._try(path, {**body, **greeting})
                self.answered += isinstance(outcome, Answer)
                tries += 1
                if not isinstance(outcome, Retry) or tries > retries:
                    break
                await asyncio.sleep(self._pause(outcome, tries))
        return self.answered > since

    def _pause(self, retry: Retry, failures: int) -> float:
        """Return the seconds before the next try: what the server says, else twice as long after each failure.

        No pause is longer than a request may take.
        """
        longest = self.limits.request_timeout
        if retry.wait_s is not None:
            return min(retry.wait_s, longest)
        pause = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 9), LONGEST_PAUSE_S, longest)
        return pause * random.uniform(0.5, 1.0)  # so that those that failed together do not come back together

    async def _try(self, path: str, body: Mapping[str, Any]) -> Outcome:
        try:
            async with asyncio.timeout(self.limits.request_timeout):
                reply = await self._send("POST", path, json.dumps(body).encode())
        except TimeoutError:
            return Retry(f"no whole answer in {self.limits.request_timeout:g} s")
        except httpx2.HTTPError as error:
            return Retry(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        if len(reply.body) > MOST_BYTES:
            return Retry(f"an answer of more than {MOST_BYTES:,} bytes")
        return read_reply(reply, stop="stop" in body)

    async def _send(self, method: str, path: str, content: bytes | None = None) -> Reply:
        """Return the reply; its body ends with the first piece beyond :data:`MOST_BYTES`."""
        headers = {"Content-Type": "application/json"} if content else None
        async with self._http.stream(method, path, content=content, headers=headers) as response:
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > MOST_BYTES:
                    break
            return Reply(response.status_code, response.headers, bytes(body))
