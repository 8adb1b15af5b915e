"""The config.json of each model in the table of architectures, as far as its layers depend on it.

``python tests/train/recipe/configs.py`` writes the table anew.
"""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.train.recipe import architecture
from grpokit.train.recipe.architecture import Architecture, read_config

PHI2 = {
    "model_type": "phi",
    "hidden_size": 2560,
    "intermediate_size": 10_240,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 2048,
    "vocab_size": 51_200,
    "torch_dtype": "float16",
}
LLAMA_1B = {
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "max_position_embeddings": 131_072,
    "vocab_size": 128_256,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
SMOLLM_135M = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 2048,
    "vocab_size": 49_152,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
DISTILGPT2 = {
    "model_type": "gpt2",
    "n_embd": 768,
    "n_head": 12,
    "n_layer": 6,
    "n_positions": 1024,
    "vocab_size": 50_257,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "demo": read_config(ModelPath("demo")) or {},
    "microsoft/phi-2": PHI2,
    "distilbert/distilgpt2": DISTILGPT2,
    "meta-llama/Llama-3.2-1B": LLAMA_1B,
    "HuggingFaceTB/SmolLM-135M-Instruct": SMOLLM_135M,
}


def compact(model: Architecture) -> dict[str, Any]:
    """A model as the table has it: the layers of all blocks once."""
    linears = {re.sub(r"\.\d+\.", ".*.", layer.name): [layer.inputs, layer.outputs] for layer in model.linears}
    return {**asdict(model), "linears": linears}


if __name__ == "__main__":
    from importlib.resources import files
    from pathlib import Path

    table = {name: compact(Architecture.of(config)) for name, config in CONFIGS.items()}
    text = json.dumps(table, indent=2)
    text = re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", text)
    Path(str(files(architecture.__package__) / architecture.TABLE)).write_text(text + "\n")
