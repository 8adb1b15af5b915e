"""What a resume compares: a run goes on only where its texts and scores could be this run's own."""

import json
import shutil
from pathlib import Path

import pytest
from grpokit.evaluate import Evaluation, EvaluationError, Run
from grpokit.evaluate.engines import Loading, load_engines
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.tests.evaluate.demo_evaluation import LIMIT, evaluation


def test_resuming_in_another_precision_is_refused(whole: Run) -> None:
    half = next(load_engines([ModelSpec.parse("demo")], loading=Loading(dtype="bfloat16")))
    with pytest.raises(EvaluationError, match="dtype differ"):
        evaluation().run(half, whole.path, resume=True)


def written(part: object) -> str:
    """Name a test by the place in the manifest."""
    return ".".join(part) if isinstance(part, tuple) else ""


FORMAT = "xml_format(reasoning_tag=reasoning)"
OF_ANOTHER_RUN = [
    # place in the manifest, another value there
    (("weights",), "0" * 16),
    (("task", "name"), "sums"),
    (("task", "primary"), "xml_format"),
    (("task", "cluster"), "topic"),
    (("task", "fingerprint"), "0" * 16),
    (("task", "prompts"), 15),
    (("task", "source"), "train split"),
    (("mix", "spec"), "correctness=2"),
    (("mix", "weights"), {"correctness": 2.0, FORMAT: 0.5}),
    (("mix", "fingerprints"), dict.fromkeys(("correctness", FORMAT), "0" * 16)),
    (("mix", "ranges"), {"correctness": [0, 2]}),
    (("sampling", "samples"), 5),
    (("sampling", "temperature"), 0.5),
    (("sampling", "top_p"), 0.5),
    (("sampling", "top_k"), 5),
    (("sampling", "max_new_tokens"), 65),
    (("sampling", "stop"), ["."]),
    (("sampling", "seed"), 1),
    (("engine", "kind"), "vllm"),
    (("engine", "dtype"), "float16"),
    (("engine", "quantization"), "4bit"),
    (("engine", "attention"), "eager"),
    (("engine", "template"), "0" * 16),
    (("engine", "prompt_tokens"), "0" * 16),
]


@pytest.mark.parametrize(("place", "value"), OF_ANOTHER_RUN, ids=written)
def test_a_run_with_any_key_of_the_text_changed_is_not_resumed(
    engine: TransformersEngine, whole: Run, tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    out = changed(whole, tmp_path / "run", place, value)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    said = place[1] if place[0] == "engine" else place[0]
    with pytest.raises(EvaluationError, match=f"holds another run: its {said} differ from"):
        evaluation().run(engine, out, resume=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


OF_THE_SAME_RUN = [
    # place in the manifest, another value there
    (("created",), "2026-01-01T00:00:00+00:00"),
    (("command",), "grpo-eval run --batch-size 2"),
    (("environment", "python"), "3.12.0"),
    (("engine", "device"), "cuda:0"),
    (("engine", "checkpoint"), "/moved/checkpoint"),  # the weights' fingerprint says that they are the same
]


@pytest.mark.parametrize(("place", "value"), OF_THE_SAME_RUN, ids=written)
def test_a_run_is_resumed_elsewhere(
    engine: TransformersEngine, whole: Run, tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    out = changed(whole, tmp_path / "run", place, value)
    assert evaluation().run(engine, out, resume=True).manifest == Run.open(out).manifest


def changed(run: Run, out: Path, place: tuple[str, ...], value: object) -> Path:
    """Copy a run, with another value at one place of its manifest."""
    shutil.copytree(run.path, out)
    manifest = json.loads((out / "manifest.json").read_text())
    section = manifest
    for key in place[:-1]:
        section = section[key]
    assert section[place[-1]] != value  # or the test could not fail
    section[place[-1]] = value
    (out / "manifest.json").write_text(json.dumps(manifest))
    return out


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (evaluation(seed=1), "sampling differ"),
        (evaluation(limit=LIMIT - 1), "task and prompt_tokens differ"),
        (evaluation(rewards="correctness"), "mix differ"),
    ],
)
def test_resuming_another_run_is_refused(engine: TransformersEngine, whole: Run, other: Evaluation, said: str) -> None:
    before = (whole.path / "completions.jsonl").read_bytes()
    with pytest.raises(EvaluationError, match=said):
        other.run(engine, whole.path, resume=True)
    assert (whole.path / "completions.jsonl").read_bytes() == before
