"""Tiny real reward models, built on the spot from the demo checkpoint's tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from grpokit.evaluate.demo import checkpoint_path
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

CONTEXT = 256

CHAT = [[{"role": "user", "content": f"{number}+27="}] for number in (14, 3, 60)]
ANSWERS = ["41", "<reasoning>3+7=10</reasoning><answer>30</answer>", "8" * 40]


def config(**changes: Any) -> LlamaConfig:
    settings: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    settings |= {"num_attention_heads": 4, "num_labels": 1, "max_position_embeddings": CONTEXT, **changes}
    return LlamaConfig(vocab_size=len(AutoTokenizer.from_pretrained(checkpoint_path())), **settings)


def write_judge(folder: Path, *, template: bool = True, seed: int = 0, **changes: Any) -> Path:
    """Write a sequence classifier with random weights; it differs by the seed."""
    torch.manual_seed(seed)
    model = LlamaForSequenceClassification(config(**changes))
    torch.nn.init.normal_(model.score.weight)  # so that scores differ by more than rounding
    model.save_pretrained(folder)
    write_tokenizer(folder, template=template)
    return folder


def write_causal(folder: Path, seed: int = 0) -> Path:
    """Write a language model: it has no head that gives a score."""
    torch.manual_seed(seed)
    LlamaForCausalLM(config()).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path, *, template: bool = True) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint_path())
    if not template:
        tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)


def write_adapter(folder: Path, base: Path, *, head: bool) -> Path:
    """Write a LoRA on a base, with a head of its own or without one."""
    from peft import LoraConfig, TaskType, get_peft_model

    torch.manual_seed(9)
    model = LlamaForSequenceClassification.from_pretrained(base, num_labels=1)
    task = TaskType.SEQ_CLS if head else None  # which saves the head too
    adapted = get_peft_model(model, LoraConfig(task_type=task, target_modules=["q_proj"], init_lora_weights=False))
    if head:
        torch.nn.init.normal_(adapted.base_model.model.score.modules_to_save["default"].weight)
    adapted.save_pretrained(folder)
    return folder
