"""Requests a second at an endpoint that takes its time, by this package's engine and by the package openai.

A server in a process of its own answers every request after LATENCY seconds. The engine, on one core, keeps
CONCURRENCY requests under way and writes its rows into a journal; so many requests in LATENCY seconds would be no loss
at all (the goal: over 95 % of that). Then the peer asks the same by ``AsyncOpenAI`` behind a semaphore, on the same
core, and writes nothing. Imports and the first look at the server are not measured.

    python bench/endpoint.py [--requests 1280] [--concurrency 64] [--latency 1]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grpokit.evaluate import Prompt, Request, Sampling
from grpokit.evaluate.engines import Limits
from grpokit.evaluate.engines.endpoint import EndpointEngine, connect
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.runs.journal import Journal
from openai import AsyncOpenAI

GOAL = 0.95
QUESTION = "What is 47 + 38? Put your final answer inside <answer> </answer>."
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "m",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "<answer>85</answer>" * 40}}
    ],
    "usage": {"prompt_tokens": 20, "completion_tokens": 200, "total_tokens": 220},
}


def main() -> None:
    """Start the server, measure both sides, and print what each did."""
    size = _arguments()
    if size.serve:
        asyncio.run(_serve(size.latency))
        return
    most = size.concurrency / size.latency
    with _server(size.latency) as url:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        print(f"{size.requests:,} requests, {size.concurrency} at once, {size.latency:g} s each: {most:g}/s at most")
        engine = connect(ModelSpec("m", ModelPath(url), "openai", "m"), Limits(concurrency=size.concurrency))
        _measure("this package", lambda: _by_engine(engine, size.requests), size.requests, most)
        client = AsyncOpenAI(base_url=url, api_key="none")
        _measure("openai", lambda: asyncio.run(_by_openai(client, size)), size.requests, most)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1280, help="requests in all (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=64, help="requests under way at once (%(default)s)")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that an answer takes (%(default)s)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


async def _serve(latency: float) -> None:
    """Answer every request, and print the port."""
    body = json.dumps(ANSWER).encode()
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                if b"content-length: " in head:
                    await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
                    await asyncio.sleep(latency)
                writer.write(reply)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def _server(latency: float) -> Iterator[str]:
    command = [sys.executable, __file__, "--serve", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None, "it is a pipe"
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.kill()


def _measure(who: str, ask: Callable[[], int], requests: int, most: float) -> None:
    start, spent = time.perf_counter(), time.process_time()
    assert ask() == requests
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    rate = requests / seconds
    print(
        f"{who:13} {rate:6.1f}/s  {rate / most:6.1%} of the most  {1000 * spent / requests:5.2f} ms of processor per "
        f"request  over {GOAL:.0%}: {'yes' if rate > GOAL * most else 'NO'}"
    )


def _by_engine(engine: EndpointEngine, number: int) -> int:
    requests = [Request(Prompt(str(n), [{"role": "user", "content": QUESTION}], {}), 0) for n in range(number)]
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "completions.jsonl") as journal:
        count = 0
        for rows in engine.generate(requests, Sampling()):
            journal.append(rows)
            count += len(rows)
    return count


async def _by_openai(client: AsyncOpenAI, size: argparse.Namespace) -> int:
    turn = asyncio.Semaphore(size.concurrency)

    async def ask(seed: int) -> int:
        async with turn:
            answer = await client.chat.completions.create(
                messages=[{"role": "user", "content": QUESTION}], model="m", max_tokens=256, temperature=0, seed=seed
            )
        return bool(answer.choices[0].message.content)

    return sum(await asyncio.gather(*map(ask, range(size.requests))))


if __name__ == "__main__":
    main()
