"""The examples of using the rewards elsewhere, and of scoring on many processes, run where the peer is installed."""

import asyncio
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from grpokit.evaluate.demo import checkpoint_path
from grpokit.rewards import RewardMix
from grpokit.rewards.integrations import lm_eval as to_lm_eval

EXAMPLES = Path(__file__).parent.parent / "examples"
RIGHT, WRONG = "<think>6 * 3</think><answer>18</answer>", "<answer>17</answer>"
MIX = "correctness=1,xml_format=0.5,length(target=40)=0.1"


def example(path: str) -> ModuleType:
    """Import an example by its file."""
    spec = importlib.util.spec_from_file_location(f"example_{Path(path).stem}", EXAMPLES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_verl_is_given_a_function() -> None:
    score = example("elsewhere/verl_reward.py").compute_score
    assert score("sums", RIGHT, "18") == {"score": 2.5, "correctness": 1.0, "xml_format": 1.0}
    loading = pytest.importorskip("verl.utils.import_utils", reason="the peer is not installed")
    loaded = loading.load_extern_object(str(EXAMPLES / "elsewhere/verl_reward.py"), "compute_score")
    assert loaded("sums", WRONG, "18")["score"] == 0.0


def test_a_rubric_of_verifiers() -> None:
    peer = pytest.importorskip("verifiers", reason="the peer is not installed")
    if not hasattr(peer, "Rubric"):
        pytest.skip("this verifiers has no Rubric")
    rubric = example("elsewhere/verifiers_rubric.py").rubric()
    assert [function.__name__ for function in rubric.funcs] == ["correctness", "xml_format"]
    assert rubric.weights == [2.0, 0.5]


def test_a_task_of_verifiers() -> None:
    peer = pytest.importorskip("verifiers.v1", reason="the peer is not installed, or older")
    if not hasattr(peer, "TaskData"):
        pytest.skip("this verifiers has another v1")
    made = example("elsewhere/verifiers_task.py")
    task = made.Sum(prompt="How much is 6 * 3?", answer="18")
    values = [asyncio.run(made.solved(task, SimpleNamespace(last_reply=text))) for text in (RIGHT, WRONG)]
    assert values == [1.0, 0.0]


def test_a_task_of_inspect_ai(tmp_path: Path) -> None:
    inspect_ai = pytest.importorskip("inspect_ai", reason="the peer is not installed")
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    outputs = [ModelOutput.from_content("mockllm/model", text) for text in (RIGHT, RIGHT)]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    task, model = example("elsewhere/inspect_task.py").sums(), get_model("mockllm/model", custom_outputs=outputs)
    log = inspect_ai.eval(task, model=model, display="none", log_dir=str(tmp_path), max_samples=1)[0]
    means = {score.name: score.metrics["mean"].value for score in log.results.scores}
    assert means == {"correctness": 0.5, "xml_format": 1.0}


def test_a_task_of_lm_eval_names_rewards_as_its_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = pytest.importorskip("lm_eval", reason="the peer is not installed")
    monkeypatch.chdir(EXAMPLES / "elsewhere")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    results: Any = peer.simple_evaluate(
        "hf", model_args=f"pretrained={checkpoint_path()},dtype=float32", tasks=["lm_eval_sums.yaml"], device="cpu"
    )
    samples = results["samples"]["grpokit_sums"]
    for name, spec in (("correctness", "correctness"), ("length", "length(target=40)")):
        (reward,) = RewardMix.parse(spec).rewards
        for sample in samples:
            answer = sample["filtered_resps"][0]
            (own,) = reward(completions=[answer], answer=[sample["target"]])
            assert sample[name] == pytest.approx(own)
    assert set(results["results"]["grpokit_sums"]) >= {"correctness,none", "length,none"}


def test_a_metric_that_no_reward_is() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'corectness'"):
        to_lm_eval.corectness  # noqa: B018  # the look-up is what fails


def test_rewards_in_the_trainer_of_trl(tmp_path: Path) -> None:
    settings = {"max_steps": 1, "use_cpu": True, "bf16": False}
    trainer = example("elsewhere/trl_rewards.py").trainer(str(checkpoint_path()), str(tmp_path), **settings)
    trainer.train()
    logged = {name for entry in trainer.state.log_history for name in entry}
    assert {"rewards/correctness/mean", "rewards/xml_format(reasoning_tag=reasoning)/mean"} <= logged


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """Two Parquet files of completions and references."""
    texts = [RIGHT, WRONG, "18", "", "<think>1</think><answer>about 18</answer>"] * 8
    rows = [{"completion": text, "answer": "18", "n": n} for n, text in enumerate(texts)]
    (tmp_path / "answers").mkdir()
    for name, part in (("a", rows[:25]), ("b", rows[25:])):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(part), tmp_path / "answers" / f"{name}.parquet")
    return tmp_path / "answers"


def expected(folder: Path) -> dict[str, list[Any]]:
    """The values of one process."""
    rows = [row for file in sorted(folder.glob("*.parquet")) for row in pyarrow.parquet.read_table(file).to_pylist()]
    scored = RewardMix.parse(MIX).score(
        completions=[row["completion"] for row in rows], answer=[row["answer"] for row in rows]
    )
    return {**scored.rewards, "total": scored.total}


def test_datasets_in_two_processes_give_the_values_of_one(answers: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.parquet"
    words = [sys.executable, str(EXAMPLES / "scale/datasets_map.py"), str(answers), str(out), MIX, "--processes", "2"]
    subprocess.run(words, check=True, capture_output=True, timeout=200)
    table = pyarrow.parquet.read_table(out).to_pydict()
    assert {name: table[name] for name in expected(answers)} == expected(answers)


def test_ray_gives_the_values_of_one_process(answers: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray.data", reason="the peer is not installed")
    out = tmp_path / "scored"
    words = [sys.executable, str(EXAMPLES / "scale/ray_data.py"), str(answers), str(out), MIX]
    subprocess.run(words, check=True, capture_output=True, timeout=200)
    rows = sorted(pyarrow.parquet.read_table(out).to_pylist(), key=lambda row: row["n"])
    for name, values in expected(answers).items():
        assert json.dumps([row[name] for row in rows]) == json.dumps(values)
