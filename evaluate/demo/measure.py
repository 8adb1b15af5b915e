"""How good the demo checkpoint is at its task, measured with plain ``generate`` when it is built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .arithmetic import Problem

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

MAX_NEW_TOKENS = 32

_WELL_FORMED = re.compile(r"<reasoning>[^<]+</reasoning><answer>([^<]+)</answer>")
_ANSWERED = re.compile(r"<answer>([^<]+)</answer>$")


class Shares(NamedTuple):
    """Shares of completions, in [0, 1]: with the right answer in answer tags, and in the wanted layout."""

    accuracy: float
    layout: float


def measure(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, problems: list[Problem], *, sampled: bool
) -> Shares:
    """Return the shares over one completion per problem: greedy, or ``sampled`` at temperature 1."""
    texts = complete(model, tokenizer, problems, sampled=sampled)
    answers = [_ANSWERED.search(text) for text in texts]
    right = sum(
        answer is not None and answer[1] == row.reference for answer, row in zip(answers, problems, strict=True)
    )
    laid_out = sum(_WELL_FORMED.fullmatch(text) is not None for text in texts)
    return Shares(right / len(texts), laid_out / len(texts))


def complete(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, problems: list[Problem], *, sampled: bool
) -> list[str]:
    """Return the text of one completion per problem, without the end marker."""
    prompts = [prompt_text(tokenizer, problem) for problem in problems]
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False)
    out = model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=sampled)  # type: ignore[misc]  # the stubs type generate as no method
    completions = out[:, inputs["input_ids"].shape[1] :]
    return tokenizer.batch_decode(completions, skip_special_tokens=True)


def prompt_text(tokenizer: PreTrainedTokenizerFast, problem: Problem) -> str:
    """Return the prompt as the model reads it, up to where the assistant starts."""
    messages = [{"role": "user", "content": problem.question}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
