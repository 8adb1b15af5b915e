"""How an automatic batch grows and shrinks: by memory on a GPU, by time per token on a CPU."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from grpokit.evaluate import Row, Sampling, load_task
from grpokit.evaluate.engines import Loading, load_engines
from grpokit.evaluate.engines import batch_size as module
from grpokit.evaluate.engines.batch_size import BatchSize, free_memory
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.evaluate.evaluation import Evaluation, task_record
from grpokit.evaluate.runs.journal import read_batches
from grpokit.rewards import RewardMix

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that have gone by; memory is without end unless a test says otherwise."""
    now = [0.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(BatchSize, "_used", lambda self: 0.0)
    return now


def work(size: BatchSize, clock: list[float], seconds_per_token: float, rows: int | None = None) -> int:
    """Let a batch be generated in so much time per token; return how many rows come next."""
    count = rows or size.rows
    size.begin()
    clock[0] += seconds_per_token * count * 10
    size.end([Row(str(number), 0, "", "eos", 10, [], "", "") for number in range(count)])
    return size.rows


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [
        ([8, 4, 3, 2.5], [128, 256, 512, 512]),  # always faster, up to the most
        ([8, 4, 3.9, 1], [128, 256, 128, 128]),  # 256 is no faster by 5 %: it goes back, and stays
        ([8, 9, 1, 1], [128, 64, 64, 64]),
        ([8, 7.61, 1, 1], [128, 64, 64, 64]),  # at the edge
        ([8, 7.59, 1], [128, 256, 512]),
    ],
)
def test_on_a_cpu_it_grows_as_long_as_tokens_take_less_time(
    seconds: Sequence[float], sizes: Sequence[int], clock: list[float]
) -> None:
    size = BatchSize(None, CPU, torch.float32)
    assert size.rows == 64
    assert [work(size, clock, each) for each in seconds] == sizes


def test_a_batch_that_is_not_full_says_nothing(clock: list[float]) -> None:
    size = BatchSize(None, CPU, torch.float32)
    assert work(size, clock, 8, rows=63) == 64
    assert work(size, clock, 8) == 128
    assert work(size, clock, 99, rows=5) == 128
    assert work(size, clock, 4) == 256


@pytest.mark.parametrize(
    ("fixed", "dtype", "rows"),
    [
        (64, torch.float32, 64),  # as was said
        (None, torch.bfloat16, 64),  # texts would depend on how busy the machine is
        (None, torch.float32, 128),
    ],
)
def test_where_it_may_grow(fixed: int | None, dtype: torch.dtype, rows: int, clock: list[float]) -> None:
    assert work(BatchSize(fixed, CPU, dtype), clock, 8) == rows


def test_rows_without_tokens_are_no_measure(clock: list[float]) -> None:
    size = BatchSize(None, CPU, torch.float32)
    size.begin()
    size.end([Row(str(number), 0, "", None, None, None, "", "") for number in range(64)])  # choices by likelihood
    assert size.rows == 64


def test_where_memory_ran_out_it_shrinks_for_good(clock: list[float]) -> None:
    size = BatchSize(None, CPU, torch.float32)
    work(size, clock, 8)
    size.begin()
    size.ran_out()
    assert size.rows == 64
    assert work(size, clock, 1) == 64


@pytest.mark.parametrize(("used", "rows"), [(39.9, 128), (40.1, 64)])
def test_on_a_cpu_it_does_not_grow_beyond_memory(
    used: float, rows: int, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BatchSize, "_used", lambda self: used)
    monkeypatch.setattr(module, "free_memory", lambda device: 100.0)
    assert work(BatchSize(None, CPU, torch.float32), clock, 8) == rows


def test_what_a_batch_took_is_measured() -> None:
    size = BatchSize(None, CPU, torch.float32)
    size.begin()
    held = torch.ones(64 * 2**20)  # 256 MiB
    assert size._used() >= 0.9 * held.numel() * 4
    assert 2**20 < free_memory(CPU) < 2**50


@pytest.mark.parametrize(
    ("free", "cached", "rows"),
    [
        (999, 0, 512),  # a batch took 300, twice as much fits into .8 of what is left
        (749, 0, 256),
        (500, 251, 512),  # what torch has let go of is room too
        (500, 249, 256),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_on_a_gpu_it_grows_as_long_as_memory_is_left(
    free: int, cached: int, rows: int, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters = {
        "memory_allocated": 1000,
        "max_memory_allocated": 1300,
        "memory_reserved": 1000 + cached,
        "mem_get_info": (free, 9999),
        "reset_peak_memory_stats": None,
    }
    asked: list[str] = []

    def answer(name: str, value: object) -> Callable[[torch.device], object]:
        return lambda device: asked.append(name) or value

    for name, value in counters.items():
        monkeypatch.setattr(torch.cuda, name, answer(name, value))
    size = BatchSize(None, GPU, dtype)
    assert work(size, [0.0], 8, rows=255) == 256
    assert work(size, [0.0], 8) == rows
    assert asked.count("reset_peak_memory_stats") == 2  # or the peak would be that of an earlier batch


def test_it_never_grows_beyond_the_most_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"memory_allocated": 0, "max_memory_allocated": 0, "memory_reserved": 0}.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**12, 10**12))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    size = BatchSize(None, GPU, torch.bfloat16)
    assert [work(size, [0.0], 8) for _ in range(6)] == [512, 1024, 2048, 4096, 4096, 4096]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_texts_are_those_of_a_fixed_size(temperature: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.START, "cpu", 4)
    monkeypatch.setattr(BatchSize, "_is_faster", lambda self, per_token: True)
    prompts = list(load_task("arithmetic").prompts(limit=32))
    sampling = Sampling(temperature=temperature, max_new_tokens=24)
    record = task_record("arithmetic", "correctness", None, prompts, "test split")
    evaluation = Evaluation(record, prompts, sampling, RewardMix.parse("correctness"))
    engine = next(load_engines([ModelSpec.parse("demo")], loading=Loading()))
    assert isinstance(engine, TransformersEngine)
    grown = evaluation.run(engine, tmp_path / "grown")
    fixed = evaluation.run(replace(engine, batch_size=5), tmp_path / "fixed")
    assert [change.rows for change in read_batches(grown.path)] == [4, 8, 16, 4]
    assert (grown.manifest.engine["batch_size"], fixed.manifest.engine["batch_size"]) == ("auto", 5)
    assert [row.to_json() for row in grown.rows()] == [row.to_json() for row in fixed.rows()]
