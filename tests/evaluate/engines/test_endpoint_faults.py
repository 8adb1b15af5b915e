"""Whatever a server does, nothing that it answered is lost, the time is bounded, and a line says what is wrong."""

import re
import time

import pytest
from grpokit.evaluate import EvaluationError, Prompt, Request, Row, Sampling
from grpokit.evaluate.engines import Limits, endpoint_client
from grpokit.evaluate.engines.endpoint import EndpointEngine, connect
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec

from .faulty_server import ANSWERED, ENDS, FAULTS, REFUSED, Exchange, Fault, FaultyServer

QUESTIONS = [f"question {number}" for number in range(40)]
BAD = "question 3"
LIMITS = Limits(concurrency=8, request_timeout=0.5, retries=2)
BOUND_S = 8.0
"""Three tries and two pauses of at most half a second, a greeting, and a slow machine."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    monkeypatch.setattr(endpoint_client, "FIRST_PAUSE_S", 0.01)


def open_engine(server: FaultyServer, limits: Limits = LIMITS) -> EndpointEngine:
    return connect(ModelSpec("remote", ModelPath(server.url), "openai", "org/m"), limits)


def ask(engine: EndpointEngine, questions: list[str], rows: list[Row]) -> None:
    """Collect the rows until the last one, or until the error that is raised."""
    requests = [Request(Prompt(text, [{"role": "user", "content": text}], {}), 0) for text in questions]
    for batch in engine.generate(requests, Sampling()):
        rows.extend(batch)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_bad_row_of_forty(fault: Fault) -> None:
    async def act(exchange: Exchange) -> None:
        await (fault.act(exchange) if exchange.prompt == BAD else exchange.reply())

    rows: list[Row] = []
    with FaultyServer(act) as server:
        engine, start = open_engine(server), time.monotonic()
        if fault.one == ENDS:
            with pytest.raises(EvaluationError, match=fault.said) as caught:
                ask(engine, QUESTIONS, rows)
            check_line(str(caught.value))
        else:
            ask(engine, QUESTIONS, rows)
            assert sorted(row.prompt_id for row in rows) == sorted(QUESTIONS)
        assert time.monotonic() - start < BOUND_S
    texts = {row.prompt_id: row for row in rows}
    assert all(texts[text].text == text.upper() for text in texts if text != BAD)
    if fault.one == REFUSED:
        assert (texts[BAD].text, texts[BAD].finish_reason, texts[BAD].tokens) == ("", "refused", None)
        ((reason, count),) = engine.refusals.items()
        assert count == 1
        assert re.search(fault.said, reason)
        check_line(reason)
    elif fault.one == ANSWERED:
        assert str(texts[BAD].text).startswith(BAD.upper())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_row_is_met_so(fault: Fault) -> None:
    rows: list[Row] = []
    with FaultyServer(fault.act) as server:
        engine, start = open_engine(server), time.monotonic()
        if fault.all == ENDS:
            with pytest.raises(EvaluationError, match=fault.said) as caught:
                ask(engine, QUESTIONS, rows)
            check_line(str(caught.value))
            assert {row.finish_reason for row in rows} <= {"refused"}
        else:
            ask(engine, QUESTIONS, rows)
            assert sorted(row.prompt_id for row in rows) == sorted(QUESTIONS)
            assert {row.finish_reason == "refused" for row in rows} == {fault.all == REFUSED}
        assert time.monotonic() - start < BOUND_S


def check_line(text: str) -> None:
    assert text.isprintable()
    assert len(text) < 400
    assert "secret-key" not in text
    assert "hunter2" not in text
