"""The reward library: text in, scores out; the same objects in evaluation and in training.

Every built-in reward stands here with its default parameters, ready for ``GRPOTrainer(reward_funcs=[...])``;
:func:`get` builds one with parameters, :class:`RewardMix` puts several together.
"""

from .gate import Gate
from .mix import MixError, MixScore, RewardMix
from .registry import READY, UnknownReward, get, names
from .spec import SpecError
from .types import Batch, Completion, Judgement, Range, Reward, RewardError, Span

globals().update(READY)

__all__ = [
    "Batch",
    "Completion",
    "Gate",
    "Judgement",
    "MixError",
    "MixScore",
    "Range",
    "Reward",
    "RewardError",
    "RewardMix",
    "Span",
    "SpecError",
    "UnknownReward",
    "get",
    "names",
]
