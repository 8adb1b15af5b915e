"""Common random numbers, measured on real weights: how much they narrow the difference of two near checkpoints."""

import copy
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from grpokit.evaluate import Prompt, Request, Sampling, load_task
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.rewards import correctness

SHIFT = 0.03
"""The copy's weights differ by this much of their standard deviation, as after a short training."""


@pytest.fixture(scope="module")
def base() -> TransformersEngine:
    return next(load_engines([ModelSpec.parse("demo")]))


@pytest.fixture(scope="module")
def shifted(base: TransformersEngine) -> TransformersEngine:
    other = copy.copy(base.base)
    other.model = copy.deepcopy(base.base.model)
    torch.manual_seed(0)
    with torch.no_grad():
        for weights in other.model.parameters():
            weights += SHIFT * weights.std(unbiased=False) * torch.randn_like(weights)
    return TransformersEngine("shifted", other)


def scores(engine: TransformersEngine, prompts: list[Prompt], seed: int) -> Mapping[str, float]:
    sampling = Sampling(samples=1, temperature=1.0, max_new_tokens=32, seed=seed)
    requests = [Request(prompt, 0) for prompt in engine.plan(prompts, sampling)]
    rows = [row for batch in engine.generate(requests, sampling) for row in batch]
    references = {prompt.id: prompt.columns["reference"] for prompt in prompts}
    values = correctness(completions=[row.text for row in rows], answer=[references[row.prompt_id] for row in rows])
    return {row.prompt_id: float(value or 0) for row, value in zip(rows, values, strict=True)}


def test_shared_noise_halves_the_variance_of_the_difference_at_least(
    base: TransformersEngine, shifted: TransformersEngine
) -> None:
    """Equal questions, weights and settings; only the seed of the second model is shared or not."""
    prompts = list(load_task("arithmetic").prompts(limit=200))
    before, shared, apart = scores(base, prompts, 0), scores(shifted, prompts, 0), scores(shifted, prompts, 1)

    def variance(after: Mapping[str, float]) -> float:
        return float(np.var([after[key] - before[key] for key in before], ddof=1))

    print(f"variance of the difference: {variance(apart):.3f} apart, {variance(shared):.3f} shared")
    assert variance(shared) < variance(apart) / 2
