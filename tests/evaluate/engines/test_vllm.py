"""The vLLM engine against a stand-in for the library: what is asked of it, and what is kept.

The library itself is tried in tests/vllm.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from grpokit.evaluate import Prompt, Request, Row, Sampling, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import Loading, load_engines
from grpokit.evaluate.engines.spec import ModelSpec, VllmSettings
from grpokit.evaluate.engines.vllm_loading import PROBE_CHOICES, QUIET
from grpokit.evaluate.types import Engine, EvaluationError
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

SHIFT = 0.25
"""What an adapter changes of a log-probability."""

TRIAL = [{"prompt_token_ids": [0]}]
"""What a model is asked when it has been loaded."""

LOADED: list[dict[str, Any]] = []
ASKED: list[dict[str, Any]] = []


class LLM:
    """Loads nothing, notes what it is asked and ends every answer by a token, a stop string, or its length."""

    def __init__(self, **arguments: Any) -> None:
        LOADED.append(arguments)
        config = SimpleNamespace(
            dtype="torch.bfloat16", max_model_len=128, quantization=None, get_vocab_size=lambda: 99
        )
        self.llm_engine = SimpleNamespace(model_config=config)

    def generate(self, prompts: Sequence[Any], settings: Sequence[Any], **others: Any) -> list[Any]:
        if prompts == TRIAL:
            return []
        if getattr(settings[0], "prompt_logprobs", None) == PROBE_CHOICES:
            likely = -1.0 if others["lora_request"] is None else -1.0 + SHIFT
            places = [{token: SimpleNamespace(logprob=likely)} for token in prompts[0]["prompt_token_ids"][1:]]
            return [SimpleNamespace(prompt_logprobs=[None, *places])]
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
    platforms = ModuleType("vllm.platforms")
    platforms.current_platform = SimpleNamespace(is_cpu=lambda: True, device_type="cpu")  # type: ignore[attr-defined]  # a module made here
    for name in QUIET:
        monkeypatch.setenv(name, "")  # so that what the engine sets is gone afterwards
        monkeypatch.delenv(name)
    package.LLM, package.SamplingParams = LLM, SimpleNamespace  # type: ignore[attr-defined]  # a module made here
    request.LoRARequest = lambda *arguments: arguments  # type: ignore[attr-defined]  # a module made here
    for module in (package, platforms, lora, request):
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


def test_vllm_is_asked_with_the_same_template_arguments_and_prefill(capsys: pytest.CaptureFixture[str]) -> None:
    prompts = list(load_task("arithmetic").prompts(limit=2))
    begun = [
        prompt._replace(text=[*prompt.text, {"role": "assistant", "content": "<reasoning>"}]) for prompt in prompts
    ]
    sampling, own = replace(SAMPLED, template={"effort": 1, "x": 0}), {"effort": 2}
    specs = [replace(ModelSpec.parse(text), template=own) for text in ("demo", "there=vllm:demo")]
    here, there = load_engines(specs)
    here.plan(begun, sampling)
    rows = answers(there, begun, sampling)
    assert here.describe()["prompt_tokens"] == there.describe()["prompt_tokens"]
    assert here.describe()["template_arguments"] == there.describe()["template_arguments"] == {"effort": 2, "x": 0}
    assert [row.text for row in rows] == ["<reasoning>34"] * 4
    said = capsys.readouterr().err
    assert said.count("there: the chat template does not read 'effort' and 'x', so nothing comes of it.") == 1
    answers(there, begun, sampling)
    assert capsys.readouterr().err == ""  # said once
    answers(there, prompts)
    assert there.describe()["template_arguments"] == own  # another task's arguments are its own


def test_vllm_loads_a_base_once_for_all_its_adapters(adapter: Path) -> None:
    prompts = list(load_task("arithmetic").prompts(limit=1))
    specs = [ModelSpec.parse("base=vllm:demo"), ModelSpec.parse(f"tuned=vllm:demo+{adapter}")]
    for engine in load_engines(specs):
        answers(engine, prompts)
    assert len(LOADED) == 1
    assert LOADED[0]["enable_lora"]
    assert LOADED[0]["max_lora_rank"] == 32  # the least limit of vLLM's that rank 20 fits in
    assert [asked["lora_request"] is None for asked in ASKED] == [True, True, False, False]
    assert engine.describe()["adapter_probe_change"] == SHIFT


def test_logs_go_to_standard_error_unless_somebody_has_said_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    next(load_engines([ModelSpec.parse("vllm:demo")]))
    assert [os.environ[name] for name in QUIET] == ["ext://sys.stderr", "DEBUG"]


def test_an_adapter_that_changes_nothing_in_vllm_is_an_error(adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SHIFT", 0.0)
    with pytest.raises(EvaluationError, match=r"changes nothing in vLLM: .* rounding of bfloat16"):
        next(load_engines([ModelSpec.parse(f"vllm:demo+{adapter}")]))


def test_settings_reach_vllm() -> None:
    settings = VllmSettings.parse(["max_model_len=64", "enforce_eager=true"])
    engine = next(load_engines([ModelSpec.parse("vllm:demo")], batch_size=7, vllm=settings))
    given = {"max_model_len": 64, "enforce_eager": True, "max_num_seqs": 7}
    assert given.items() <= LOADED[0].items()
    assert LOADED[0]["generation_config"] == "vllm"  # and not the checkpoint's, which may ask for something else
    assert engine.describe()["settings"] == given
    assert engine.describe()["device"] == "cpu"
    next(load_engines([ModelSpec.parse("vllm:demo")]))
    assert not {*given, "tensor_parallel_size", "gpu_memory_utilization"} & LOADED[1].keys()  # left to vLLM


@pytest.mark.parametrize(
    ("wanted", "named", "on_cpu", "dtype"),
    [
        ("auto", "bfloat16", True, "float32"),  # as transformers loads it
        ("auto", "float32", False, "float32"),  # vLLM's own "auto" rounds it to bfloat16
        ("auto", "float16", False, "float16"),
        ("auto", None, False, "auto"),  # nothing is known of the checkpoint
        ("bfloat16", "float32", True, "bfloat16"),
    ],
)
def test_vllm_loads_in_the_dtype_that_transformers_takes(
    wanted: str, named: str | None, on_cpu: bool, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(checkpoint_path(), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": named}))
    monkeypatch.setattr(sys.modules["vllm.platforms"].current_platform, "is_cpu", lambda: on_cpu)
    next(load_engines([ModelSpec.parse(f"vllm:{folder}")], loading=Loading(dtype=wanted)))
    assert LOADED[0]["dtype"] == dtype


@pytest.mark.parametrize(
    ("stream", "written", "raised", "said"),
    [
        # another process fails, and the exception here says only that it did
        (1, "(EngineCore pid=7) ValueError: no room.", RuntimeError("Engine core initialization failed."), "no room."),
        (2, "torch.OutOfMemoryError: no room", RuntimeError("EngineCore encountered an issue."), "no room."),
        (2, "nothing", RuntimeError("Engine core initialization failed."), "Engine core initialization failed."),
        # the exception here says it, whatever came before it
        (2, "KeyError: x", RuntimeError("No CUDA GPUs are available"), "No CUDA GPUs are available."),
        # pydantic says it on its second line
        (2, "", ValueError("1 validation error\n  Value error, too long [type=value_error, x=1]"), "too long."),
    ],
)
def test_a_model_that_vllm_cannot_serve_is_one_line(
    stream: int,
    written: str,
    raised: Exception,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(**arguments: Any) -> None:
        os.write(stream, f"{written}\n".encode())
        raise raised

    monkeypatch.setattr(sys.modules["vllm"], "LLM", fail)
    with pytest.raises(EvaluationError) as caught:
        next(load_engines([ModelSpec.parse("vllm:demo")]))
    assert str(caught.value) == f"vLLM cannot serve {checkpoint_path()}: {said}"
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"{written}\n")  # standard output is the command's own


def test_a_shape_that_vllm_has_no_kernel_for_is_one_line_before_any_question(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: LLM, prompts: Sequence[Any], settings: Sequence[Any], **others: Any) -> list[Any]:
        raise RuntimeError("Worker failed with error 'head_dim=16', please check the stack trace above for the cause")

    monkeypatch.setattr(LLM, "generate", fail)
    with pytest.raises(EvaluationError) as caught:
        next(load_engines([ModelSpec.parse("vllm:demo")]))
    assert str(caught.value) == f"vLLM cannot serve {checkpoint_path()}: head_dim=16."


def test_a_process_of_vllms_writes_to_standard_error_in_all_its_life(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Starting(LLM):
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.process = subprocess.Popen(
                ["sh", "-c", "read x; echo 'OSError: no space left'"], stdin=subprocess.PIPE
            )

        def generate(self, prompts: Sequence[Any], settings: Sequence[Any], **others: Any) -> list[Any]:
            if prompts == TRIAL:
                return []
            self.process.communicate(b"\n")
            raise RuntimeError("EngineCore encountered an issue. See stack trace (above) for the root cause.")

    monkeypatch.setattr(sys.modules["vllm"], "LLM", Starting)
    engine = next(load_engines([ModelSpec.parse("vllm:demo")]))
    said = rf"vLLM stopped answering {checkpoint_path()}: no space left\. Finished rows are kept; use --resume"
    with pytest.raises(EvaluationError, match=said):
        answers(engine, list(load_task("arithmetic").prompts(limit=1)))
    out, err = capfd.readouterr()
    assert (out, err) == ("", "OSError: no space left\n")


def test_vllm_is_asked_for_the_likelihood_of_each_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt's log-probabilities: None for its first token, then one mapping per token."""

    def read(self: LLM, prompts: Sequence[Any], settings: Sequence[Any], **others: Any) -> list[Any]:
        if prompts == TRIAL:
            return []
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


def test_with_adapters_vllm_reads_one_text_at_a_time(adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM 0.32 fails on two where it has room for adapters, with an adapter and without one."""
    sizes: list[int] = []

    def read(self: LLM, prompts: Sequence[Any], settings: Sequence[Any], **others: Any) -> list[Any]:
        if prompts == TRIAL:
            return []
        sizes.append(len(prompts))
        own = -1.0 if others["lora_request"] is None else -2.0
        known = [[{token: SimpleNamespace(logprob=own)} for token in one["prompt_token_ids"][1:]] for one in prompts]
        return [SimpleNamespace(prompt_logprobs=[None, *one]) for one in known]

    monkeypatch.setattr(LLM, "generate", read)
    prompt = Prompt("1", "14+27=", {"continuations": ["41", "7"]})
    specs = [ModelSpec.parse("base=vllm:demo"), ModelSpec.parse(f"tuned=vllm:demo+{adapter}")]
    for engine, own in zip(load_engines(specs), (-1.0, -2.0), strict=True):
        sizes.clear()
        (row,) = answers(engine, [prompt], Sampling(likelihood=True))
        assert not isinstance(row.text, str)
        assert [choice["logprob"] for choice in row.text[-1]["choices"]] == [own * 3, own * 2]  # a space is theirs too
        assert sizes == [1, 1]
    answers(next(load_engines(specs[:1])), [prompt], Sampling(likelihood=True))
    assert sizes[-1] == 2


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
