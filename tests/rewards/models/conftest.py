"""What the tests of reward models share: one small judge, and one thread, on which it is fastest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from grpokit.tests.rewards.models.judges import write_judge


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_judge(tmp_path_factory.mktemp("judge") / "model")
