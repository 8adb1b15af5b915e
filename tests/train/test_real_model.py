"""A real model, SmolLM2-135M-Instruct, on two steps of the recipe behind docs/results.md."""

import json
from pathlib import Path

import pytest
from grpokit.commands.train import main
from safetensors.torch import load_file

RECIPE = Path(__file__).resolve().parents[2] / "examples" / "real" / "smollm2-length.yaml"
QUESTIONS = [
    "Why is the sky blue?",
    "Name three colours of the rainbow.",
    "What is the capital of France?",
    "How do I boil an egg?",
    "Write a haiku about rain.",
    "What does a carpenter do?",
    "Which is heavier, iron or wood?",
    "Explain what a prime number is.",
    "How far away is the moon?",
    "Give me a name for a black cat.",
    "What is bread made of?",
    "Why do leaves fall in autumn?",
]
SMALL = [
    "max_steps=2",
    "per_device_train_batch_size=4",
    "gradient_accumulation_steps=2",
    "num_generations=4",
    "max_completion_length=24",
    "save_steps=2",
    "evaluation.samples=2",
    "report_to=none",
]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_it_learns_and_is_judged_by_questions_that_it_did_not_see(smollm2: Path, tmp_path: Path) -> None:
    prompts, out, report = tmp_path / "prompts.jsonl", tmp_path / "run", tmp_path / "report.json"
    prompts.write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS))
    argv = [str(RECIPE), "--model", str(smollm2), "--data", str(prompts), "--out", str(out), "--json", str(report)]
    assert main([*argv, *SMALL]) in (0, 1)  # what two steps do to the answers is for the verdict to say
    weights = load_file(out / "adapter_model.safetensors")
    assert all(weight.any() for name, weight in weights.items() if "lora_B" in name), "every B matrix has moved"
    alarms = out / "alarms.jsonl"
    raised = [json.loads(line)["kind"] for line in alarms.read_text().splitlines()] if alarms.exists() else []
    assert "self-test" not in raised, "completions are learnt under the probabilities with which they were drawn"

    shown = json.loads(report.read_text())
    assert [(model["name"], model["prompts"], model["samples"]) for model in shown["models"]] == [
        ("base", 3, 2),
        ("tuned", 3, 2),
    ]
    (pair,) = shown["pairs"]
    assert pair["comparable"]
    assert -6 < pair["drift"]["base"] < -0.5, "nats per token of a model that speaks English, at temperature 1"
    assert abs(pair["drift"]["delta"]) < 1, "two steps move nothing far"
    lines = map(json.loads, (out / "history.jsonl").read_text().splitlines())
    steps = [line for line in lines if "reward" in line]
    assert [line["step"] for line in steps] == [1, 2]
    assert all(0 <= line["reward"] <= 1 for line in steps)
    assert all(line["grad_norm"] > 0 for line in steps)
