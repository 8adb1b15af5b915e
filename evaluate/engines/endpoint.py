"""Any OpenAI-compatible endpoint: bounded concurrency, retries with backoff, rows in the order they were asked."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..types import EvaluationError, FinishReason, Prompt, Request, Row, Sampling
from .keys import row_key
from .spec import ModelSpec

if TYPE_CHECKING:
    from openai import OpenAI

CONCURRENCY = 16
RETRIES = 6
TIMEOUT_S = 120.0


@dataclass
class EndpointEngine:
    """Asks ``remote`` at a server; ``concurrency`` requests are under way at once."""

    name: str
    client: OpenAI
    remote: str
    concurrency: int

    @property
    def weights(self) -> str:
        """Digits over address and model name: which weights a server holds cannot be seen from outside."""
        return "remote-" + hashlib.sha256(f"{self.client.base_url} {self.remote}".encode()).hexdigest()[:9]

    def describe(self) -> dict[str, Any]:
        """Return what the manifest keeps of this engine."""
        return {"kind": "openai", "url": str(self.client.base_url), "remote": self.remote}

    def plan(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Prompt]:
        """Return the prompts as they are: the server orders its own work."""
        return list(prompts)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Row]]:
        """Yield rows one by one, in the order of ``requests``, while later requests are already under way."""
        waiting = iter(requests)
        with ThreadPoolExecutor(self.concurrency) as pool:
            under_way: deque[Future[Row]] = deque()
            try:
                for request in islice(waiting, 2 * self.concurrency):
                    under_way.append(pool.submit(self._ask, request, sampling))
                while under_way:
                    yield [under_way.popleft().result()]
                    under_way.extend(pool.submit(self._ask, request, sampling) for request in islice(waiting, 1))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, request: Request, sampling: Sampling) -> Row:
        from openai import OpenAIError

        try:
            return self._answer(request, sampling)
        except OpenAIError as error:
            reason = " ".join(str(error).split())[:200]
            raise EvaluationError(
                f"{self.client.base_url} did not answer prompt {request.prompt.id!r} after {RETRIES} retries "
                f"({type(error).__name__}: {reason}). Finished rows are kept; use --resume."
            ) from None

    def _answer(self, request: Request, sampling: Sampling) -> Row:
        settings: dict[str, Any] = {
            "model": self.remote,
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": row_key(sampling.seed, request.prompt.id, request.sample) % 2**31,
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
            **({"extra_body": {"top_k": sampling.top_k}} if sampling.top_k else {}),
        }
        if isinstance(request.prompt.text, str):
            answer: Any = self.client.completions.create(prompt=request.prompt.text, **settings)
            text = answer.choices[0].text
        else:
            messages: Any = [dict(message) for message in request.prompt.text]
            answer = self.client.chat.completions.create(messages=messages, **settings)
            text = _message_text(answer.choices[0].message)
        return Row(
            prompt_id=request.prompt.id,
            sample=request.sample,
            text=text,
            finish_reason=_finish_reason(answer.choices[0].finish_reason, sampling),
            tokens=answer.usage.completion_tokens if answer.usage else None,
            token_ids=None,
            model=self.name,
            weights=self.weights,
        )


def _message_text(message: Any) -> Any:
    """Return the message's content, with the reasoning that some servers send apart from it."""
    reasoning = getattr(message, "reasoning_content", None)
    if not reasoning:
        return message.content or ""
    return [{"role": "assistant", "reasoning_content": reasoning, "content": message.content or ""}]


def _finish_reason(said: str | None, sampling: Sampling) -> FinishReason | None:
    """Servers say "stop" for an end token and a stop string alike."""
    if said == "length":
        return "length"
    if said == "stop":
        return "stop" if sampling.stop else "eos"
    return None


def connect(spec: ModelSpec, *, concurrency: int | None = None) -> EndpointEngine:
    """Return the engine of an ``openai:`` spec; the key is read from the environment or ``.env``, never stored."""
    try:
        from openai import OpenAI
    except ImportError:
        raise EvaluationError("openai: models need the package openai: pip install 'grpokit[openai]'.") from None
    assert spec.remote is not None, "an endpoint's spec names the remote model"
    client = OpenAI(base_url=spec.base, api_key=api_key(), max_retries=RETRIES, timeout=TIMEOUT_S)
    return EndpointEngine(spec.name, client, spec.remote, concurrency or CONCURRENCY)


def api_key() -> str:
    """Return OPENAI_API_KEY from the environment, else from ``.env`` in this folder, else a word for open servers."""
    from dotenv import dotenv_values

    return os.environ.get("OPENAI_API_KEY") or dotenv_values(".env").get("OPENAI_API_KEY") or "none"
