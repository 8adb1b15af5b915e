"""The vLLM engine against a stand-in for the library, which needs a GPU: what is asked of it, and what is kept."""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from grpokit.evaluate import Prompt, Request, Row, Sampling, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import Loading, load_engines
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.types import Engine, EvaluationError
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

LOADED: list[dict[str, Any]] = []
ASKED: list[dict[str, Any]] = []


class LLM:
    """Loads nothing, notes what it is asked and ends every answer by a token, a stop string, or its length."""

    def __init__(self, **arguments: Any) -> None:
        LOADED.append(arguments)
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(dtype="torch.bfloat16", max_model_len=128))

    def generate(self, prompts: Sequence[Any], settings: Sequence[Any], **others: Any) -> list[Any]:
        ends = [("stop", None), ("stop", "</answer>"), ("length", None)]
        ASKED.extend({**p, **vars(s), **others} for p, s in zip(prompts, settings, strict=True))
        answers = [
            SimpleNamespace(text="34", token_ids=(5, 6), finish_reason=reason, stop_reason=stop)
            for reason, stop in (ends[index % 3] for index in range(len(prompts)))
        ]
        return [SimpleNamespace(outputs=[answer]) for answer in answers]


@pytest.fixture(autouse=True)
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    LOADED.clear()
    ASKED.clear()
    package, lora, request = ModuleType("vllm"), ModuleType("vllm.lora"), ModuleType("vllm.lora.request")
    package.LLM, package.SamplingParams = LLM, SimpleNamespace  # type: ignore[attr-defined]  # a module made here
    request.LoRARequest = lambda *arguments: arguments  # type: ignore[attr-defined]  # a module made here
    for module in (package, lora, request):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA of rank 20 on the demo checkpoint."""
    folder = tmp_path_factory.mktemp("adapter")
    model = AutoModelForCausalLM.from_pretrained(checkpoint_path())
    get_peft_model(model, LoraConfig(r=20, target_modules=["q_proj"], init_lora_weights=False)).save_pretrained(folder)
    return folder


SAMPLED = Sampling(samples=2, temperature=0.7, top_p=0.9, max_new_tokens=24, stop=("</answer>",))


def answers(engine: Engine, prompts: list[Prompt], sampling: Sampling = SAMPLED) -> list[Row]:
    requests = [
        Request(prompt, sample) for prompt in engine.plan(prompts, sampling) for sample in range(sampling.samples)
    ]
    return [row for rows in engine.generate(requests, sampling) for row in rows]


def test_field_9_vllm_is_asked_with_the_same_tokens_as_transformers() -> None:
    prompts = list(load_task("arithmetic").prompts(limit=3))
    here, there = load_engines([ModelSpec.parse("demo"), ModelSpec.parse("there=vllm:demo")])
    here.plan(prompts, SAMPLED)
    rows = answers(there, prompts)
    assert here.describe()["prompt_tokens"] == there.describe()["prompt_tokens"]
    assert here.describe()["template"] == there.describe()["template"]
    assert here.weights == there.weights == rows[0].weights
    assert [row.finish_reason for row in rows[:3]] == ["eos", "stop", "length"]
    asked = ASKED[0]
    assert asked["stop_token_ids"] == [3]  # the demo's <|im_end|>, whatever vLLM reads of the checkpoint's end tokens
    assert (asked["temperature"], asked["top_p"], asked["top_k"], asked["max_tokens"]) == (0.7, 0.9, -1, 24)
    assert len({asked["seed"] for asked in ASKED}) == len(rows) == 6


def test_vllm_loads_a_base_once_for_all_its_adapters(adapter: Path) -> None:
    prompts = list(load_task("arithmetic").prompts(limit=1))
    specs = [ModelSpec.parse("base=vllm:demo"), ModelSpec.parse(f"tuned=vllm:demo+{adapter}")]
    for engine in load_engines(specs):
        answers(engine, prompts)
    assert len(LOADED) == 1
    assert LOADED[0]["enable_lora"]
    assert LOADED[0]["max_lora_rank"] == 32  # the least limit of vLLM's that rank 20 fits in
    assert [asked["lora_request"] is None for asked in ASKED] == [True, True, False, False]


def test_vllm_is_asked_for_the_likelihood_of_each_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt's log-probabilities: None for its first token, then one mapping per token."""

    def read(self: LLM, prompts: Sequence[Any], settings: Sequence[Any], **others: Any) -> list[Any]:
        ASKED.extend({**p, **vars(s), **others} for p, s in zip(prompts, settings, strict=True))
        tokens = [one["prompt_token_ids"] for one in prompts]
        known = [[{token: SimpleNamespace(logprob=-token / 8)} for token in one[1:]] for one in tokens]
        return [SimpleNamespace(prompt_logprobs=[None, *one]) for one in known]

    monkeypatch.setattr(LLM, "generate", read)
    engine = next(load_engines([ModelSpec.parse("vllm:demo")]))
    prompt = Prompt("1", "14+27=", {"continuations": ["41", "7"]})
    (row,) = answers(engine, [prompt], Sampling(likelihood=True))
    assert not isinstance(row.text, str)
    asked = [one["prompt_token_ids"] for one in ASKED]
    shared = next(at for at, pair in enumerate(zip(*asked, strict=False)) if len(set(pair)) > 1)
    start = shared - 1  # the space before both texts is theirs
    values = [choice["logprob"] for choice in row.text[-1]["choices"]]
    assert values == [-sum(tokens[start:]) / 8 for tokens in asked]
    assert {(one["max_tokens"], one["prompt_logprobs"]) for one in ASKED} == {(1, 0)}
    with pytest.raises(EvaluationError, match="more than the context of 127"):
        engine.plan([Prompt("2", "1" * 126, {"continuations": ["41", "7"]})], Sampling(likelihood=True))


def test_vllm_refuses_what_it_cannot_use(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no adapter"):
        next(load_engines([ModelSpec.parse(f"vllm:demo+{tmp_path}")]))
    engine = next(load_engines([ModelSpec.parse("vllm:demo")]))
    with pytest.raises(EvaluationError, match="more than the context of 128"):
        engine.plan(list(load_task("arithmetic").prompts(limit=1)), Sampling(max_new_tokens=120))


@pytest.mark.parametrize("trusted", [False, True])
def test_vllm_runs_a_checkpoints_code_where_that_is_said(
    trusted: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(checkpoint_path(), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoConfig": "own.Config"}}))
    next(load_engines([ModelSpec.parse(f"vllm:{folder}")], loading=Loading(trust_remote_code=trusted)))
    assert LOADED[0]["trust_remote_code"] is trusted
    fate = "which runs, as --trust-remote-code says" if trusted else "which does not run"
    assert fate in capsys.readouterr().err


def test_without_vllm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(EvaluationError, match=r"grpokit\[vllm\]"):
        next(load_engines([ModelSpec.parse("vllm:demo")]))
