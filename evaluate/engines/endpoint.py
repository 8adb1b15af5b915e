"""Any OpenAI-compatible endpoint: many requests under way at once, rows as they arrive."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx2

from ...rewards.text import Message, Text
from ..progress import Grow, unwatched
from ..rendering import prefill
from ..template_arguments import Template
from ..types import EvaluationError, Prompt, Request, Row, Sampling
from .background import in_background
from .endpoint_answers import Answer, Refusal
from .endpoint_client import Address, Client
from .spec import Limits, ModelSpec

NEUTRAL = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
"""What vLLM gets in every request: it takes a field that is left out from the checkpoint's generation_config."""

APART_S = 0.004
"""Between the first requests: those that start together come back together, and then wait for each other."""


@dataclass(frozen=True)
class EndpointEngine:
    """Asks ``remote`` at a server; ``vllm``: which says that it is served by vLLM.

    ``template`` holds arguments of the chat template that go before those of a task.
    ``refusals`` counts the rows without a completion by the reason.
    """

    name: str
    address: Address
    remote: str
    limits: Limits
    vllm: bool
    template: Template = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter, compare=False)

    @property
    def weights(self) -> str:
        """Digits over address and model name: which weights a server holds cannot be seen from outside."""
        return "remote-" + hashlib.sha256(f"{self.address.url} {self.remote}".encode()).hexdigest()[:9]

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine."""
        own = {"template_arguments": dict(self.template)} if self.template else {}
        return {"kind": "openai", "url": self.address.url, "remote": self.remote, "vllm": self.vllm, **own}

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts as they are: the server orders its own work.

        Raises :class:`EvaluationError` for a task that asks for likelihoods, and for one that begins the answers where
        the server is not known to go on with them.
        """
        if sampling.likelihood:
            raise EvaluationError(
                f"{self.name}: the task asks how likely each choice is, which an endpoint does not say; give a folder, "
                "a model of the hub or vllm:MODEL."
            )
        if not self.vllm and any(prefill(prompt.text) for prompt in prompts):
            raise EvaluationError(
                f"{self.name}: the task begins the answers (prefill), which only a server of vLLM's is known to go on "
                "with; leave prefill out, or give a folder or vllm:MODEL."
            )
        return list(prompts)

    def generate(self, requests: Sequence[Request], sampling: Sampling, grow: Grow = unwatched) -> Iterator[list[Row]]:
        """Yield rows one by one as they are answered, in any order."""

        async def work(hand_over: Callable[[list[Row]], None]) -> None:
            waiting = iter(requests)

            async def take(delay: float) -> None:
                await asyncio.sleep(delay)
                for request in waiting:
                    hand_over([await self._row(client, request, sampling)])

            try:
                async with Client(self.address, self.limits) as client, asyncio.TaskGroup() as tasks:
                    for place in range(min(self.limits.concurrency, len(requests))):
                        tasks.create_task(take(place * APART_S))
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None  # the first is why the others were cancelled

        for rows in in_background(work):
            grow(sum(row.tokens or 0 for row in rows))
            yield rows

    async def _row(self, client: Client, request: Request, sampling: Sampling) -> Row:
        path, body = self._question(request, sampling)
        outcome = await client.complete(path, body)
        if isinstance(outcome, Refusal):
            self.refusals[self.address.hide(outcome.reason)] += 1
            outcome = Answer("", "refused", None)
        begun = "" if outcome.finish_reason == "refused" else prefill(request.prompt.text)
        return Row(
            prompt_id=request.prompt.id,
            sample=request.sample,
            text=_behind(begun, outcome.text),
            finish_reason=outcome.finish_reason,
            tokens=outcome.tokens,
            token_ids=None,
            model=self.name,
            weights=self.weights,
        )

    def _question(self, request: Request, sampling: Sampling) -> Question:
        text = request.prompt.text
        asked = {"prompt": text} if isinstance(text, str) else self._messages(text, sampling)
        body = {
            "model": self.remote,
            **asked,
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": request.key(sampling.seed) % 2**31,
            **(NEUTRAL if self.vllm else {}),
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
            **({"top_k": sampling.top_k} if sampling.top_k else {}),
        }
        return Question("completions" if isinstance(text, str) else "chat/completions", body)

    def _messages(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        template = {**sampling.template, **self.template}
        return {
            "messages": [dict(message) for message in messages],
            **({"chat_template_kwargs": template} if template else {}),
            **({"continue_final_message": True, "add_generation_prompt": False} if prefill(messages) else {}),
        }


def _behind(begun: str, answer: Text) -> Text:
    """Return an answer with the beginning that the prompt gave it; reasoning that is sent apart has its own place."""
    if not begun:
        return answer
    if isinstance(answer, str):
        return begun + answer
    return [{**answer[0], "content": begun + str(answer[0]["content"])}, *answer[1:]]


class Question(NamedTuple):
    """What is sent for a row, and where to."""

    path: str
    body: dict[str, Any]


def connect(spec: ModelSpec, limits: Limits) -> EndpointEngine:
    """Return the engine of an ``openai:`` spec; the key is read from the environment or ``.env``, never stored."""
    assert spec.remote is not None, "an endpoint's spec names the remote model"
    address = _address(spec.path.base)

    if spec.vllm is not None:
        return EndpointEngine(spec.name, address, spec.remote, limits, spec.vllm, spec.template)

    async def look(hand_over: Callable[[list[Any]], None]) -> None:
        async with Client(address, limits) as client:
            hand_over(await client.models())

    (models,) = in_background(look)
    owners = [one.get("owned_by") for one in models if isinstance(one, dict) and one.get("id") == spec.remote]
    return EndpointEngine(spec.name, address, spec.remote, limits, "vllm" in owners, spec.template)


def _address(url: str) -> Address:
    whole = httpx2.URL(url)
    bare = str(whole.copy_with(userinfo=b"")).rstrip("/") + "/"
    if not whole.userinfo:
        key = api_key()
        return Address(bare, f"Bearer {key}" if key else "", (key,))
    basic = b64encode(f"{whole.username}:{whole.password}".encode()).decode()
    return Address(bare, f"Basic {basic}", (basic, whole.password))


def api_key() -> str:
    """Return OPENAI_API_KEY from the environment, else from ``.env`` in this folder, else nothing: open servers."""
    from dotenv import dotenv_values

    key = os.environ.get("OPENAI_API_KEY") or dotenv_values(".env").get("OPENAI_API_KEY") or ""
    if not re.fullmatch("[!-~]*", key):
        raise EvaluationError("OPENAI_API_KEY holds a space or a letter that no key can have; set it again.")
    return key
