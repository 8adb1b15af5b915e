"""The rewards in TRL's own GRPOTrainer: a reward is a reward function of TRL's, as it stands."""

from typing import Any

from datasets import Dataset
from grpokit.rewards import RewardMix
from trl import GRPOConfig, GRPOTrainer

ROWS = [{"prompt": "what is 12+19?", "answer": "31"}, {"prompt": "what is 25+36?", "answer": "61"}]


def trainer(model: str, output_dir: str, **settings: Any) -> GRPOTrainer:
    """Return a trainer of ``model`` on two questions; the column ``answer`` is what the rewards compare with.

    ``settings`` are further ones of TRL's ``GRPOConfig``.
    """
    mix = RewardMix.parse("correctness=1,xml_format(reasoning_tag=reasoning)=0.5")
    config = GRPOConfig(
        output_dir=output_dir,
        num_generations=2,
        per_device_train_batch_size=2,
        max_completion_length=16,
        reward_weights=mix.reward_weights,
        report_to="none",
        **settings,
    )
    return GRPOTrainer(model=model, reward_funcs=mix.reward_funcs, args=config, train_dataset=Dataset.from_list(ROWS))
