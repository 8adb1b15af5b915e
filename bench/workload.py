"""What ``bench/evaluation.py`` measures with: prompts, checkpoints, adapters, and ``grpo-eval run`` as a process."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grpokit.bench.processes import Spent, spend
from grpokit.evaluate import Prompt, load_task
from grpokit.files import write_lines

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MIX = "correctness=1"
OPENINGS = (
    ("happy", "little", "brave", "tired", "clever", "lonely", "hungry", "shy"),
    ("dog", "cat", "bird", "frog", "bear", "girl", "boy", "mouse"),
    ("Lily", "Tom", "Mia", "Sam", "Anna", "Ben", "Sue", "Max"),
    ("park", "forest", "garden", "house"),
)


@dataclass(frozen=True)
class Bench:
    """What is measured with: the checkpoint, the size of the work, and a folder for what it writes."""

    model: Path
    prompts: int
    tokens: int
    batch_size: int
    threads: int
    rounds: int
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process that is compared."""
        return {
            "OMP_NUM_THREADS": str(self.threads),
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(self.folder / "hub"),
        }


def make_prompts(tokenizer: PreTrainedTokenizerBase, count: int) -> list[Prompt]:
    """Return sums for a model that has a chat template, else openings of stories, each as one message of a user."""
    if tokenizer.chat_template:
        rows = [(str(p.columns["question"]), str(p.columns["reference"])) for p in load_task("arithmetic").prompts()]
    else:
        words = itertools.product(*OPENINGS)
        rows = [
            (f"Once upon a time, a {a} {who} named {name} went to the {to}.", "The end.") for a, who, name, to in words
        ]
    asked = enumerate(itertools.islice(itertools.cycle(rows), count))
    return [
        Prompt(str(number), [{"role": "user", "content": text}], {"prompt": text, "reference": reference})
        for number, (text, reference) in asked
    ]


def write_prompts(bench: Bench) -> list[Prompt]:
    """Write ``prompts.jsonl`` into the folder and return the prompts; the column ``asked`` is what the model reads."""
    from grpokit.evaluate.rendering import render
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bench.model)
    prompts = make_prompts(tokenizer, bench.prompts)
    rows = ({"id": p.id, "asked": render(tokenizer, p.text), **p.columns} for p in prompts)
    write_lines(bench.folder / "prompts.jsonl", rows)
    return prompts


def write_adapter(base: Path, folder: Path) -> Path:
    """Write a LoRA that changes what the base says: its weights are random, not zero."""
    import torch
    from grpokit.evaluate.engines.loading import quiet
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    config = LoraConfig(r=16, lora_alpha=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    with quiet():
        get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(str(folder))
    return folder


def write_base(model: Path, folder: Path) -> Path:
    """Write a larger checkpoint with the tokenizer of ``model``: large enough to stand out from the libraries."""
    from grpokit.evaluate.engines.loading import quiet
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(model)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=4,
        num_attention_heads=8,
    )
    with quiet():
        LlamaForCausalLM(shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def evaluate(bench: Bench, model: Path, adapter: Path | None, out: str) -> Spent:
    """Run ``grpo-eval run`` with a base, and an adapter on it where there is one; the runs go to the folder ``out``."""
    models = ["--model", f"base={model}", *(["--model", f"tuned={model}+{adapter}"] if adapter else [])]
    columns = ["--prompt-column", "prompt", "--reference-column", "reference", "--id-column", "id"]
    settings = ["--max-new-tokens", str(bench.tokens), "--batch-size", str(bench.batch_size), "--device", "cpu"]
    command = [sys.executable, "-m", "grpokit.commands.eval", "run", "--data", str(bench.folder / "prompts.jsonl")]
    where = ["--rewards", MIX, "--out", str(bench.folder / out)]
    log, held_or_regressed = bench.folder / f"{out}.log", (0, 1)
    return spend([*command, *columns, *models, *settings, *where], log, bench.environment, held_or_regressed)
