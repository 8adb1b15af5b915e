"""Evaluations of the embedded demo, small enough to run in a test."""

from grpokit.evaluate import Evaluation, load_task, task_record
from grpokit.rewards import RewardMix

LIMIT = 16


def evaluation(limit: int = LIMIT, seed: int = 0, rewards: str | None = None) -> Evaluation:
    task = load_task("arithmetic")
    prompts = list(task.prompts(limit=limit))
    record = task_record(task.name, task.primary, task.cluster, prompts, "test split")
    return Evaluation(record, prompts, task.sampling(seed=seed), RewardMix.parse(rewards or task.rewards))
