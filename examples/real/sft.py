"""Make a small SFT adapter to go on from: ``python examples/real/sft.py MODEL TREES.jsonl FOLDER``.

TRL's SFTTrainer shows the model the first question and the first reply of OpenAssistant's message trees, 20 steps of 4.
It stands for the adapter that many people begin GRPO with.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LONGEST = 400
"""Characters of question and reply together, at most: short ones cost a CPU little."""


def conversations(path: Path) -> list[dict[str, list[dict[str, str]]]]:
    """Return the first exchange of every tree that is short, in TRL's form."""
    trees = [json.loads(line)["prompt"] for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [(tree["text"], tree["replies"][0]["text"]) for tree in trees if tree["replies"]]
    return [
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]}
        for question, reply in pairs
        if len(question) + len(reply) <= LONGEST
    ]


def main() -> None:
    """Read the command line and train."""
    if len(sys.argv) != 4:
        sys.exit("usage: python examples/real/sft.py MODEL TREES.jsonl FOLDER")
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    model, trees, out = sys.argv[1:]
    settings = SFTConfig(
        out, max_steps=20, per_device_train_batch_size=4, learning_rate=2e-4, bf16=True, use_cpu=True, report_to="none"
    )
    adapter = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = SFTTrainer(
        model, settings, train_dataset=Dataset.from_list(conversations(Path(trees))), peft_config=adapter
    )
    trainer.train()
    trainer.save_model(out)


if __name__ == "__main__":
    main()
