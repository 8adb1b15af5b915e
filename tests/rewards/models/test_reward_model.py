"""A reward model in a mix, with tiny real ones built on the spot."""

import json
import math
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from grpokit.commands.eval import main
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.types import Prompt
from grpokit.rewards import RewardError, RewardMix, get
from grpokit.rewards.checks.conformance import check
from grpokit.rewards.models import scorer as scorer_module
from grpokit.rewards.models.reward_model import RewardModel
from grpokit.rewards.models.scorer import scorer
from grpokit.rewards.registry import spec_of
from grpokit.tests.rewards.models.judges import (
    ANSWERS,
    CHAT,
    CONTEXT,
    write_adapter,
    write_causal,
    write_judge,
    write_tokenizer,
)
from grpokit.train.data import ROW
from grpokit.train.rewards import TrainingReward
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer


def alone(folder: Path, text: str) -> float:
    """Return the score of one text, as the class's own documentation does it."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, pad_token_id=tokenizer.pad_token_id)
    with torch.inference_mode():
        return float(model(**tokenizer(text, add_special_tokens=False, return_tensors="pt")).logits[0, 0])


def in_trl(folder: Path, prompts: list[Any], completions: list[Any], out: Path) -> list[float]:
    """Return what TRL's trainer makes of the same model, prompts and completions."""
    trainer = GRPOTrainer(
        str(checkpoint_path()),
        reward_funcs=[str(folder)],
        args=GRPOConfig(output_dir=str(out), report_to="none", use_cpu=True, bf16=False),
        train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
    )
    values = trainer._calculate_rewards([{} for _ in prompts], prompts, completions, [[1]] * len(prompts))
    return [float(value) for value in values[:, 0]]


def test_the_values_are_trls(judge: Path, tmp_path: Path) -> None:
    reward = RewardModel(model=str(judge))
    messages = [[{"role": "assistant", "content": text}] for text in ANSWERS]
    expected = in_trl(judge, CHAT, messages, tmp_path)
    assert len({round(value, 3) for value in expected}) == 3  # or any three numbers would do
    assert reward(prompts=CHAT, completions=messages) == pytest.approx(expected, abs=1e-5)
    assert reward(prompts=CHAT, completions=ANSWERS) == pytest.approx(expected, abs=1e-5)  # as evaluation stores them
    asked = ["14+27=", "3+27=", "60+27="]
    expected = in_trl(judge, asked, ANSWERS, tmp_path)
    assert reward(prompts=asked, completions=ANSWERS) == pytest.approx(expected, abs=1e-5)


def test_a_score_does_not_depend_on_the_batch(judge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{prompt[0]['content']}{answer}" for prompt, answer in zip(CHAT, ANSWERS, strict=True)]
    expected = [alone(judge, text) for text in texts]
    assert scorer(str(judge), "cpu").score(texts) == pytest.approx(expected, abs=1e-5)
    monkeypatch.setattr(scorer_module, "TOKENS", 1)  # each alone
    assert scorer(str(judge), "cpu").score(texts) == pytest.approx(expected, abs=1e-5)


def test_center_scale_and_ends(judge: Path) -> None:
    score = RewardModel(model=str(judge)).explain(prompts=CHAT[:1], completions=ANSWERS[:1])[0]
    assert score.value is not None
    assert (score.status, score.reason) == ("scored", f"the model's score is {score.value:.4g}")
    (value,) = RewardModel(model=str(judge), center=0.5, scale=-2)(prompts=CHAT[:1], completions=ANSWERS[:1])
    assert value == pytest.approx(-2 * (score.value - 0.5))
    low, high = score.value + 1, score.value - 1
    assert RewardModel(model=str(judge), low=low)(prompts=CHAT[:1], completions=ANSWERS[:1]) == [low]
    assert RewardModel(model=str(judge), high=high)(prompts=CHAT[:1], completions=ANSWERS[:1]) == [high]
    assert RewardModel(model=str(judge)).range == (-math.inf, math.inf)


def test_a_text_longer_than_the_context_has_no_score(judge: Path) -> None:
    long = "7" * (CONTEXT + 1)
    judged = RewardModel(model=str(judge)).explain(prompts=["", ""], completions=["7", long])
    assert judged[0].value is not None
    assert judged[1][:2] == (None, "too long")
    context = f"the model's context has {CONTEXT} tokens"
    assert judged[1].reason == f"prompt and completion have {CONTEXT + 1} tokens; {context}"
    (judged_far,) = RewardModel(model=str(judge)).explain(prompts=[""], completions=["7" * (CONTEXT * 32 + 1)])
    assert judged_far.reason == f"prompt and completion have 8,193 characters; {context}"
    whole = RewardModel(model=str(judge))(prompts=[""], completions=["7" * CONTEXT])
    assert whole != [None]


@pytest.mark.parametrize("text", ["", "\ud800", "\x00", "</s>", "<|im_end|>"])
def test_odd_texts_have_a_score(judge: Path, text: str) -> None:
    for prompts in ([""], CHAT[:1]):
        (value,) = RewardModel(model=str(judge))(prompts=prompts, completions=[text])
        assert value is not None


def test_equal_texts_have_equal_scores(judge: Path) -> None:
    """Rows of one batch are rounded differently, and a group of equal completions has nothing to teach."""
    values = RewardModel(model=str(judge))(prompts=[CHAT[0]] * 8, completions=["41", *["8" * 40] * 3, *["41"] * 4])
    assert len(set(values)) == 2


def test_a_closing_token_is_no_part_of_the_answer(judge: Path) -> None:
    reward, asked = RewardModel(model=str(judge)), [CHAT[0]] * 3
    written = [{"role": "assistant", "content": "41<|im_end|>"}]
    assert len(set(reward(prompts=asked, completions=["41", "41<|im_end|>", written]))) == 1
    plain = reward(prompts=["14+27="] * 2, completions=["41", "41</s>"])
    assert plain[0] == plain[1]


def test_on_a_cpu_it_computes_in_float32(judge: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    AutoModelForSequenceClassification.from_pretrained(judge, dtype="bfloat16").save_pretrained(half)
    AutoTokenizer.from_pretrained(judge).save_pretrained(half)
    assert scorer(str(half), "cpu")._model.dtype == torch.float32


def test_an_adapter_brings_its_head(tmp_path: Path) -> None:
    base = write_causal(tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter", base, head=True)
    first = RewardModel(model=str(adapter))(prompts=CHAT, completions=ANSWERS)
    again = write_adapter(tmp_path / "again", base, head=True)  # the same weights, loaded a second time
    assert first == pytest.approx(RewardModel(model=str(again))(prompts=CHAT, completions=ANSWERS))
    assert len(set(first)) == 3
    assert RewardModel(model=str(adapter)).fingerprint == RewardModel(model=str(again)).fingerprint
    other = write_causal(tmp_path / "other", seed=1)
    shutil.copytree(other, base, dirs_exist_ok=True)
    assert RewardModel(model=str(adapter)).fingerprint != first  # the base's weights count too


def test_an_adapter_on_a_reward_model(judge: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", judge, head=False)
    plain, adapted = RewardModel(model=str(judge)), RewardModel(model=str(adapter))
    assert adapted(prompts=CHAT, completions=ANSWERS) != plain(prompts=CHAT, completions=ANSWERS)
    assert adapted.fingerprint != plain.fingerprint


def test_plain_prompts_need_no_template(tmp_path: Path) -> None:
    folder = write_judge(tmp_path / "plain", template=False)
    assert RewardModel(model=str(folder))(prompts=["14+27="], completions=["41"]) == [
        pytest.approx(alone(folder, "14+27=41"), abs=1e-5)
    ]


def test_the_weights_are_its_identity(judge: Path, tmp_path: Path) -> None:
    reward = RewardModel(model=str(judge))
    elsewhere = RewardModel(model=str(shutil.copytree(judge, tmp_path / "copy")), device="cuda")
    assert reward.fingerprint == elsewhere.fingerprint == pickle.loads(pickle.dumps(reward)).fingerprint
    others = [
        RewardModel(model=str(write_judge(tmp_path / "retrained", seed=1))),
        RewardModel(model=str(write_judge(tmp_path / "bare", template=False))),
        RewardModel(model=str(judge), center=1),
        RewardModel(model=str(judge), scale=2),
        RewardModel(model=str(judge), low=0),
        RewardModel(model=str(judge), high=0),
        RewardModel(),
    ]
    assert len({one.fingerprint for one in (reward, *others)}) == 8
    written = tmp_path / "copy" / "model.safetensors"
    shutil.copy(tmp_path / "retrained" / "model.safetensors", written)  # under the same name, within one process
    assert elsewhere.fingerprint == others[0].fingerprint


def test_it_is_loaded_once_and_by_one_process(judge: Path) -> None:
    assert scorer(str(judge), "cpu") is scorer(str(judge), "cpu")
    assert not RewardModel(model=str(judge)).spreads
    assert not get(f"gate(xml_format,reward_model(model='{judge}',low=0,high=9))").spreads


def test_loading_writes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = write_judge(tmp_path / "quiet")
    capfd.readouterr()
    assert RewardModel(model=str(folder))(prompts=[""], completions=["7"])
    assert capfd.readouterr() == ("", "")
    with pytest.raises(RewardError, match="would be random"):
        RewardModel(model=str(write_causal(tmp_path / "causal")))(prompts=[""], completions=["7"])
    assert "newly initialized" not in capfd.readouterr().err


def test_under_a_launcher_each_process_has_its_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert [scorer_module._own(device) for device in ("cuda", "cuda:1", "cpu")] == ["cuda:3", "cuda:1", "cpu"]
    monkeypatch.delenv("LOCAL_RANK")
    assert scorer_module._own("cuda") == "cuda:0"


def test_an_adapters_own_tokenizer_counts(judge: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", judge, head=False)
    assert RewardModel(model=str(adapter))(prompts=CHAT, completions=ANSWERS)  # by its base's
    own = shutil.copytree(adapter, tmp_path / "own")
    write_tokenizer(own, template=False)
    with pytest.raises(RewardError, match="has no chat template"):
        RewardModel(model=str(own))(prompts=CHAT, completions=ANSWERS)


def test_its_spec_builds_it_again(judge: Path) -> None:
    reward = get(f"reward_model(model={judge},center=0.5,low=-1)")
    assert get(spec_of(reward)) == reward
    assert reward.parameters == {"model": str(judge), "center": 0.5, "low": -1}


def test_it_passes_the_check_of_rewards(tmp_path: Path) -> None:
    folder = write_judge(tmp_path / "long", max_position_embeddings=2048)
    failed = [one for one in check(RewardModel(model=str(folder), low=-50, high=50)) if one.passed is False]
    assert not failed


def test_one_object_in_run_score_and_audit(judge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, run = f"correctness=1,reward_model(model={judge},scale=0.1)=0.5", tmp_path / "run"
    assert (
        main(["run", "--task", "arithmetic", "--model", "demo", "--limit", "8", "--rewards", spec, "--out", str(run)])
        == 0
    )
    first = [score.rewards for score in Run.open(run).scores()]
    fingerprints = Run.open(run).manifest.mix.fingerprints
    (name,) = (name for name in fingerprints if name.startswith("reward_model"))
    lines = [json.loads(line) for line in (run / "prompts.jsonl").read_text().splitlines()]
    asked, rows = {line["id"]: line["text"] for line in lines}, list(Run.open(run).rows())
    prompts = [asked[row.prompt_id] for row in rows]
    values = RewardMix.parse(spec).rewards[1](prompts=prompts, completions=[row.text for row in rows])
    assert [row[name].value for row in first] == pytest.approx(values, abs=1e-5)
    assert fingerprints[name] == RewardMix.parse(spec).rewards[1].fingerprint
    assert main(["score", str(run), "--rewards", spec, "--out", str(tmp_path / "again")]) == 0
    again = [score.rewards for score in Run.open(tmp_path / "again").scores()]
    assert [row[name].value for row in again] == pytest.approx([row[name].value for row in first], abs=1e-5)
    capsys.readouterr()
    assert main(["signal", str(run), "--group", "4"]) in (0, 1)
    assert "reward_model" in capsys.readouterr().out
    assert main(["audit", "--rewards", spec]) in (0, 1)
    assert "honest" in capsys.readouterr().out


def test_training_calls_the_same_object(judge: Path) -> None:
    reward = RewardModel(model=str(judge))
    prompts = [Prompt(str(place), text, {}) for place, text in enumerate(CHAT)]
    rows: dict[str, Any] = {ROW: [2, 0, 1]}
    values = TrainingReward(reward, prompts)(completions=ANSWERS, prompts=[""] * 3, **rows)
    assert values == pytest.approx(reward(prompts=[CHAT[2], CHAT[0], CHAT[1]], completions=ANSWERS), abs=1e-5)


def test_nothing_heavy_is_imported_before_it_judges() -> None:
    code = (
        "import sys; from grpokit.rewards import get; r = get('reward_model', model='org/judge'); r.range;"
        "print(sorted({'torch', 'transformers', 'huggingface_hub', 'peft'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
