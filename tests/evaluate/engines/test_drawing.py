"""Rows leave a batch once they have ended, and the others' completions do not change by it, on many architectures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from grpokit.evaluate import Sampling
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.drawing import Drawing
from grpokit.evaluate.engines.sampling import StopAt
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, BatchEncoding

from .test_likelihood import ARCHITECTURES, SIZES, WIDTH

ENDS = list(range(2, 9))
"""With so many of 61 tokens, rows end at all times."""

SAMPLED = Sampling(temperature=1.0, max_new_tokens=24)

HEADS: dict[str, Any] = {**WIDTH, "num_key_value_heads": 2, "head_dim": 8}
SHARED: dict[str, Any] = {
    "num_hidden_layers": 4,
    "num_kv_shared_layers": 2,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
    "sliding_window": 6,
    "vocab_size_per_layer_input": 61,
    "hidden_size_per_layer_input": 8,
    "laurel_rank": 4,
    "activation_sparsity_pattern": [0.0] * 4,
}
KINDS = [*ARCHITECTURES, ("gemma3n_text", {**HEADS, **SHARED})]  # whose last layers use the keys of others
REREAD = [
    # model type, its own sizes, and why it keeps nothing out of which rows can be taken
    ("mamba", {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}),  # a state
    ("lfm2", {**HEADS, "layer_types": ["conv", "full_attention"]}),  # a state in one of its layers
    ("openai-gpt", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}),  # nothing at all
    ("minimax", {**HEADS, "layer_types": ["linear_attention", "full_attention"], "num_local_experts": 2}),  # of its own
]


def padded(prompts: Sequence[Sequence[int]]) -> BatchEncoding:
    longest = max(map(len, prompts))
    gaps = [longest - len(ids) for ids in prompts]
    return BatchEncoding(
        {
            "input_ids": torch.tensor([[0] * gap + list(ids) for gap, ids in zip(gaps, prompts, strict=True)]),
            "attention_mask": torch.tensor([[0] * gap + [1] * (longest - gap) for gap in gaps]),
        }
    )


def drawn(
    model: Any, prompts: Sequence[Sequence[int]], keys: Sequence[int], sampling: Sampling, stop: StopAt | None = None
) -> tuple[list[list[int]], list[int]]:
    """Return every row's tokens to its end, and how many were counted at each step."""
    last = model.generation_config.eos_token_id
    steps: list[int] = []
    drawing = Drawing(padded(prompts), keys, sampling, stop, steps.append)
    with torch.inference_mode():
        drawing.draw(model, last)
    ends = [[place for place, token in enumerate(row) if token in last] for row in drawing.tokens]
    return [row[: end[0] + 1] if end else row for row, end in zip(drawing.tokens, ends, strict=True)], steps


@contextmanager
def batches(model: Any) -> Iterator[list[tuple[int, int]]]:
    """Keep how many rows each forward pass has, and how many tokens of each it reads."""
    seen: list[tuple[int, int]] = []
    hook = model.register_forward_pre_hook(
        lambda _, arguments, named: seen.append(tuple(named["input_ids"].shape)), with_kwargs=True
    )
    yield seen
    hook.remove()


PROMPTS = [[5, 9, 14, 33, 17, 30, 31, 28, 12], [40, 41], [20, 21, 22, 23, 24], [50]] * 3
KEYS = [7**place for place in range(12)]


def model_of(kind: str, sizes: dict[str, Any]) -> Any:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[kind](**{**SIZES, "eos_token_id": ENDS}, **sizes)).eval()
    model.generation_config.eos_token_id = ENDS
    return model


def batch_sizes(lengths: Sequence[int]) -> list[int]:
    """Return how many rows each step has where those that have ended leave as soon as they are a quarter."""
    sizes, left = [], list(lengths)
    for step in range(max(lengths)):
        sizes.append(len(left))
        growing = [length for length in left if length > step + 1]
        if len(left) - len(growing) >= len(left) / 4:
            left = growing
    return sizes


@pytest.mark.parametrize(("kind", "sizes"), KINDS, ids=[kind for kind, _ in KINDS])
def test_rows_leave_and_the_others_stay_what_they_are_alone(kind: str, sizes: dict[str, Any]) -> None:
    model = model_of(kind, sizes)
    with batches(model) as seen:
        together, steps = drawn(model, PROMPTS, KEYS, SAMPLED)
    alone = [drawn(model, [ids], [key], SAMPLED)[0][0] for ids, key in zip(PROMPTS, KEYS, strict=True)]
    assert together == alone
    lengths = [*map(len, alone)]
    assert len(set(lengths)) > 3
    assert steps == [sum(length > step for length in lengths) for step in range(max(lengths))]
    assert [rows for rows, _ in seen] == batch_sizes(lengths)
    assert [tokens for _, tokens in seen] == [9] + [1] * (max(lengths) - 1)  # nothing is read again
    short, _ = drawn(model, PROMPTS, KEYS, replace(SAMPLED, max_new_tokens=7))
    assert short == [row[:7] for row in together]
    assert {len(row) for row in short} >= {1, 7}


@pytest.mark.parametrize(("kind", "sizes"), REREAD, ids=[kind for kind, _ in REREAD])
def test_where_rows_cannot_be_taken_out_the_others_are_read_again_once(kind: str, sizes: dict[str, Any]) -> None:
    model = model_of(kind, sizes)
    with batches(model) as seen:
        together, _ = drawn(model, PROMPTS, KEYS, SAMPLED)
    assert together == [drawn(model, [ids], [key], SAMPLED)[0][0] for ids, key in zip(PROMPTS, KEYS, strict=True)]
    rows = [count for count, _ in seen]
    assert len(set(rows)) == 2
    if kind != "openai-gpt":  # which reads all at every step
        assert sum(tokens > 1 for _, tokens in seen) == 2


def test_a_generate_of_the_models_own_may_return_tokens_alone() -> None:
    model = model_of(*ARCHITECTURES[0])
    expected, _ = drawn(model, PROMPTS, KEYS, SAMPLED)
    generate = model.generate
    model.generate = lambda **given: generate(**given).sequences
    assert drawn(model, PROMPTS, KEYS, SAMPLED)[0] == expected


@pytest.fixture(scope="module")
def engine() -> TransformersEngine:
    return next(load_engines([ModelSpec.parse("demo")]))


@pytest.fixture(scope="module")
def sums(engine: TransformersEngine) -> list[list[int]]:
    return [engine.base.tokenizer(f"{first}+{first + 5}=")["input_ids"] for first in range(10, 22)]


def test_a_row_leaves_at_a_stop_string(engine: TransformersEngine, sums: list[list[int]]) -> None:
    model, tokenizer = engine.base.model, engine.base.tokenizer
    whole, _ = drawn(model, sums, KEYS, SAMPLED)
    stopped, steps = drawn(model, sums, KEYS, SAMPLED, StopAt(tokenizer, ["6", "17"], max(map(len, sums))))
    texts = [[tokenizer.decode(row[: count + 1]) for count in range(len(row))] for row in whole]
    lengths = [next((n for n, text in enumerate(row, 1) if "6" in text or "17" in text), len(row)) for row in texts]
    assert any(length < len(row) for length, row in zip(lengths, whole, strict=True))
    assert steps == [sum(length > step for length in lengths) for step in range(max(lengths))]
    for before, after, length in zip(whole, stopped, lengths, strict=True):
        assert after[:length] == before[:length]


def test_what_is_drawn_stays_when_it_is_interrupted(engine: TransformersEngine, sums: list[list[int]]) -> None:
    whole, steps = drawn(engine.base.model, sums, KEYS, SAMPLED)
    last = next(step for step, growing in enumerate(steps) if growing < len(sums) / 2)
    heard: list[int] = []

    def interrupt(tokens: int) -> None:
        heard.append(tokens)
        if len(heard) > last:
            raise KeyboardInterrupt

    drawing = Drawing(padded(sums), KEYS, SAMPLED, None, interrupt)
    with pytest.raises(KeyboardInterrupt), torch.inference_mode():
        drawing.draw(engine.base.model, engine.base.model.generation_config.eos_token_id)
    assert [row[: last + 1] for row in whole] == [
        kept[: min(len(row), last + 1)] for kept, row in zip(drawing.tokens, whole, strict=True)
    ]
