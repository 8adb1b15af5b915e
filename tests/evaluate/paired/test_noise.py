"""The noise floor on real weights: none in float32, and what bf16 has is counted."""

from pathlib import Path

import pytest
from grpokit.evaluate import Evaluation, load_task, task_record
from grpokit.evaluate.engines import Loading, load_engines
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.evaluate.paired.doubts import NoiseFloor
from grpokit.evaluate.paired.noise import measure_noise, read_noise
from grpokit.evaluate.paired.summary import TOTAL
from grpokit.rewards import RewardMix


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_field_4_the_noise_of_batching_is_measured(tmp_path: Path, dtype: str) -> None:
    task = load_task("arithmetic")
    prompts, mix = list(task.prompts(limit=40)), RewardMix.parse(task.rewards)
    record = task_record(task.name, task.primary, None, prompts, "test split")
    engine = next(load_engines([ModelSpec.parse("demo")], loading=Loading(dtype=dtype)))
    assert isinstance(engine, TransformersEngine)
    run = Evaluation(record, prompts, task.sampling(), mix).run(engine, tmp_path / "run")
    again = engine.rebatched()
    floor = measure_noise(run, again, mix, task.sampling())
    assert floor == read_noise(run.path)
    assert floor.rows == 160
    assert floor.value_changed <= floor.text_changed
    if dtype == "float32":
        assert floor.text_changed == 0


def test_a_change_is_counted(tmp_path: Path) -> None:
    """Another seed stands in for noise: most sampled texts then differ."""
    task = load_task("arithmetic")
    prompts, mix = list(task.prompts(limit=10)), RewardMix.parse(task.rewards)
    record = task_record(task.name, task.primary, None, prompts, "test split")
    engine = next(load_engines([ModelSpec.parse("demo")]))
    run = Evaluation(record, prompts, task.sampling(), mix).run(engine, tmp_path / "run")
    floor = measure_noise(run, engine, mix, task.sampling(seed=1))
    assert floor.text_changed > 0.5
    assert 0 < floor.value_changed <= floor.text_changed


def test_a_metric_that_the_mix_does_not_measure_is_the_total(tmp_path: Path) -> None:
    task = load_task("arithmetic")
    prompts, mix = list(task.prompts(limit=2)), RewardMix.parse(task.rewards)
    record = task_record(task.name, "rouge", None, prompts, "test split")
    engine = next(load_engines([ModelSpec.parse("demo")]))
    run = Evaluation(record, prompts, task.sampling(), mix).run(engine, tmp_path / "run")
    assert measure_noise(run, engine, mix, task.sampling()) == NoiseFloor("demo", TOTAL, 8, 0.0, 0.0)


def test_no_measurement_is_none(tmp_path: Path) -> None:
    assert read_noise(tmp_path) is None
