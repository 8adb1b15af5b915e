"""The engine on real checkpoints: batch-invariant, right at every end token, honest about what does not fit."""

import json
import shutil
import weakref
from pathlib import Path
from typing import Literal

import pytest
import torch
from grpokit.evaluate import Prompt, Request, Row, Sampling, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import Loading, load_engines
from grpokit.evaluate.engines.loading import load_base
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.evaluate.types import EvaluationError
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer


@pytest.fixture(scope="module")
def engine() -> TransformersEngine:
    return next(load_engines([ModelSpec.parse("demo")]))


@pytest.fixture(scope="module")
def prompts() -> list[Prompt]:
    return list(load_task("arithmetic").prompts(limit=24))


def generate(
    engine: TransformersEngine, prompts: list[Prompt], sampling: Sampling, size: int | None = None
) -> list[Row]:
    engine.batch_size = size
    plan = engine.plan(prompts, sampling)
    requests = [Request(prompt, sample) for prompt in plan for sample in range(sampling.samples)]
    return [row for rows in engine.generate(requests, sampling) for row in rows]


SAMPLED = Sampling(samples=3, temperature=1.0, max_new_tokens=24)
GREEDY = Sampling(max_new_tokens=24)


@pytest.mark.parametrize("sampling", [SAMPLED, GREEDY], ids=["sampled", "greedy"])
def test_field_4_the_batch_size_changes_nothing(
    engine: TransformersEngine, prompts: list[Prompt], sampling: Sampling
) -> None:
    assert generate(engine, prompts, sampling, 1) == generate(engine, prompts, sampling, 7)
    assert generate(engine, prompts, sampling, 7) == generate(engine, prompts, sampling, None)


def test_samples_differ_and_another_seed_gives_others(engine: TransformersEngine, prompts: list[Prompt]) -> None:
    first = [row.text for row in generate(engine, prompts, SAMPLED)]
    other = [row.text for row in generate(engine, prompts, Sampling(3, 1.0, max_new_tokens=24, seed=1))]
    assert first != other
    assert any(len(set(first[start : start + 3])) > 1 for start in range(0, len(first), 3))


def test_greedy_is_what_transformers_generates_alone(engine: TransformersEngine, prompts: list[Prompt]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint_path())
    model = AutoModelForCausalLM.from_pretrained(checkpoint_path())
    for row in generate(engine, prompts[:4], GREEDY):
        prompt = next(prompt for prompt in prompts if prompt.id == row.prompt_id)
        ids = tokenizer.apply_chat_template(
            list(prompt.text), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        out = model.generate(**ids, max_new_tokens=24, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert row.token_ids == out.tolist()
        assert row.tokens == len(out)
        assert row.text == tokenizer.decode(out[:-1] if row.finish_reason == "eos" else out)


@pytest.mark.parametrize("size", [5, None])
def test_tokens_are_reported_while_a_batch_grows(
    engine: TransformersEngine, prompts: list[Prompt], size: int | None
) -> None:
    engine.batch_size = size
    reported: list[int] = []
    requests = [Request(prompt, 0) for prompt in prompts]
    rows = [row for rows in engine.generate(requests, GREEDY, reported.append) for row in rows]
    assert sum(reported) == sum(row.tokens or 0 for row in rows)
    assert len(reported) > 24 / (size or 24) * 10  # not once per batch
    assert reported[0] == (size or 24)


def test_interrupted_batch_keeps_its_finished_rows(engine: TransformersEngine, prompts: list[Prompt]) -> None:
    sampling = Sampling(samples=3, temperature=1.0, max_new_tokens=24)
    whole = {(row.prompt_id, row.sample): row for row in generate(engine, prompts, sampling)}
    lengths = sorted(row.tokens or 0 for row in whole.values())
    steps = 0

    def interrupt(tokens: int) -> None:
        nonlocal steps
        steps += 1
        if steps > lengths[len(lengths) // 2]:
            raise KeyboardInterrupt

    requests = [Request(prompt, sample) for prompt in prompts for sample in range(3)]
    batches = engine.generate(requests, sampling, interrupt)
    kept = next(batches)
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    assert len(lengths) / 2 <= len(kept) < len(lengths)
    assert kept == [whole[row.prompt_id, row.sample] for row in kept]  # as if nothing had happened


def test_finish_reasons(engine: TransformersEngine, prompts: list[Prompt]) -> None:
    full = generate(engine, prompts, GREEDY)
    assert {row.finish_reason for row in full} == {"eos"}
    cut = generate(engine, prompts, Sampling(max_new_tokens=3))
    assert {(row.finish_reason, row.tokens) for row in cut} == {("length", 3)}
    stopped = generate(engine, prompts, Sampling(max_new_tokens=24, stop=("</reasoning>",)))
    assert {row.finish_reason for row in stopped} >= {"stop"}
    for row, whole in zip(stopped, full, strict=True):
        if row.finish_reason == "stop":
            assert row.text == whole.text.partition("</reasoning>")[0]
            assert list(row.token_ids or []) == list(whole.token_ids or [])[: row.tokens]


def test_every_end_token_of_the_generation_config_ends(tmp_path: Path, prompts: list[Prompt]) -> None:
    folder = shutil.copytree(checkpoint_path(), tmp_path / "two-ends")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    comma = tokenizer.convert_tokens_to_ids("=")
    config = json.loads((folder / "generation_config.json").read_text())
    config["eos_token_id"] = [tokenizer.eos_token_id, comma]
    (folder / "generation_config.json").write_text(json.dumps(config))
    rows = generate(next(load_engines([ModelSpec.parse(str(folder))])), prompts, GREEDY)
    assert any(row.token_ids and row.token_ids[-1] == comma for row in rows)
    assert all("=" not in row.text and row.finish_reason == "eos" for row in rows)


def test_a_prompt_that_does_not_fit_is_told_before_generation(
    engine: TransformersEngine, prompts: list[Prompt]
) -> None:
    with pytest.raises(EvaluationError, match=r"more than the context of 128\. Give --max-new-tokens \d+ or less"):
        engine.plan(prompts, Sampling(max_new_tokens=120))
    with pytest.raises(EvaluationError, match=r"more than the context of 128\. Give shorter prompts"):
        engine.plan([Prompt("long", "1+" * 500, {})], Sampling(max_new_tokens=1))


def test_field_5_memory_running_out_halves_the_batch_and_loses_no_row(
    engine: TransformersEngine, prompts: list[Prompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = generate(engine, prompts, SAMPLED, 8)
    real, sizes = engine.base.model.generate, []

    def scarce(**inputs: torch.Tensor) -> torch.Tensor:
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 8:
            raise torch.OutOfMemoryError("out of memory")
        return real(**inputs)

    monkeypatch.setattr(engine.base.model, "generate", scarce)
    assert generate(engine, prompts, SAMPLED, 32) == expected
    assert sizes[:3] == [32, 16, 8]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA on the demo checkpoint whose B matrices are not zero."""
    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(checkpoint_path())
    peft = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    peft.save_pretrained(folder)
    return folder


def test_base_and_adapter_share_one_load_and_stay_apart(prompts: list[Prompt], adapter: Path) -> None:
    specs = [ModelSpec.parse("base=demo"), ModelSpec.parse(f"tuned=demo+{adapter}"), ModelSpec.parse("again=demo")]
    made = list(load_engines(specs))
    assert made[0].base is made[1].base is made[2].base
    base, tuned, again = (generate(each, prompts, GREEDY) for each in made)
    assert [row.text for row in base] == [row.text for row in again]
    assert [row.text for row in base] != [row.text for row in tuned]
    assert base[0].weights == again[0].weights != tuned[0].weights
    assert made[1].describe()["adapter_probe_change"] > 0


def test_field_10_the_adapter_answers_as_its_merged_model(prompts: list[Prompt], adapter: Path) -> None:
    tuned = next(load_engines([ModelSpec.parse(f"demo+{adapter}")]))
    rows = generate(tuned, prompts, GREEDY)
    tuned.base.model = tuned.base.model.merge_and_unload()
    tuned.base.adapters, tuned.adapter = {}, None
    assert [row.text for row in generate(tuned, prompts, GREEDY)] == [row.text for row in rows]


def test_field_10_an_adapter_that_changes_nothing_is_an_error(tmp_path: Path) -> None:
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(checkpoint_path()), LoraConfig(target_modules="all-linear")
    )
    model.save_pretrained(tmp_path)  # fresh: B is zero
    with pytest.raises(EvaluationError, match="changes nothing"):
        load_base(ModelPath("demo")).add_adapter(tmp_path)


def test_two_bases_are_never_held_at_once(tmp_path: Path) -> None:
    other = shutil.copytree(checkpoint_path(), tmp_path / "other")
    engines = load_engines([ModelSpec.parse("demo"), ModelSpec.parse(str(other))])
    first = next(engines)
    model = weakref.ref(first.base.model)
    del first
    next(engines)
    assert model() is None


@pytest.mark.parametrize("quantization", ["4bit", "8bit"])
def test_a_base_loads_in_few_bits(prompts: list[Prompt], quantization: Literal["4bit", "8bit"]) -> None:
    engine = next(load_engines([ModelSpec.parse("demo")], loading=Loading(quantization=quantization)))
    rows = generate(engine, prompts[:2], Sampling(max_new_tokens=4))
    assert [row.tokens for row in rows] == [4, 4]
    kinds = {type(module).__name__ for module in engine.base.model.modules()}
    assert {"4bit": "Linear4bit", "8bit": "Linear8bitLt"}[quantization] in kinds
    assert engine.describe()["quantization"] == quantization


def test_an_adapter_for_another_base_is_told(tmp_path: Path, adapter: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = shutil.copytree(checkpoint_path(), tmp_path / "wider")
    config = LlamaConfig.from_pretrained(folder, hidden_size=32, intermediate_size=64)
    LlamaForCausalLM(config).save_pretrained(folder)
    with pytest.raises(EvaluationError, match="does not fit base"):
        load_base(ModelPath(str(folder))).add_adapter(adapter)


def test_an_adapter_whose_targets_are_no_pattern_is_one_line(adapter: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(adapter, tmp_path / "broken")
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"target_modules": "(("}))
    with pytest.raises(EvaluationError, match="does not fit base"):
        load_base(ModelPath("demo")).add_adapter(folder)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("/no/such/folder", "no folder /no/such/folder"),
        ("./neither", "no folder ./neither"),
        ("{empty}", "holds no checkpoint"),
        ("{bare}", "holds no weights"),
        ("{adapter}", "write BASE\\+ADAPTER"),
        ("demo+{empty}", "holds no adapter"),
        ("{torn}", "cannot load checkpoint .*torn"),
        ("{dumb}", "holds no tokenizer"),
        ("demo+{tornadapter}", "does not fit base"),
    ],
)
def test_wrong_checkpoints_are_told(tmp_path: Path, adapter: Path, spec: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text("{}")
    torn, dumb = (
        shutil.copytree(checkpoint_path(), tmp_path / "torn"),
        shutil.copytree(checkpoint_path(), tmp_path / "dumb"),
    )
    (torn / "model.safetensors").write_bytes((torn / "model.safetensors").read_bytes()[:1000])
    for file in dumb.glob("tokenizer*"):
        file.unlink()
    tornadapter = shutil.copytree(adapter, tmp_path / "tornadapter")
    (tornadapter / "adapter_model.safetensors").write_bytes(b"torn")
    folders = {"torn": torn, "dumb": dumb, "tornadapter": tornadapter, "adapter": adapter}
    text = spec.format(empty=tmp_path / "empty", bare=tmp_path / "bare", **folders)
    with pytest.raises(EvaluationError, match=said):
        list(load_engines([ModelSpec.parse(text)]))


def test_no_network_for_a_hub_id_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EvaluationError, match="no folder org/absent here, and the hub cannot be reached") as caught:
        load_base(ModelPath("org/absent"))
    assert "\n" not in str(caught.value)


def test_a_real_checkpoint_tells_its_story(shared: Path) -> None:
    engine = next(load_engines([ModelSpec.parse(str(shared / "models" / "stories260K"))]))
    rows = generate(engine, [Prompt("0", "Once upon a time", {})], Sampling(max_new_tokens=24))
    story = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park."
    assert story.startswith("Once upon a time" + rows[0].text[:40])


def test_field_6_no_bos_is_doubled(shared: Path) -> None:
    from grpokit.evaluate.rendering import encode

    tokenizer = AutoTokenizer.from_pretrained(shared / "models" / "stories260K")
    bos = tokenizer.bos_token_id
    assert encode(tokenizer, "Once").count(bos) <= 1
    assert encode(tokenizer, f"{tokenizer.bos_token}Once").count(bos) == 1
    tokenizer.chat_template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    assert encode(tokenizer, [{"role": "user", "content": "Once"}]).count(bos) == 1
