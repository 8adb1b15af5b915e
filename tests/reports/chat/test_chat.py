"""A chat: streams equal what an evaluation generates, answers are scored, and votes are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import Prompt, Request, Sampling, load_task
from grpokit.evaluate.engines.spec import parse_models
from grpokit.evaluate.engines.streaming import Partial, stream
from grpokit.files import FileError
from grpokit.reports.chat.chat import Chat, ChatError, Question, Turn, open_chat, questions
from grpokit.reports.chat.votes import Exchange, Votes
from grpokit.rewards import RewardMix
from grpokit.tests.reports.chat.chats import SAMPLING, make_chat


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    return make_chat(tmp_path_factory.mktemp("adapter"))


@pytest.mark.parametrize(
    "sampling",
    [
        SAMPLING,
        replace(SAMPLING, temperature=0.0),  # greedy
        replace(SAMPLING, seed=7, top_p=0.8, temperature=0.7),  # every filter at work
        replace(SAMPLING, max_new_tokens=5),  # cut
        replace(SAMPLING, stop=("</reasoning>",)),  # ended by a stop string
    ],
)
def test_a_stream_ends_as_the_engine_generates(chat: Chat, sampling: Sampling) -> None:
    prompts = list(load_task("arithmetic").prompts(limit=3))
    for engine in chat.engines:
        for prompt in prompts:
            row = next(engine.generate([Request(prompt, 0)], sampling))[0]
            parts = list(stream(engine, prompt, sampling))
            assert parts[-1] == Partial(str(row.text), list(row.token_ids or ()), row.finish_reason)
            assert [part.finish_reason for part in parts[:-1]] == [None] * (len(parts) - 1)


def test_streams_read_in_turns_do_not_mix_their_weights(chat: Chat) -> None:
    question = chat.examples[0]
    together = list(chat.ask(question, SAMPLING))[-1]
    alone = [list(stream(engine, question.to_prompt(), SAMPLING))[-1].text for engine in chat.engines]
    assert chat.engines[0].base is chat.engines[1].base
    assert [answer.text for answer in together] == alone
    assert alone[0] != alone[1]


def test_answers_grow_side_by_side_and_are_scored_when_whole(chat: Chat) -> None:
    shown = list(chat.ask(chat.examples[0], SAMPLING))
    assert max(abs(first.tokens - second.tokens) for first, second in shown[:8]) <= 1
    assert all(not answer.rewards for answer in shown[0])
    for answer in shown[-1]:
        expected = chat.mix.explain(
            completions=[answer.text], prompts=[chat.examples[0].prompt], reference=[chat.examples[0].reference]
        )
        assert answer.rewards == {name: judged[0] for name, judged in expected.items()}
        assert answer.total == chat.mix.total([judged.value for judged in answer.rewards.values()])


def test_turns_stand_before_the_question_each_model_with_its_own() -> None:
    turns = (Turn("2+2?", ("4", "5")), Turn("sure?", ("yes", "no")))
    prompts = [Question("Add.", "why?").to_prompt(turns, place) for place in range(2)]
    assert [[(message["role"], message["content"]) for message in prompt.text] for prompt in prompts] == [
        [
            ("system", "Add."),
            *zip(["user", "assistant"] * 2, ["2+2?", first, "sure?", second], strict=True),
            ("user", "why?"),
        ]
        for first, second in (("4", "yes"), ("5", "no"))
    ]
    assert prompts[0].id == prompts[1].id  # the models share their noise
    assert prompts[0].id != Question("Add.", "why?").to_prompt().id  # and the same words later do not


def test_a_talk_that_is_too_long_is_to_begin_again(chat: Chat) -> None:
    turns = [Turn("1+" * 50, ("2", "2"))]
    with pytest.raises(ChatError, match="more than the context of base, 128: begin a new talk"):
        list(chat.ask(Question("", "1+1?"), SAMPLING, turns))


def test_without_a_reference_correctness_does_not_apply(chat: Chat) -> None:
    last = list(chat.ask(Question("", "what is 12+19?", "  "), SAMPLING))[-1]
    assert [answer.rewards["correctness"].value for answer in last] == [None, None]


@pytest.mark.parametrize(
    ("question", "sampling", "said"),
    [
        (Question("", " \n"), SAMPLING, "the prompt is empty"),
        (Question("", "1+" * 2000), SAMPLING, "have 4019 tokens; .* more than the context of base, 128: ask something"),
        (
            Question("", "what is 12+19?"),
            replace(SAMPLING, max_new_tokens=10**6),
            r"lower max new tokens to \d+",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(chat: Chat, question: Question, sampling: Sampling, said: str) -> None:
    with pytest.raises(GrpokitError, match=said):
        list(chat.ask(question, sampling))


@pytest.mark.parametrize(
    ("messages", "reference", "expected"),
    [
        ([("user", "a")], "4", Question("", "a", "4")),
        ([("system", "s"), ("user", "a")], 4, Question("s", "a", "4")),
        ([("user", "a")], ["x", "y"], Question("", "a", "x")),  # several right answers: the first
        ([("user", "a")], {"tests": []}, Question("", "a", "")),  # no text that a box could hold
        ([("user", "a"), ("assistant", "b"), ("user", "c")], None, None),  # a talk of several turns is no example
    ],
)
def test_examples_are_prompts_of_one_turn(
    messages: Sequence[tuple[str, str]], reference: object, expected: Question | None
) -> None:
    text = [{"role": role, "content": content} for role, content in messages]
    found = questions([Prompt("0", text, {"reference": reference})], 5)
    assert found == ([expected] if expected else [])


def test_models_that_are_not_loaded_here_are_told() -> None:
    with pytest.raises(ChatError, match="openai models do not stream here"):
        open_chat(parse_models(["openai:http://localhost:1/v1#m"]), RewardMix.parse("correctness"), SAMPLING)


def test_a_vote_is_one_line_with_all_that_it_was_about(chat: Chat, tmp_path: Path) -> None:
    votes = Votes(tmp_path / "new" / "votes.jsonl")
    question = chat.examples[0]
    answers = list(chat.ask(question, SAMPLING))[-1]
    for choice in ("tuned", "tie"):
        votes.add(chat, Exchange(question, answers, SAMPLING), choice)
    first, second = map(json.loads, votes.path.read_text(encoding="utf-8").splitlines())
    assert (first["choice"], second["choice"]) == ("tuned", "tie")
    assert first["prompt"] == question.prompt
    assert first["settings"]["temperature"] == 1.0
    assert {name: answer["text"] for name, answer in first["answers"].items()} == {
        name: answer.text for name, answer in zip(chat.names, answers, strict=True)
    }
    assert first["answers"]["base"]["weights"] != first["answers"]["tuned"]["weights"]


def test_a_file_for_votes_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot write"):
        Votes(tmp_path / "file" / "votes.jsonl")
