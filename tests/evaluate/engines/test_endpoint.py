"""The endpoint engine against a real local HTTP server that errs as servers do."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from grpokit.evaluate import Prompt, Request, Sampling
from grpokit.evaluate.engines import endpoint
from grpokit.evaluate.engines.endpoint import EndpointEngine, connect
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.types import EvaluationError


class Server(ThreadingHTTPServer):
    """Answers a chat with the user's text in capitals, after the trouble that the text asks for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tries: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.keys: set[str | None] = set()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        with self.server.lock:
            self.server.tries[asked] += 1
            tries = self.server.tries[asked]
            self.server.bodies.append(body)
            self.server.keys.add(self.headers["Authorization"])
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        try:
            self._answer(asked, tries, "messages" in body)
        finally:
            with self.server.lock:
                self.server.now -= 1

    def _answer(self, asked: str, tries: int, chat: bool) -> None:
        if "hangs" in asked and tries == 1:
            time.sleep(1.5)
        if "busy" in asked and tries <= 2:
            self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": "0.01"})
        elif "broken" in asked and tries <= 2:
            self._send(500, {"error": {"message": "boom"}})
        elif "torn" in asked and tries == 1:
            self._torn()
        elif "refused" in asked:
            self._send(400, {"error": {"message": "no such model"}})
        else:
            self._send(200, _completion(asked, chat))

    def _torn(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"id": "1", "cho')
        self.close_connection = True

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


def _completion(asked: str, chat: bool) -> dict[str, Any]:
    time.sleep(0.01)
    message = {"role": "assistant", "content": asked.upper()}
    if "reasoned" in asked:
        message["reasoning_content"] = "because"
    reason = "length" if "long" in asked else "stop"
    choice = {"index": 0, "finish_reason": reason, **({"message": message} if chat else {"text": asked.upper()})}
    usage = {"prompt_tokens": 1, "completion_tokens": 7, "total_tokens": 8}
    kind = "chat.completion" if chat else "text_completion"
    return {"id": "1", "object": kind, "created": 0, "model": "m", "choices": [choice], "usage": usage}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def engine(server: Server, monkeypatch: pytest.MonkeyPatch) -> EndpointEngine:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    monkeypatch.setattr(endpoint, "TIMEOUT_S", 1.0)
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return connect(ModelSpec("remote", url, "openai", remote="org/m"), concurrency=4)


def ask(engine: EndpointEngine, *texts: str, sampling: Sampling | None = None) -> list[Any]:
    requests = [Request(Prompt(text, [{"role": "user", "content": text}], {}), 0) for text in texts]
    return [row for rows in engine.generate(requests, sampling or Sampling()) for row in rows]


def test_rows_come_in_the_order_asked_whatever_goes_wrong(engine: EndpointEngine) -> None:
    texts = ["busy 1", "plain 2", "broken 3", "torn 4", "plain 5", "hangs 6", *(f"plain {n}" for n in range(7, 30))]
    assert [row.text for row in ask(engine, *texts)] == [text.upper() for text in texts]


def test_concurrency_is_bounded_and_used(engine: EndpointEngine, server: Server) -> None:
    ask(engine, *(f"plain {n}" for n in range(40)))
    assert 2 <= server.most <= 4


def test_what_is_asked_and_what_is_kept(engine: EndpointEngine, server: Server) -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, top_k=5, max_new_tokens=9, seed=3)
    (plain, cut) = ask(engine, "plain", "long", sampling=sampling)
    assert (plain.finish_reason, plain.tokens, plain.token_ids) == ("eos", 7, None)
    assert cut.finish_reason == "length"
    body = server.bodies[0]
    assert (body["model"], body["temperature"], body["top_p"], body["top_k"]) == ("org/m", 0.7, 0.9, 5)
    assert body["max_tokens"] == 9
    assert len({body["seed"] for body in server.bodies}) == 2


def test_reasoning_sent_apart_is_kept_apart(engine: EndpointEngine) -> None:
    (row,) = ask(engine, "reasoned")
    assert row.text == [{"role": "assistant", "reasoning_content": "because", "content": "REASONED"}]


def test_a_plain_prompt_goes_to_the_completions_endpoint(engine: EndpointEngine) -> None:
    requests = [Request(Prompt("1", "plain text", {}), 0)]
    assert next(engine.generate(requests, Sampling()))[0].text == "PLAIN TEXT"


def test_a_refusal_is_one_line_after_the_finished_rows(engine: EndpointEngine) -> None:
    requests = [Request(Prompt(text, [{"role": "user", "content": text}], {}), 0) for text in ("plain", "refused")]
    rows = engine.generate(requests, Sampling())
    assert next(rows)[0].text == "PLAIN"
    with pytest.raises(EvaluationError, match=r"did not answer prompt 'refused' .*no such model") as caught:
        next(rows)
    assert "\n" not in str(caught.value)


def test_the_key_is_sent_and_never_kept(engine: EndpointEngine, server: Server) -> None:
    rows = ask(engine, "plain")
    assert server.keys == {"Bearer secret-key"}
    assert "secret-key" not in json.dumps([engine.describe(), rows])


def test_the_key_may_stand_in_a_dotenv_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert endpoint.api_key() == "none"
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-file\n")
    assert endpoint.api_key() == "from-file"
