"""A real HTTP server that goes wrong in every way that servers of completions were seen to go wrong."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from email.utils import formatdate
from time import time
from types import TracebackType
from typing import Any, NamedTuple

HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
JSON = {"Content-Type": "application/json"}
PAGE = {"Content-Type": "text/html"}


class Exchange(NamedTuple):
    """A request, and the means to answer it. ``tries`` counts how often its prompt has come, from 1."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    prompt: str
    tries: int
    writer: asyncio.StreamWriter

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send(self, status: int, body: bytes, headers: Mapping[str, str] = JSON) -> None:
        fields = {"Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        await self.raw(f"HTTP/1.1 {status} said\r\n{head}\r\n".encode() + body)

    async def reply(self, **changes: Any) -> None:
        """Send the right answer, with these keys of its only choice or of the whole changed."""
        right = {"finish_reason": "stop", "index": 0}
        if "messages" in self.body:
            message = {"role": "assistant", "content": self.prompt.upper(), **changes.pop("message", {})}
            right["message"] = changes.pop("whole_message", message)
        else:
            right["text"] = self.prompt.upper()
        choice = {**right, **changes.pop("choice", {})}
        usage = {"prompt_tokens": 1, "completion_tokens": 7, "total_tokens": 8}
        whole = {"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage, **changes}
        await self.send(200, json.dumps(whole).encode())

    async def error(self, status: int, error: object, headers: Mapping[str, str] | None = None) -> None:
        await self.send(status, json.dumps({"error": error}).encode(), {**JSON, **(headers or {})})

    def close(self) -> None:
        self.writer.close()


Act = Callable[[Exchange], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"


async def right(e: Exchange) -> None:
    await e.reply()


async def hang(e: Exchange) -> None:
    await asyncio.sleep(600)


async def hang_after_headers(e: Exchange) -> None:
    await e.raw(HEAD + b'{"choices"')
    await asyncio.sleep(600)


async def drip(e: Exchange) -> None:
    await e.raw(HEAD)
    while True:
        await e.raw(b" ")
        await asyncio.sleep(0.05)


async def huge(e: Exchange) -> None:
    await e.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 300000000\r\n\r\n[")
    for _ in range(300):
        await e.raw(b'"word",' * (1_000_000 // 7))


async def closed_before(e: Exchange) -> None:
    e.close()


async def closed_in_headers(e: Exchange) -> None:
    await e.raw(HEAD[:30])
    e.close()


async def closed_after_headers(e: Exchange) -> None:
    await e.raw(HEAD)
    e.close()


def sends(status: int, body: bytes, headers: Mapping[str, str] = JSON) -> Act:
    return lambda e: e.send(status, body, headers)


def errs(status: int, error: object, headers: Mapping[str, str] | None = None) -> Act:
    return lambda e: e.error(status, error, headers)


def replies(**changes: Any) -> Act:
    return lambda e: e.reply(**{key: dict(v) if isinstance(v, dict) else v for key, v in changes.items()})


def once(act: Act) -> Act:
    """Go wrong when a prompt comes for the first time."""
    return lambda e: act(e) if e.tries == 1 else e.reply()


def two_of_three(act: Act) -> Act:
    return lambda e: e.reply() if e.tries % 3 == 0 else act(e)


BUSY = {"message": "slow down", "code": "rate_limit_exceeded"}
FILTERED = {"message": "The response was filtered", "code": "content_filter"}


ANSWERED, REFUSED, ENDS = "answered", "refused", "ends"


class Fault(NamedTuple):
    """A way to go wrong: what is said of it, and what becomes of a prompt that always meets it.

    ``all`` is what becomes of a run in which every prompt meets it.
    """

    name: str
    act: Act
    said: str = ""
    one: str = REFUSED
    all: str = ENDS


def mended(name: str, act: Act) -> Fault:
    """Return what costs nothing in the end."""
    return Fault(name, act, one=ANSWERED, all=ANSWERED)


SOON = formatdate(time() + 1, usegmt=True)
TEXTLESS = "without text"

FAULTS = [
    mended("right answers", right),
    mended("429 with seconds", once(errs(429, BUSY, {"Retry-After": "0.1"}))),
    mended("429 with a huge number", once(errs(429, BUSY, {"Retry-After": "9" * 400}))),
    mended("429 with a date", once(errs(429, BUSY, {"Retry-After": SOON}))),
    mended("429 for two of three", two_of_three(errs(429, BUSY, {"Retry-After": "0"}))),
    Fault("429 always", errs(429, BUSY), "slow down"),
    Fault("500", errs(500, {"message": "boom"}), "status 500: boom"),
    Fault("502 with HTML", sends(502, HTML, PAGE), "502 Bad Gateway"),
    mended("503 once", once(sends(503, b""))),
    Fault("hangs before headers", hang, "no whole answer in 0.5 s"),
    Fault("hangs after headers", hang_after_headers, "no whole answer in 0.5 s"),
    mended("hangs once", once(hang)),
    Fault("a byte at a time", drip, "no whole answer in 0.5 s"),
    Fault("a huge body", huge, "more than 8,388,608 bytes|no whole answer"),
    Fault("closed before headers", closed_before, "RemoteProtocolError|ReadError"),
    Fault("closed in headers", closed_in_headers, "RemoteProtocolError"),
    Fault("closed after headers", closed_after_headers, "RemoteProtocolError"),
    Fault("cut JSON", sends(200, b'{"choices": [{"mess'), "without text: {"),
    Fault("nothing", sends(200, b""), "without text: an empty body"),
    Fault("204", sends(204, b"", {}), "status 204"),
    Fault("HTML", sends(200, HTML, PAGE), "without text: <!DOCTYPE"),
    Fault("HTML that is called JSON", sends(200, HTML), "without text: <!DOCTYPE"),
    Fault("a JSON array", sends(200, b"[1]"), TEXTLESS),
    Fault("deep JSON", sends(200, b"[" * 100_000), TEXTLESS),
    Fault("no UTF-8", sends(200, b'{"choices": [{"text": "\xff"}]}'), TEXTLESS),
    Fault("no choices", sends(200, b'{"id": "1"}'), TEXTLESS),
    Fault("empty choices", replies(choices=[]), TEXTLESS),
    Fault("null choices", replies(choices=None), TEXTLESS),
    Fault("a choice that is none", replies(choices=[7]), TEXTLESS),
    mended("two choices", lambda e: e.reply(choices=2 * [{"message": {"content": e.prompt.upper()}}])),
    Fault("null message", replies(whole_message=None), TEXTLESS),
    Fault("null content", replies(message={"content": None}), TEXTLESS),
    Fault("a number for content", replies(message={"content": 7}), TEXTLESS),
    mended("parts", lambda e: e.reply(message={"content": [{"text": e.prompt.upper()}, {"type": "image"}]})),
    Fault("parts without text", replies(message={"content": [{"type": "image"}]}), TEXTLESS),
    Fault("an error with 200", errs(200, {"message": "overloaded"}), "without text: overloaded"),
    mended("usage is a string", replies(usage="much")),
    Fault("redirect", sends(307, b"", {"Location": "http://me:hunter2@other/?key=hunter2"}), r"to http://\*", one=ENDS),
    Fault("400 of a content filter", errs(400, FILTERED), "filtered", all=REFUSED),
    Fault("400", errs(400, {"message": "too long"}), "status 400: too long"),
    Fault("401", errs(401, {"message": "wrong key secret-key"}), r"status 401: wrong key \*\*\*", one=ENDS),
    Fault("403", errs(403, "forbidden"), "status 403: forbidden", one=ENDS),
    Fault("404", errs(404, {"message": "no such model"}), "status 404: no such model", one=ENDS),
    mended("surrogates", lambda e: e.reply(message={"content": e.prompt.upper() + "\ud83d\x00"})),
    Fault("a refusal", replies(message={"content": None, "refusal": "I cannot\nhelp."}), "I cannot help", all=REFUSED),
    Fault("filtered with 200", replies(choice={"finish_reason": "content_filter"}), "content filter", all=REFUSED),
]


class FaultyServer:
    """Serves in a thread of its own; ``act`` says how each request of a completion is met."""

    def __init__(self, act: Act, models: object = None) -> None:
        self.act = act
        self.models = models
        self.tries: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.now = self.most = 0
        self._started: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._started.result(10)}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._started.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()  # what is still under way is cancelled at the end of the loop

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the server goes
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        data = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split()
        self.keys.add(headers.get("authorization"))
        body = json.loads(data or b"{}")
        if method == "GET":
            exchange = Exchange(path, headers, body, "", 1, writer)
            await (
                exchange.send(404, b"no")
                if self.models is None
                else exchange.send(200, json.dumps(self.models).encode())
            )
            return
        prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        self.tries[prompt] += 1
        self.bodies.append(body)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.act(Exchange(path, headers, body, prompt, self.tries[prompt], writer))
        finally:
            self.now -= 1
