"""What an endpoint is asked, and what is kept of its answers, against a real local HTTP server."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError, Prompt, Request, Row, Sampling
from grpokit.evaluate.engines import Limits, endpoint, endpoint_client
from grpokit.evaluate.engines.endpoint import EndpointEngine, connect
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.rewards.text import Text

from .faulty_server import Act, Exchange, FaultyServer, errs, replies, right

STANDARD = {"model", "messages", "max_tokens", "temperature", "top_p", "seed"}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")


def open_engine(server: FaultyServer, limits: Limits | None = None, url: str | None = None) -> EndpointEngine:
    spec = ModelSpec("remote", ModelPath(url or server.url), "openai", "org/m")
    return connect(spec, limits or Limits(concurrency=4, retries=1))


def ask(engine: EndpointEngine, *texts: str, sampling: Sampling | None = None) -> list[Row]:
    requests = [Request(Prompt(text, [{"role": "user", "content": text}], {}), 0) for text in texts]
    return [row for rows in engine.generate(requests, sampling or Sampling()) for row in rows]


def answer(act: Act, prompt: Text = "question", sampling: Sampling | None = None) -> Row:
    with FaultyServer(act) as server:
        ((row,),) = open_engine(server).generate([Request(Prompt("1", prompt, {}), 0)], sampling or Sampling())
    return row


CHAT: Text = [{"role": "user", "content": "question"}]


def test_likelihoods_are_not_asked_of_an_endpoint() -> None:
    with FaultyServer(right) as server:
        engine = open_engine(server)
        with pytest.raises(EvaluationError, match="which an endpoint does not say; give a folder, a model of the hub"):
            engine.plan([Prompt("1", "2+2=", {"continuations": ["4", "5"]})], Sampling(likelihood=True))


BEGUN: Text = [*CHAT, {"role": "assistant", "content": "<think>"}]


@pytest.mark.parametrize(
    ("prompt", "own", "vllm", "sent"),
    [
        (CHAT, {}, False, {}),
        (CHAT, {"effort": "low"}, False, {"chat_template_kwargs": {"thinking": False, "effort": "low"}}),
        ("question", {"effort": "low"}, False, {}),  # a text goes through no chat template
        (BEGUN, {}, True, {"continue_final_message": True, "add_generation_prompt": False}),
    ],
)
def test_template_arguments_and_prefill_are_sent(
    prompt: Text, own: dict[str, str], vllm: bool, sent: dict[str, object]
) -> None:
    task = {"thinking": False, "effort": "high"} if own else {}
    with FaultyServer(right) as server:
        spec = ModelSpec("remote", ModelPath(server.url), "openai", "org/m", vllm=vllm, template=own)
        engine = connect(spec, Limits())
        asked = [Prompt("1", prompt, {})]
        sampling = Sampling(template=task)
        requests = [Request(one, 0) for one in engine.plan(asked, sampling)]
        ((row,),) = engine.generate(requests, sampling)
    body = server.bodies[-1]
    extra = {"chat_template_kwargs", "continue_final_message", "add_generation_prompt"}
    assert {name: value for name, value in body.items() if name in extra} == sent
    assert str(row.text).startswith("<think>") == (prompt is BEGUN)
    assert engine.describe().get("template_arguments") == (own or None)


def test_a_prefill_needs_a_server_that_is_known_to_go_on_with_it() -> None:
    with FaultyServer(right) as server:
        spec = ModelSpec("remote", ModelPath(server.url), "openai", "org/m", vllm=False)
        with pytest.raises(EvaluationError, match=r"begins the answers \(prefill\), which only a server of vLLM's"):
            connect(spec, Limits()).plan([Prompt("1", BEGUN, {})], Sampling())


def test_concurrency_is_bounded_and_used() -> None:
    async def act(exchange: Exchange) -> None:
        await asyncio.sleep(0.01)
        await exchange.reply()

    with FaultyServer(act) as server:
        rows = ask(open_engine(server), *(f"plain {n}" for n in range(40)))
    assert len(rows) == 40
    assert server.most == 4


def test_what_is_asked_and_what_is_kept() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, max_new_tokens=9, seed=3)
    with FaultyServer(right) as server:
        row, _ = ask(open_engine(server), "plain", "other", sampling=sampling)
    assert (row.finish_reason, row.tokens, row.token_ids, row.model) == ("eos", 7, None, "remote")
    body = server.bodies[0]
    assert set(body) == STANDARD
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("org/m", 0.7, 0.9, 9)
    assert len({body["seed"] for body in server.bodies}) == 2
    assert all(0 <= body["seed"] < 2**31 for body in server.bodies)  # some servers take no more


def test_what_the_task_sets_is_asked_too() -> None:
    with FaultyServer(right) as server:
        (row,) = ask(open_engine(server), "plain", sampling=Sampling(temperature=1, top_k=5, stop=("\n",)))
    (body,) = server.bodies
    assert set(body) == {*STANDARD, "top_k", "stop"}
    assert (body["top_k"], body["stop"]) == (5, ["\n"])
    assert row.finish_reason == "stop"


NEUTRAL = {"top_k": -1, "min_p": 0, "repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0}


@pytest.mark.parametrize(
    ("models", "top_k", "more"),
    [
        ({"data": [{"id": "org/m", "owned_by": "vllm"}]}, 0, NEUTRAL),
        ({"data": [{"id": "org/m", "owned_by": "vllm"}]}, 5, {**NEUTRAL, "top_k": 5}),  # what the task sets stands
        ({"data": [{"id": "other", "owned_by": "vllm"}, {"id": "org/m", "owned_by": "openai"}]}, 0, {}),
        ({"data": [{"id": "org/m"}, 7, {"id": "org/m", "owned_by": ["vllm"]}]}, 0, {}),
        ({"data": None}, 0, {}),
        ({"data": {"id": "org/m"}}, 0, {}),
        ([], 0, {}),
        (None, 0, {}),  # 404
    ],
)
def test_vllm_gets_neutral_values_and_nobody_else(models: object, top_k: int, more: dict[str, float]) -> None:
    """Without them vLLM takes the checkpoint's generation_config, such as top_k 1 or a penalty of repetition."""
    with FaultyServer(right, models) as server:
        engine = open_engine(server)
        ask(engine, "plain", sampling=Sampling(temperature=1, top_k=top_k))
    (body,) = server.bodies
    assert {name: body[name] for name in set(body) - STANDARD} == more
    assert engine.describe()["vllm"] == bool(more)


@pytest.mark.parametrize(
    ("act", "finish_reason", "tokens"),
    [
        (replies(choice={"finish_reason": "length"}), "length", 7),
        (replies(choice={"finish_reason": "tool_calls"}), None, 7),
        (replies(usage=None), "eos", None),
        (replies(usage={"completion_tokens": True}), "eos", None),
        (replies(usage={"completion_tokens": -1}), "eos", None),
        (replies(usage={"completion_tokens": 0}), "eos", 0),
    ],
)
def test_what_a_server_does_not_say_is_not_made_up(act: Act, finish_reason: str | None, tokens: int | None) -> None:
    row = answer(act, CHAT)
    assert (row.text, row.finish_reason, row.tokens) == ("QUESTION", finish_reason, tokens)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("content", ["18", None])  # None: cut while it reasoned
def test_reasoning_sent_apart_is_kept_apart(field: str, content: str | None) -> None:
    row = answer(replies(message={"content": content, field: "because"}), CHAT)
    assert row.text == [{"role": "assistant", "reasoning_content": "because", "content": content or ""}]


def test_an_empty_text_is_a_text() -> None:
    assert answer(replies(message={"content": ""}), CHAT).finish_reason == "eos"


@pytest.mark.parametrize(("prompt", "path"), [("question", "/v1/completions"), (CHAT, "/v1/chat/completions")])
def test_a_plain_prompt_goes_to_the_completions_endpoint(prompt: Text, path: str) -> None:
    async def act(exchange: Exchange) -> None:
        assert exchange.path == path
        assert exchange.headers["accept-encoding"] == "identity"  # else a small body could unpack to a huge one
        await exchange.reply()

    assert answer(act, prompt).text == "QUESTION"


def test_a_text_that_is_no_valid_unicode_is_asked_and_kept() -> None:
    assert answer(right, "half \ud83d").text == "HALF \ud83d"


def test_the_first_row_may_be_the_one_that_is_refused() -> None:
    """A 400 comes at once, an answer takes its time: the server is greeted to see whether it answers anything."""

    async def act(exchange: Exchange) -> None:
        await (errs(400, "too long")(exchange) if exchange.prompt == "long" else exchange.reply())

    with FaultyServer(act) as server:
        engine = open_engine(server, Limits(concurrency=1))
        assert [row.finish_reason for row in ask(engine, "long", "long", "plain")] == ["refused", "refused", "eos"]
        assert engine.refusals == {"status 400: too long": 2}
    assert server.tries == {"long": 2, "Hi": 1, "plain": 1}


def test_the_last_row_that_is_left_can_be_given_up() -> None:
    """As when a run is resumed in which only the row is owed that the server cannot answer."""

    async def act(exchange: Exchange) -> None:
        await (errs(500, "boom")(exchange) if exchange.prompt == "deadly" else exchange.reply())

    with FaultyServer(act) as server:
        assert [row.finish_reason for row in ask(open_engine(server), "deadly")] == ["refused"]
    assert server.tries == {"deadly": 2, "Hi": 1}


def test_rows_are_not_refused_when_the_server_goes_down() -> None:
    async def act(exchange: Exchange) -> None:
        works = exchange.prompt in map(str, range(10))
        await (exchange.reply() if works else exchange.error(503, "gone"))

    rows: list[list[Row]] = []
    requests = [Request(Prompt(str(n), [{"role": "user", "content": str(n)}], {}), 0) for n in range(40)]
    with FaultyServer(act) as server:
        engine = open_engine(server, Limits(concurrency=4, retries=2))
        with pytest.raises(EvaluationError, match=r"503: gone.*Finished rows are kept; use --resume"):
            rows.extend(engine.generate(requests, Sampling()))
    assert sorted(int(row.prompt_id) for (row,) in rows) == list(range(10))
    assert {row.finish_reason for (row,) in rows} == {"eos"}


def test_a_limit_that_others_keep_busy_uses_up_no_retries() -> None:
    """Two of three requests are refused, by turns: with a single retry a third of the rows would be lost."""
    turn = iter(range(10_000))

    async def act(exchange: Exchange) -> None:
        limit = errs(429, "busy", {"Retry-After": "0.01"})
        await (exchange.reply() if next(turn) % 3 == 0 else limit(exchange))

    with FaultyServer(act) as server:
        rows = ask(open_engine(server, Limits(concurrency=8, retries=3)), *(f"plain {n}" for n in range(60)))
    assert {row.finish_reason for row in rows} == {"eos"}


def test_pauses_grow_while_others_keep_a_limit_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_client, "FIRST_PAUSE_S", 0.01)

    async def act(exchange: Exchange) -> None:
        await asyncio.sleep(0.01)
        await (errs(429, "busy")(exchange) if exchange.prompt == "large" else exchange.reply())

    with FaultyServer(act) as server:
        rows = ask(open_engine(server, Limits(concurrency=2, retries=1)), "large", *(f"plain {n}" for n in range(100)))
    assert {row.prompt_id for row in rows if row.finish_reason == "refused"} == {"large"}
    assert 3 < server.tries["large"] < 15  # of a second and more


def test_retries_are_counted() -> None:
    with FaultyServer(errs(500, "boom")) as server, pytest.raises(EvaluationError):
        ask(open_engine(server, Limits(concurrency=1, retries=3, request_timeout=0.1)), "plain")
    assert server.tries == {"plain": 4, "Hi": 1}


@pytest.mark.parametrize("said", [{}, {"Retry-After": "3600"}])
def test_no_pause_is_longer_than_a_request_may_take(said: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_client, "FIRST_PAUSE_S", 60)
    start = time.monotonic()
    with FaultyServer(errs(503, "busy", said)) as server, pytest.raises(EvaluationError):
        ask(open_engine(server, Limits(concurrency=1, retries=2, request_timeout=0.2)), "plain")
    assert time.monotonic() - start < 5


def test_no_server_is_one_line_before_any_work() -> None:
    with FaultyServer(right) as server:
        url = server.url
    with pytest.raises(EvaluationError, match=r"cannot connect to http://127.0.0.1:\d+/v1/: ") as caught:
        open_engine(server, url=url)
    assert "\n" not in str(caught.value)


def test_the_key_is_sent_and_never_kept() -> None:
    with FaultyServer(right) as server:
        engine = open_engine(server)
        rows = ask(engine, "plain")
    assert server.keys == {"Bearer secret-key"}
    assert "secret-key" not in json.dumps([engine.describe(), engine.weights, rows])


def test_what_opens_the_url_is_sent_and_never_kept() -> None:
    async def act(exchange: Exchange) -> None:
        await (exchange.reply() if exchange.prompt == "Hi" else exchange.error(400, "me:hunter2 is wrong"))

    with FaultyServer(act) as server:
        engine = open_engine(server, url=server.url.replace("//", "//me:hunter2@"))
        ask(engine, "plain")
        assert engine.describe()["url"] == server.url + "/"
        assert engine.weights == open_engine(server).weights
    assert server.keys == {"Basic bWU6aHVudGVyMg==", "Bearer secret-key"}
    assert engine.refusals == {"status 400: me:*** is wrong": 1}
    assert "hunter2" not in repr(engine)


def test_the_key_may_stand_in_a_dotenv_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert endpoint.api_key() == ""
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-file\n")
    assert endpoint.api_key() == "from-file"


def test_without_a_key_none_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    with FaultyServer(right) as server:
        ask(open_engine(server), "plain")
    assert server.keys == {None}


@pytest.mark.parametrize("wrong", ["sk\n", "clé", "a b"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", wrong)
    with FaultyServer(right) as server, pytest.raises(EvaluationError, match="OPENAI_API_KEY") as caught:
        open_engine(server)
    assert wrong not in str(caught.value)
