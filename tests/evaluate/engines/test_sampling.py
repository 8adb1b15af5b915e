"""The sampling is exact, depends on the row alone, and is shared between models that are asked alike."""

import numpy as np
import pytest
import torch
from grpokit.evaluate.engines.sampling import gumbel, processors
from grpokit.evaluate.types import EvaluationError, Prompt, Request, Sampling
from scipy.stats import chisquare, kstest


def key(seed: int, identity: str, sample: int) -> int:
    return Request(Prompt(identity, "2+2?", {}), sample).key(seed)


def keys(count: int) -> torch.Tensor:
    return torch.tensor([key(0, str(index), 0) for index in range(count)])


def test_samples_follow_the_softmax() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 0.5])
    draws = (logits.double() + gumbel(keys(20_000), step=3, vocabulary=5)).argmax(dim=1)
    expected = torch.softmax(logits.double(), 0) * 20_000
    assert chisquare(np.bincount(draws, minlength=5), expected.numpy()).pvalue > 1e-4


def test_noise_is_standard_gumbel() -> None:
    noise = gumbel(keys(2_000), step=0, vocabulary=50).flatten().numpy()
    assert kstest(noise, "gumbel_r").pvalue > 1e-4


def test_noise_is_independent_between_rows_steps_and_tokens() -> None:
    first, other_step = gumbel(keys(4_000), 0, 2), gumbel(keys(4_000), 1, 2)
    for a, b in (
        (first[:, 0], first[:, 1]),  # tokens
        (first[:, 0], other_step[:, 0]),  # steps
        (first[:-1, 0], first[1:, 0]),  # rows
    ):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(4_000)


def test_noise_depends_on_key_step_and_token_alone() -> None:
    together = gumbel(keys(8), step=2, vocabulary=30)
    alone = torch.cat([gumbel(key[None], step=2, vocabulary=30) for key in keys(8)])
    assert torch.equal(together, alone)
    assert torch.equal(gumbel(keys(8), 2, 10), together[:, :10])


def test_row_keys_differ_by_seed_prompt_and_sample() -> None:
    asked = [(0, "1", 0), (1, "1", 0), (0, "2", 0), (0, "1", 1), (0, "11", 0)]
    assert len({key(*each) for each in asked}) == len(asked)


def test_row_keys_never_change() -> None:
    """A resumed run draws the rest as another version would have."""
    assert (key(3, "7", 1), key(0, "h\ud83d", 0)) == (-8919497256789498609, 4982891468515187135)


def test_temperature_sharpens_before_the_noise() -> None:
    logits = torch.tensor([[1.0, 0.0]]).repeat(20_000, 1)
    chain = processors(Sampling(temperature=0.5), keys(20_000).tolist(), 1, torch.device("cpu"))
    draws = chain(torch.zeros(20_000, 1, dtype=torch.long), logits).argmax(dim=1)
    share = torch.softmax(torch.tensor([2.0, 0.0]), 0)[0].item()
    assert (draws == 0).float().mean().item() == pytest.approx(share, abs=5 * (share * (1 - share) / 20_000) ** 0.5)


def test_a_whole_number_is_a_temperature_too() -> None:
    """Browsers and JSON send 2.0 as 2."""
    logits = torch.randn(3, 5)
    chains = [processors(Sampling(temperature=value), [1, 2, 3], 1, torch.device("cpu")) for value in (2, 2.0)]
    whole, decimal = (chain(torch.zeros(3, 1, dtype=torch.long), logits) for chain in chains)
    assert torch.equal(whole, decimal)


def test_greedy_has_no_processors() -> None:
    assert len(processors(Sampling(), [1], 1, torch.device("cpu"))) == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"samples": 0}, "samples=0"),
        ({"temperature": -1.0}, "temperature=-1.0"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"samples": 4}, "greedy samples are all equal"),  # four times the same text is no sample of four
        ({"top_p": 0.0}, "top_p=0.0"),
        ({"top_k": -1}, "top_k=-1"),
        ({"max_new_tokens": 0}, "max_new_tokens=0"),
        ({"stop": ("x", "")}, "stop=''"),
    ],
)
def test_wrong_settings_are_told(settings: dict[str, float], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        Sampling(**settings)
