"""A mix as verl's custom reward function.

python -m verl.trainer.main_ppo custom_reward_function.path=verl_reward.py custom_reward_function.name=compute_score
"""

from grpokit.rewards import RewardMix
from grpokit.rewards.integrations.verl import to_verl

compute_score = to_verl(RewardMix.parse("correctness=2,xml_format=0.5"))
