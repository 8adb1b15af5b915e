"""What the bench of a GPU trains: Phi-2 with random weights, a larger arithmetic model, and rows to ask.

Random weights cost as much memory and time as trained ones, and they hardly ever end a completion early, so every
completion has the full length.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from grpokit.evaluate.demo import build
from grpokit.evaluate.demo.tokenizer import CONTEXT, make_tokenizer

END = "<|endoftext|>"
ROWS = 64

PHI2 = {"hidden_size": 2560, "intermediate_size": 10_240, "num_hidden_layers": 32, "num_attention_heads": 32}
PHI_TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
ARITHMETIC = {"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 6}
ARITHMETIC_TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}

CARD = """\
name: random-words
source: {{file: {data}}}
user: "{{question}}"
rewards: length(target=600)=1
primary: length(target=600)
"""


class Inputs(NamedTuple):
    """The folder of a base checkpoint, its config, and the card of the task."""

    base: Path
    config: dict[str, Any]
    card: Path


def write_phi(folder: Path, device: str, *, tiny: bool, prompt_tokens: int) -> Inputs:
    """Write Phi-2 of random weights in bfloat16, a tokenizer of one token a word, and rows of random words."""
    import torch
    from transformers import AutoModelForCausalLM, PhiConfig

    vocabulary = 1024 if tiny else 51_200
    settings: dict[str, Any] = {**(PHI_TINY if tiny else PHI2), "bos_token_id": 0, "eos_token_id": 0}
    config = PhiConfig(vocab_size=vocabulary, **settings, dtype="bfloat16")
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder / "phi")
    _word_tokenizer(vocabulary).save_pretrained(folder / "phi")
    return Inputs(folder / "phi", json.loads(config.to_json_string()), _write_task(folder, prompt_tokens))


def _word_tokenizer(vocabulary: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {END: 0, **{f"w{number}": number for number in range(1, vocabulary)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=END))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, bos_token=END)


def _write_task(folder: Path, prompt_tokens: int) -> Path:
    rows = [{"question": " ".join(f"w{row + word + 1}" for word in range(prompt_tokens))} for row in range(ROWS)]
    data, card = folder / "rows.jsonl", folder / "random-words.yaml"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    card.write_text(CARD.format(data=data), encoding="utf-8")
    return card


def write_arithmetic(folder: Path, device: str, *, tiny: bool) -> Path:
    """Write a Llama taught as the demo checkpoint was, of some 10 million parameters; return its folder."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    ends: dict[str, Any] = {
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
    }
    sizes: dict[str, Any] = ARITHMETIC_TINY if tiny else ARITHMETIC
    torch.manual_seed(0)
    with torch.device(device):
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer), max_position_embeddings=CONTEXT, tie_word_embeddings=True, **sizes, **ends
            )
        )
        build.teach(model, tokenizer, 5 if tiny else build.STEPS, build.SEED, learning_rate=1e-3)
    model.generation_config = GenerationConfig(**ends)
    model.save_pretrained(folder / "arithmetic")
    tokenizer.save_pretrained(folder / "arithmetic")
    return folder / "arithmetic"
