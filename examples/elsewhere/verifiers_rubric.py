"""A mix as the rubric of a verifiers environment (verifiers below 0.2)."""

import verifiers as vf
from grpokit.rewards import RewardMix
from grpokit.rewards.integrations.verifiers import to_verifiers


def rubric(spec: str = "correctness=2,xml_format=0.5") -> vf.Rubric:
    """Return the rubric; an environment takes it as ``vf.SingleTurnEnv(dataset=..., rubric=rubric())``."""
    mix = RewardMix.parse(spec)
    return vf.Rubric(funcs=[to_verifiers(reward) for reward in mix.rewards], weights=mix.reward_weights)
