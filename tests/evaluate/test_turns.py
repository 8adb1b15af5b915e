"""A turn's end is found in the template, whatever the template's kind, and generation stops there."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from grpokit.evaluate import Prompt, Request, Row, Sampling, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.loading import load_tokenizer
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.turns import end_of_turn, end_of_turn_ids
from grpokit.evaluate.types import Engine
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from ..chat_templates import CHATML, GEMMA, LLAMA3, MISTRAL, unlist

TOKENS = ["<bos>", "<eos>", "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|end|>!"]


def tokenizer_of(template: str | None) -> PreTrainedTokenizerFast:
    vocabulary = {token: number for number, token in enumerate(["?", *TOKENS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<bos>",
        eos_token="<eos>",
        additional_special_tokens=TOKENS[2:],
        chat_template=template,
    )


LINES = "{% for m in messages %}{{ m.role + ': ' + m.content }}"
"""The beginning of templates of one line per turn, which END_LINES ends."""
END_LINES = "{% endfor %}"

ENDS = [
    (CHATML, "<|im_end|>"),
    (LLAMA3, "<|eot_id|>"),  # its eos is another token, which ends texts that are no chats
    (GEMMA, "<end_of_turn>"),
    (MISTRAL, "<eos>"),  # after a space
    (None, None),
    (LINES + "{{ '\n' }}" + END_LINES, None),  # nothing but a line's end
    (LINES + "{{ ' done <eos>' }}" + END_LINES, None),  # words that a model may write elsewhere
    (LINES + "{{ '<|end|>\n<eos>' }}" + END_LINES, "<|end|>"),  # two ends: the first one
    (LINES + "{{ '<|end|>!' }}" + END_LINES, "<|end|>!"),  # a token that begins with another one
    ("{% for m in messages if m.role == 'user' %}<|im_end|>{% endfor %}", None),  # it shows no answers
    ("{{ messages[0].nothing.at.all }}", None),  # it cannot be rendered
    ("{{ messages[0].content + 1 }}", None),
    ("{{ '%d' % messages[0].content }}", None),
]


@pytest.mark.parametrize(("template", "token"), ENDS)
def test_the_token_that_ends_a_turn(template: str | None, token: str | None) -> None:
    tokenizer = tokenizer_of(template)
    assert end_of_turn(tokenizer) == token
    assert end_of_turn_ids(tokenizer) == ([] if token is None else [1 + TOKENS.index(token)])


def test_the_end_of_a_turn_of_real_tokenizers(shared: Path) -> None:
    assert end_of_turn(load_tokenizer(checkpoint_path())) == "<|im_end|>"
    assert end_of_turn(load_tokenizer(shared / "models/stories260K")) is None  # it has no template


def answers(engine: Engine, prompts: Sequence[Prompt], tokens: int) -> list[Row]:
    sampling = Sampling(max_new_tokens=tokens)
    requests = [Request(prompt, 0) for prompt in engine.plan(prompts, sampling)]
    return [row for rows in engine.generate(requests, sampling) for row in rows]


def test_a_model_stops_where_its_turn_ends_though_the_checkpoint_lists_another_end(tmp_path: Path) -> None:
    prompts = list(load_task("arithmetic").prompts(limit=8))
    told, untold = load_engines(
        [ModelSpec.parse("demo"), ModelSpec.parse(f"untold={unlist(checkpoint_path(), tmp_path / 'model', '<pad>')}")]
    )
    rows = answers(untold, prompts, 24)
    assert [(row.text, row.token_ids) for row in rows] == [(r.text, r.token_ids) for r in answers(told, prompts, 24)]
    assert "eos" in {row.finish_reason for row in rows}
    assert told.describe()["end_of_turn"] == untold.describe()["end_of_turn"] == "<|im_end|>"


def test_a_real_model_does_not_talk_to_itself(smollm2: Path, tmp_path: Path) -> None:
    copy = unlist(smollm2, tmp_path / "model", "<|endoftext|>")
    engine = next(load_engines([ModelSpec.parse(f"smol={copy}")]))
    question = [{"role": "user", "content": "What is the capital of France?"}]
    (row,) = answers(engine, [Prompt("france", question, {})], 40)
    assert (row.text, row.finish_reason) == ("The capital of France is Paris.", "eos")
