"""Make the demo checkpoint again: plain supervised training of a tiny Llama on seeded solutions.

    python -m grpokit.evaluate.demo.build --out DIR

About a minute on one CPU thread. The weights are equal from run to run on one machine and one version of
torch; elsewhere they differ in the last bits and the measured shares by a point or two.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING

from .arithmetic import problems
from .measure import Shares, measure, prompt_text
from .solutions import solution
from .tokenizer import CONTEXT, make_tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

STEPS = 800
SEED = 0
LEARNING_RATE = 4e-3  # for the demo's size; larger models want less

_BATCH = 128
_WARM_UP = 50
_BETAS = (0.9, 0.98)
_SPREAD = 0.1  # of the initial weights: at this width the usual 0.02 learns additions far more slowly
_IGNORED = -100  # the label that torch's cross entropy leaves out


def build(folder: Path, steps: int = STEPS, seed: int = SEED) -> None:
    """Train the checkpoint for ``steps`` steps and write it, its tokenizer and its card to ``folder``."""
    import torch

    torch.set_num_threads(1)  # a second thread gains nothing at this size
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    teach(model, tokenizer, steps, seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    held_out = problems("test")
    greedy = measure(model, tokenizer, held_out, sampled=False)
    sampled = measure(model, tokenizer, held_out, sampled=True)
    (folder / "README.md").write_text(_card(greedy, sampled, model.num_parameters()), encoding="utf-8")


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Return the untrained model: 84,544 parameters."""
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        intermediate_size=128,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        initializer_range=_SPREAD,
        bos_token_id=None,
        **ends,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(**ends)
    return model


def teach(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    steps: int,
    seed: int,
    learning_rate: float = LEARNING_RATE,
) -> None:
    """Train on fresh solutions of the train split's problems; the loss is on the completions alone."""
    import torch
    from transformers import get_cosine_schedule_with_warmup

    draw = random.Random(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=_BETAS, weight_decay=0.0)
    schedule = get_cosine_schedule_with_warmup(optimizer, _WARM_UP, steps)
    for _ in range(steps):
        ids, labels = _examples(tokenizer, draw)
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()


def _examples(tokenizer: PreTrainedTokenizerFast, draw: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Return token ids and labels of one batch, padded on the right; all prompts have the same length."""
    import torch

    chosen = draw.choices(problems("train"), k=_BATCH)
    prompts = [prompt_text(tokenizer, problem) for problem in chosen]
    texts = [f"{prompt}{solution(row, draw)}{tokenizer.eos_token}" for prompt, row in zip(prompts, chosen, strict=True)]
    lines = [torch.tensor(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
    ids = torch.nn.utils.rnn.pad_sequence(lines, batch_first=True, padding_value=tokenizer.pad_token_id)
    labels = ids.masked_fill(ids == tokenizer.pad_token_id, _IGNORED)
    labels[:, : len(tokenizer(prompts[0], add_special_tokens=False)["input_ids"])] = _IGNORED
    return ids, labels


def _card(greedy: Shares, sampled: Shares, parameters: int) -> str:
    return f"""---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
---

# grpokit demo checkpoint

A Llama of {parameters:,} parameters that adds two two-digit numbers, on purpose badly: it learned by plain supervised
training from solutions of which a third are right, more forget the carry, a quarter are guesses, and a quarter
are badly laid out. It *can* do the task and mostly does not, which is what GRPO can change. It is of no other use.

It answers `what is 57+38?` as `<reasoning>7+8=15,5+3+1=9</reasoning><answer>95</answer>`.
Its vocabulary has 36 tokens: single characters, and the four tags.

| held-out problems (500) | right answer | wanted layout |
|---|---|---|
| greedy | {greedy.accuracy:.3f} | {greedy.layout:.3f} |
| sampled, temperature 1 | {sampled.accuracy:.3f} | {sampled.layout:.3f} |

Made by `python -m grpokit.evaluate.demo.build --out DIR`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m grpokit.evaluate.demo.build", description="Make the checkpoint.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--steps", type=int, default=STEPS, help="supervised steps (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of weights and solutions (default: %(default)s)")
    arguments = parser.parse_args()
    build(arguments.out, arguments.steps, arguments.seed)


if __name__ == "__main__":
    main()
