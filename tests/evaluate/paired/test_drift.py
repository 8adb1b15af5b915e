"""How plausible the base finds the answers of both: against single passes, by hand, and by simulation."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from grpokit.commands.eval import main
from grpokit.evaluate import Evaluation, EvaluationError, Run, compare, load_task, task_record
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines import transformers as engines
from grpokit.evaluate.engines.checkpoint import fingerprint
from grpokit.evaluate.engines.loading import ADAPTER_WEIGHTS
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.evaluate.paired import drift
from grpokit.evaluate.paired.difference import Design, paired_estimate
from grpokit.evaluate.paired.drift import FAR, FILE, measure_plausibility
from grpokit.evaluate.statistics.samples import Samples
from grpokit.reports.wording import drifted
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.stored_runs import write_run
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of the demo with noise in its weights."""
    base = next(load_engines([ModelSpec.parse("demo")]))
    assert isinstance(base, TransformersEngine)
    torch.manual_seed(0)
    model = get_peft_model(base.base.model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.02)
    folder = tmp_path_factory.mktemp("adapter")
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tuned(adapter: Path) -> TransformersEngine:
    engine = next(load_engines([ModelSpec.parse(f"tuned=demo+{adapter}")]))
    assert isinstance(engine, TransformersEngine)
    return engine


@pytest.fixture(scope="module")
def run(tuned: TransformersEngine, tmp_path_factory: pytest.TempPathFactory) -> Run:
    task = load_task("arithmetic")
    prompts = list(task.prompts(limit=12))
    record = task_record(task.name, task.primary, task.cluster, prompts, "test split")
    sampling = task.sampling(samples=2, max_new_tokens=24)
    return Evaluation(record, prompts, sampling, RewardMix.parse("correctness")).run(
        tuned, tmp_path_factory.mktemp("runs") / "tuned"
    )


def alone(engine: TransformersEngine, run: Run, adapter: Path | None) -> list[float]:
    """Read every completion on its own, without padding, and average the log-probabilities of its tokens."""
    values = []
    with engine.base.active(adapter) as model, torch.inference_mode():
        for answered in run.answered():
            for row in answered.rows:
                assert row.token_ids
                prompt = engine._prompts.ids(answered.prompt)
                logits = model(input_ids=torch.tensor([[*prompt, *row.token_ids]])).logits[0].log_softmax(-1)
                places = range(len(prompt) - 1, len(prompt) + len(row.token_ids) - 1)
                chosen = [logits[at, token].item() for at, token in zip(places, row.token_ids, strict=True)]
                values.append(float(np.mean(chosen)))
    return values


@pytest.mark.parametrize("logits", [2**27, 10_000])  # all at once, and a few at a time
def test_a_batch_says_what_every_completion_says_alone(
    tuned: TransformersEngine, run: Run, logits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOGITS", logits)
    answers = list(run.answered())
    assert len({len(row.token_ids or ()) for one in answers for row in one.rows}) > 1, "all are of one length"
    for adapter in (None, tuned.adapter):
        assert tuned.plausibility(answers, adapter) == pytest.approx(alone(tuned, run, adapter), abs=1e-4)


def test_a_completion_without_tokens_has_no_plausibility(tuned: TransformersEngine, run: Run) -> None:
    (first, *_) = run.answered()
    rows = [first.rows[0]._replace(token_ids=[]), first.rows[1]._replace(token_ids=None), first.rows[0]]
    assert [value is None for value in tuned.plausibility([first._replace(rows=rows)], None)] == [True, True, False]


def test_what_is_kept_of_a_run(tuned: TransformersEngine, run: Run) -> None:
    measure_plausibility(run, tuned)
    lines = [json.loads(line) for line in (run.path / FILE).read_text().splitlines()]
    assert [(line["prompt_id"], line["sample"]) for line in lines] == [(r.prompt_id, r.sample) for r in run.rows()]
    assert [line["base"] for line in lines] == pytest.approx(alone(tuned, run, None), abs=1e-4)
    assert [line["own"] for line in lines] == pytest.approx(alone(tuned, run, tuned.adapter), abs=1e-4)


def test_of_many_questions_some_are_read_spread_evenly(
    tuned: TransformersEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "QUESTIONS", 4)
    measure_plausibility(run, tuned)
    lines = [json.loads(line) for line in (run.path / FILE).read_text().splitlines()]
    assert [line["prompt_id"] for line in lines[::2]] == [prompt.id for prompt in run.asked()][::3]


def stored(folder: Path, name: str, values: list[float], own: float = 0.0, under: str = "b") -> Run:
    made = write_run(folder / name, {"correctness": [[1.0]] * len(values)}, name)
    lines = [
        {"prompt_id": f"q{place}", "sample": 0, "under": under, "base": value, "own": value + own}
        for place, value in enumerate(values)
    ]
    (made.path / FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return made


@pytest.mark.parametrize(
    ("moved", "far"),
    [
        (-1.3, True),
        (-1.0 - 0.02, False),  # not surely
        (-0.5, False),
        (1.3, False),  # more plausible than its own
    ],
)
def test_far_from_the_base_is_said_where_it_is_sure(tmp_path: Path, moved: float, far: bool) -> None:
    noise = np.random.default_rng(0).normal(0, 0.5, 100)
    noise -= noise.mean()
    base = stored(tmp_path, "base", [-2.0] * 100)
    tuned = stored(tmp_path, "tuned", [-2.0 + moved + float(one) for one in noise], own=0.2)
    (pair,) = compare([base, tuned]).pairs
    assert pair.drift is not None
    assert pair.drift.change.mean == pytest.approx(moved)
    assert (pair.drift.base, pair.drift.tuned) == pytest.approx((-2.0, -2.0 + moved))
    assert pair.drift.divergence == pytest.approx(0.2)
    assert pair.drift.far is far
    assert drifted(pair).startswith("The answers have become much less plausible to the base") is far


def test_a_change_of_one_nat_is_called_far_in_one_of_forty() -> None:
    draw, design, times = np.random.default_rng(0), Design(None, False), 2000
    called = 0
    for _ in range(times):
        base = draw.normal(-2, 0.6, (60, 1))
        tuned = base - FAR + draw.normal(0, 0.8, (60, 1))
        high = paired_estimate(Samples.of(base.tolist()), Samples.of(tuned.tolist()), design).high
        called += high is not None and high < -FAR
    assert called / times == pytest.approx(0.025, abs=0.011)


def test_under_another_base_nothing_is_compared(tmp_path: Path) -> None:
    values = [-1.0, -2.0, -3.0]
    base, tuned = stored(tmp_path, "base", values), stored(tmp_path, "tuned", values, under="another")
    assert compare([base, tuned]).pairs[0].drift is None
    (tuned.path / FILE).unlink()
    assert compare([base, tuned]).pairs[0].drift is None


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    base, tuned = stored(tmp_path, "base", [-1.0, -2.0]), stored(tmp_path, "tuned", [-1.0, -2.0])
    (tuned.path / FILE).write_text('{"prompt_id": "q0", "under": "b", "base": "low", "own": 1}\n')
    with pytest.raises(EvaluationError, match=r"plausibility\.jsonl, line 1: no plausibility of an answer"):
        compare([base, tuned])


@pytest.mark.parametrize("wanted", [True, False])
def test_a_run_measures_it_unless_told_not_to(
    adapter: Path, tmp_path: Path, wanted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", "--task", "arithmetic", "--limit", "8", "--model", "base=demo", "--model", f"tuned=demo+{adapter}"]
    report = tmp_path / "a.json"
    options = ["--out", str(tmp_path / "out"), "--json", str(report), "--html", str(tmp_path / "a.html")]
    main([*asked, *options, *([] if wanted else ["--no-drift"])])
    moved = json.loads(report.read_text())["pairs"][0]["drift"]
    assert (moved is not None) == wanted == (tmp_path / "out" / "tuned" / FILE).exists()
    assert ("To the base, base's answers have" in " ".join(capsys.readouterr().out.split())) == wanted
    row = re.search('<th scope="row">.*plausible to the base, nats per token', (tmp_path / "a.html").read_text())
    assert (row is not None) == wanted
    if wanted:
        assert set(moved) == {"base", "tuned", "own", "divergence", "delta", "low", "high", "far"}


def test_a_base_with_an_adapter_is_what_another_adapter_is_measured_from(adapter: Path, tmp_path: Path) -> None:
    further = tmp_path / "further"
    shutil.copytree(adapter, further)
    tensors = load_file(further / ADAPTER_WEIGHTS)
    save_file({name: 2 * tensor for name, tensor in tensors.items()}, further / ADAPTER_WEIGHTS)
    asked = ["run", "--task", "arithmetic", "--limit", "8", "--out", str(tmp_path / "out")]
    main([*asked, "--model", f"base=demo+{adapter}", "--model", f"tuned=demo+{further}", "--model", "plain=demo"])
    began = fingerprint(checkpoint_path(), adapter)
    for name, itself in (("base", True), ("tuned", False), ("plain", False)):
        lines = [json.loads(line) for line in (tmp_path / "out" / name / FILE).read_text().splitlines()]
        assert {line["under"] for line in lines} == {began}
        assert all(line["base"] == line["own"] for line in lines) is itself
