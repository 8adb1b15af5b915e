"""What is refused before anything is scored."""

from pathlib import Path

import pytest
from grpokit.evaluate import Columns, EvaluationError, import_completions
from grpokit.rewards import RewardMix


def total(completions: list[str], **columns: object) -> list[float]:
    """A reward whose name is taken."""
    return [1.0] * len(completions)


def test_a_reward_called_as_the_total_is_refused(tmp_path: Path) -> None:
    stored = tmp_path / "answers.csv"
    stored.write_text("text\nhello\n")
    with pytest.raises(EvaluationError, match="a reward is named 'total', as the weighted sum of all is"):
        import_completions(stored, Columns("text"), RewardMix([total]), "total", tmp_path / "run")
    assert not (tmp_path / "run").exists()
