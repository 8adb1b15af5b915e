"""Rewards in stock TRL: unchanged as reward functions, and by dotted path as `trl grpo` finds them."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import trl
from grpokit.rewards import RewardMix, get, names

SPEC = "correctness=2,xml_format=0.5,length(target=20)=0.25,length(target=40)=0,gate(xml_format,conciseness)=0.1"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of two thin layers with a tokenizer of bytes, made here."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    tokens = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_mix_trains_in_stock_trl(tiny: Path, tmp_path: Path) -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer

    torch.set_num_threads(1)
    mix = RewardMix.parse(SPEC)
    trainer = trl.GRPOTrainer(
        model=str(tiny),
        processing_class=AutoTokenizer.from_pretrained(tiny),
        reward_funcs=list(mix.reward_funcs),
        args=trl.GRPOConfig(
            output_dir=str(tmp_path),
            reward_weights=mix.reward_weights,
            per_device_train_batch_size=4,
            num_generations=4,
            max_completion_length=8,
            max_steps=2,
            logging_steps=1,
            use_cpu=True,
            bf16=False,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([{"prompt": f"{n} + 1 = ", "answer": str(n + 1)} for n in range(4)]),
    )
    trainer.train()
    step = next(entry for entry in trainer.state.log_history if "reward" in entry)
    for name in mix.names:  # each reward has a curve of its own, under its own name
        assert f"rewards/{name}/mean" in step
    totals = sum(w * step[f"rewards/{name}/mean"] for name, w in zip(mix.names, mix.reward_weights, strict=True))
    assert step["reward"] == pytest.approx(totals, abs=1e-4)


@pytest.mark.parametrize("name", names())
def test_dotted_paths_resolve_as_trl_grpo_resolves_them(name: str) -> None:
    """`trl grpo --reward_funcs grpokit.rewards.NAME`: split at the last dot, import, getattr."""
    module, attribute = f"grpokit.rewards.{name}".rsplit(".", 1)
    assert getattr(importlib.import_module(module), attribute) is get(name)


def test_trl_grpo_trains_with_a_dotted_path(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script's own parser and main, on rows in a local file."""
    from trl.scripts import grpo

    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.jsonl").write_text('{"prompt": "1 + 1 = ", "answer": "2"}\n' * 4)
    arguments: list[Any] = [
        *("--model_name_or_path", tiny, "--dataset_name", tmp_path / "rows", "--output_dir", tmp_path / "out"),
        *("--reward_funcs", "grpokit.rewards.correctness", "grpokit.rewards.xml_format"),
        *("--max_steps", 1, "--num_generations", 2, "--per_device_train_batch_size", 2, "--dtype", "float32"),
        *("--max_completion_length", 4, "--use_cpu", "true", "--bf16", "false", "--report_to", "none"),
        *("--save_strategy", "no", "--logging_steps", 1),
    ]
    seen: list[list[str]] = []
    trained = trl.GRPOTrainer.train

    def train(self: Any, *given: Any, **named: Any) -> Any:
        seen.append(self.reward_func_names)
        return trained(self, *given, **named)

    monkeypatch.setattr(trl.GRPOTrainer, "train", train)
    grpo.main(*grpo.make_parser().parse_args_and_config([str(argument) for argument in arguments]))
    assert seen == [["correctness", "xml_format"]]
