"""Checkpoints of real architectures at tiny size, with the special tokens and chat templates of the real ones."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpokit.evaluate import Prompt
from grpokit.evaluate.rendering import encode, plain

from ..chat_templates import CHATML


@dataclass(frozen=True)
class Base:
    """An architecture by its configuration class, and its tokenizer's special tokens; ``bos`` is put before texts."""

    config: str
    sizes: dict[str, Any]
    eos: str
    bos: str | None = None
    pad: str | None = None
    chat_template: str | None = None


PHI = Base(
    "PhiConfig",
    # as the real one: an embedding with more rows than the tokenizer has tokens, the context, the dropout
    {"vocab_size": 1024, "max_position_embeddings": 2048, "resid_pdrop": 0.1}
    | {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 2},
    eos="<|endoftext|>",
)
GPT2 = Base(
    "GPT2Config",
    {"n_positions": 1024, "n_embd": 64, "n_layer": 1, "n_head": 2},  # its dropout of 0.1 is the default
    eos="<|endoftext|>",
)
_LLAMA_SIZES = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 4} | {
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}
LLAMA = Base(
    "LlamaConfig",
    {**_LLAMA_SIZES, "max_position_embeddings": 131_072},
    eos="<|end_of_text|>",
    bos="<|begin_of_text|>",
)
SMOLLM = Base(
    "LlamaConfig",
    {**_LLAMA_SIZES, "max_position_embeddings": 2048},
    eos="<|im_end|>",
    pad="<|im_end|>",
    chat_template=CHATML,
)


def write_checkpoint(base: Base, folder: Path, prompts: Sequence[Prompt], completions: Sequence[str]) -> None:
    """Write a tiny model that answers any prompt with one of ``completions``, and its tokenizer."""
    import torch
    import transformers

    torch.manual_seed(0)
    torch.set_num_threads(1)
    tokenizer = make_tokenizer(base, [*(plain(prompt.text) for prompt in prompts), *completions])
    ends = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id}
    config = getattr(transformers, base.config)(**{"vocab_size": len(tokenizer), **base.sizes, **ends})
    model = transformers.AutoModelForCausalLM.from_config(config)
    asked = [encode(tokenizer, prompt.text) for prompt in prompts]
    answers = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in completions]
    teach(model, asked, [[*answer, tokenizer.eos_token_id] for answer in answers])
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_tokenizer(base: Base, texts: Sequence[str]) -> Any:
    """Return a byte-level BPE tokenizer trained on ``texts``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = list(dict.fromkeys(filter(None, (base.eos, base.bos, base.pad, "<|im_start|>"))))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    if base.bos is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{base.bos} $A", special_tokens=[(base.bos, tokenizer.token_to_id(base.bos))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=base.eos,
        bos_token=base.bos,
        pad_token=base.pad,
        chat_template=base.chat_template,
        clean_up_tokenization_spaces=False,
    )


def teach(model: Any, prompts: Sequence[list[int]], answers: Sequence[list[int]], steps: int = 60) -> None:
    """Train on prompts followed by the answers, until samples are one of the answers, mostly."""
    import torch

    draw = random.Random(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(steps):
        loss = sum(_loss(model, draw.choice(prompts), answer) for answer in answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _loss(model: Any, prompt: list[int], answer: list[int]) -> Any:
    import torch

    labels = torch.tensor([[-100] * len(prompt) + answer])
    return model(input_ids=torch.tensor([prompt + answer]), labels=labels).loss
