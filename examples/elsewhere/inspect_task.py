"""A mix as the scorers of an inspect_ai task.

inspect eval inspect_task.py --model openai/gpt-4o-mini
"""

from grpokit.rewards import RewardMix
from grpokit.rewards.integrations.inspect_ai import to_inspect
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate

QUESTIONS = [Sample(input="How much is 6 * 3?", target="18"), Sample(input="How much is 40 + 32?", target="72")]


@task
def sums() -> Task:
    """Return a task of two questions, scored by two rewards."""
    mix = RewardMix.parse("correctness=1,xml_format=0.5")
    return Task(dataset=QUESTIONS, solver=generate(), scorer=[to_inspect(reward) for reward in mix.rewards])
