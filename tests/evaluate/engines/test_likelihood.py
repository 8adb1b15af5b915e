"""Multiple choice by likelihood, held against one plain forward pass per text, on many architectures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from grpokit.commands.eval import main
from grpokit.evaluate import EvaluationError, Prompt, Request, Row, Run, Sampling
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.likelihood import log_likelihoods
from grpokit.evaluate.engines.prompts import Continued, EncodedPrompts
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from peft import LoraConfig, get_peft_model
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer

SIZES: dict[str, Any] = {"vocab_size": 61, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
WIDTH = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
ARCHITECTURES = [
    # model type, its own sizes, and why it is here
    ("llama", {**WIDTH, "num_key_value_heads": 2}),  # rotary positions, shared keys
    ("gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4}),  # learnt positions, which padding must not move
    ("phi", WIDTH),  # partly rotary
    ("opt", {**WIDTH, "ffn_dim": 48, "word_embed_proj_dim": 32}),  # takes no count of kept logits everywhere
    ("bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),  # no positions at all
    ("mistral", {**WIDTH, "num_key_value_heads": 2, "sliding_window": 6}),  # a window shorter than the prompts
    ("qwen3", {**WIDTH, "num_key_value_heads": 2, "head_dim": 8}),
    ("gemma2", {**WIDTH, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 6}),  # window and whole by turns
]
ASKED = [
    Continued([5, 9, 14, 3, 7, 30, 31, 8, 12], [[11, 4, 6], [12], [13, 4]]),
    Continued([40, 41], [[7, 8, 9, 10, 11, 12, 13, 14], [7]]),
    Continued([20, 21, 22, 23, 24], [[50, 51], [50, 52], [50, 53], [54, 51], [55]]),
]


def plainly(model: Any, asked: Continued) -> list[float]:
    """One forward pass per text, nothing padded and nothing remembered."""
    values = []
    for text in asked.texts:
        logits = model(torch.tensor([asked.prompt + text])).logits[0].double().log_softmax(-1)
        start = len(asked.prompt) - 1
        values.append(sum(logits[start + place, token].item() for place, token in enumerate(text)))
    return values


@pytest.mark.parametrize(("kind", "sizes"), ARCHITECTURES, ids=[kind for kind, _ in ARCHITECTURES])
def test_likelihoods_are_those_of_plain_forward_passes(kind: str, sizes: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[kind](**SIZES, **sizes)).eval()
    with torch.inference_mode():
        together = log_likelihoods(model, ASKED)
        assert together == [pytest.approx(plainly(model, one), abs=1e-4) for one in ASKED]
        assert log_likelihoods(model, ASKED[:1]) == [pytest.approx(together[0], abs=1e-4)]
        single = [Continued(one.prompt, [text[:1] for text in one.texts]) for one in ASKED]  # letters, as in MMLU
        assert log_likelihoods(model, single) == [pytest.approx(plainly(model, one), abs=1e-4) for one in single]


PROMPTS = [
    Prompt(str(first), f"{first}+27=", {"continuations": [str(first + 27), str(first + 28), "7"], "reference": 0})
    for first in (14, 35, 46, 58)
]
CHOSEN = Sampling(likelihood=True)


@pytest.fixture(scope="module")
def engine() -> TransformersEngine:
    return next(load_engines([ModelSpec.parse("demo")]))


def rows(engine: TransformersEngine) -> list[Row]:
    plan = engine.plan(PROMPTS, CHOSEN)
    return [row for lot in engine.generate([Request(prompt, 0) for prompt in plan], CHOSEN) for row in lot]


def logprobs(row: Row) -> list[float]:
    assert not isinstance(row.text, str)
    return [choice["logprob"] for choice in row.text[-1]["choices"]]


def test_a_row_holds_the_likeliest_text_and_the_likelihood_of_each(engine: TransformersEngine) -> None:
    for row in rows(engine):
        values = logprobs(row)
        assert not isinstance(row.text, str)
        texts = [choice["text"] for choice in row.text[-1]["choices"]]
        assert row.text[-1]["content"] == texts[values.index(max(values))]
        assert (row.sample, row.finish_reason, row.tokens, row.token_ids) == (0, None, None, None)


def test_the_batch_changes_no_likelihood(engine: TransformersEngine) -> None:
    for one, other in zip(rows(replace(engine, batch_size=1)), rows(replace(engine, batch_size=3)), strict=True):
        assert one.prompt_id == other.prompt_id
        assert logprobs(one) == pytest.approx(logprobs(other), abs=1e-4)


def test_base_and_adapter_on_one_load(tmp_path: Path) -> None:
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(checkpoint_path()), lora).save_pretrained(tmp_path)
    base, tuned = load_engines([ModelSpec.parse("demo"), ModelSpec.parse(f"demo+{tmp_path}")])
    assert isinstance(base, TransformersEngine)
    before = rows(base)
    assert isinstance(tuned, TransformersEngine)
    after = rows(tuned)
    assert logprobs(before[0]) != pytest.approx(logprobs(after[0]), abs=1e-3)
    asked = [tuned._prompts.continued(prompt) for prompt in tuned.plan(PROMPTS, CHOSEN)]
    with tuned.base.active(tmp_path) as model, torch.inference_mode():
        assert logprobs(after[0]) == pytest.approx(plainly(model, asked[0]), abs=1e-4)


def test_prompt_and_text_are_cut_as_lm_evaluation_harness_cuts_them() -> None:
    prompts = EncodedPrompts(AutoTokenizer.from_pretrained(checkpoint_path()), 99)
    tokenizer = prompts.tokenizer

    def cut(prompt: Any) -> tuple[str, list[str]]:
        one = prompts.continued(Prompt("1", prompt, {"continuations": ["7", "12"]}))
        return tokenizer.decode(one.prompt), [tokenizer.decode(text) for text in one.texts]

    assert cut("5+2=") == ("5+2=", [" 7", " 12"])
    assert cut("5+2= ") == ("5+2=", [" 7", " 12"])
    assert cut("5+2=\n") == ("5+2=", ["\n7", "\n12"])
    whole = tokenizer.apply_chat_template(
        [{"role": "user", "content": "5+2"}], tokenize=False, add_generation_prompt=True
    )
    start, texts = cut([{"role": "user", "content": "5+2"}])
    assert [start + text for text in texts] == [whole + "7", whole + "12"]  # no space behind a chat template
    tokenizer.chat_template = "{{ messages[0]['content'] }}="  # one that ends in no white space
    assert cut([{"role": "user", "content": "5+2"}]) == ("5+2=", ["7", "12"])


def test_a_text_that_does_not_fit_is_refused(engine: TransformersEngine) -> None:
    long = Prompt("long", "1+1=", {"continuations": ["2", "3" * 5_000]})
    with pytest.raises(EvaluationError, match=r"'long' and the longest text to choose have .* tokens, more than the"):
        engine.plan([long], CHOSEN)
    with pytest.raises(EvaluationError, match="'1' has no texts to choose from"):
        engine.plan([Prompt("1", "1+1=", {})], CHOSEN)


CARD = """
name: sums
source: {{file: {file}}}
user: "{{question}}"
chat: false
choices: options
reference: answer
rewards: choice=1,choice_norm=0
primary: choice
"""


def test_a_task_with_choices_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [{"question": f"{n}+27=", "options": [str(n + 27), "7"], "answer": 0} for n in range(14, 24)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "card.yaml").write_text(CARD.format(file=tmp_path / "rows.jsonl"))
    asked = ["run", "--task", str(tmp_path / "card.yaml"), "--model", "demo", "--out", str(tmp_path / "run")]
    assert main(asked) == 0
    run = Run.open(tmp_path / "run")
    for row, score in zip(run.rows(), run.scores(), strict=True):
        values = logprobs(row)
        assert score.rewards["choice"].value == float(values[0] >= values[1])
        assert score.rewards["choice_norm"].value == float(values[0] / 2 >= values[1])
    assert run.manifest.sampling is not None
    assert run.manifest.sampling["likelihood"] is True
    before = (tmp_path / "run" / "completions.jsonl").read_bytes()
    assert main([*asked, "--resume"]) == 0
    assert (tmp_path / "run" / "completions.jsonl").read_bytes() == before
    capsys.readouterr()
    assert main([*asked[:-1], str(tmp_path / "other"), "--samples", "4"]) == 2
    assert "choices are asked by their likelihood, once" in capsys.readouterr().err


def test_the_figures_are_those_of_lm_evaluation_harness(shared: Path, smollm2: Path, tmp_path: Path) -> None:
    """The harness' log of SmolLM2-135M-Instruct: acc, acc_norm and every log-probability, row by row."""
    (log,) = (shared / "data/logs/lm_eval/base").glob("samples_mmlu*.jsonl")
    theirs = [json.loads(line) for line in log.read_text().splitlines()[:8]]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(one["doc"]) + "\n" for one in theirs))
    card = CARD.format(file=tmp_path / "rows.jsonl").replace('"{question}"', '"Question: {question}\\nAnswer:"')
    (tmp_path / "card.yaml").write_text(card.replace("choices: options", "choices: choices"))
    run = tmp_path / "run"
    assert main(["run", "--task", str(tmp_path / "card.yaml"), "--model", f"smol={smollm2}", "--out", str(run)]) == 0
    for one, row, score in zip(theirs, Run.open(run).rows(), Run.open(run).scores(), strict=True):
        assert logprobs(row) == pytest.approx([float(value) for value, _ in one["filtered_resps"]], abs=0.02)
        assert (score.rewards["choice"].value, score.rewards["choice_norm"].value) == (one["acc"], one["acc_norm"])
