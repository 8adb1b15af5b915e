"""A random order that depends on seed and names alone, with whole clusters in it."""

import random

from grpokit.evaluate.order import cluster_sizes, shuffled
from grpokit.evaluate.types import Prompt
from hypothesis import given
from hypothesis import strategies as st

PROMPTS = [Prompt(f"q{n}", "?", {"topic": n // 3 if n < 30 else None}) for n in range(40)]


def ids(prompts: list[Prompt]) -> list[str]:
    return [prompt.id for prompt in prompts]


def test_the_order_of_the_data_does_not_matter_but_inside_a_cluster() -> None:
    mixed = random.Random(1).sample(PROMPTS, len(PROMPTS))
    assert ids(shuffled(mixed, None, 0)) == ids(shuffled(PROMPTS, None, 0)) != ids(PROMPTS)


def test_another_seed_is_another_order() -> None:
    assert len({tuple(ids(shuffled(PROMPTS, None, seed))) for seed in range(20)}) == 20


@given(st.integers(0, 1000))
def test_clusters_stay_together_in_the_order_of_the_data(seed: int) -> None:
    order = shuffled(PROMPTS, "topic", seed)
    assert sorted(ids(order)) == sorted(ids(PROMPTS))
    for topic in range(10):
        places = [place for place, prompt in enumerate(order) if prompt.columns["topic"] == topic]
        assert places == list(range(places[0], places[0] + 3))
        assert ids([order[place] for place in places]) == [f"q{3 * topic + n}" for n in range(3)]
    assert sorted(cluster_sizes(order, "topic")) == [1] * 10 + [3] * 10


def test_the_place_of_a_question_does_not_depend_on_which_others_there_are() -> None:
    whole, some = ids(shuffled(PROMPTS, None, 3)), ids(shuffled(PROMPTS[::2], None, 3))
    assert [name for name in whole if name in some] == some


def test_every_place_is_as_likely() -> None:
    first = [ids(shuffled(PROMPTS, "topic", seed))[0] for seed in range(2000)]
    clusters = sum(name in {f"q{3 * topic}" for topic in range(10)} for name in first)
    assert 900 < clusters < 1100  # ten clusters and ten questions of their own: half each
