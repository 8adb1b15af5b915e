"""The reward library: text in, scores out; the same objects in evaluation and in training.

Every built-in reward stands here with its default parameters, ready for ``GRPOTrainer(reward_funcs=[...])``;
:func:`get` builds one with parameters, :class:`RewardMix` puts several together.

>>> from grpokit.rewards import correctness, get
>>> correctness(completions=["<answer>18</answer>"], answer=["18"])
[1.0]
>>> get("length", target=200).__name__
'length(target=200)'
"""

from .answers.correctness import correctness
from .answers.likeliest import choice, choice_norm
from .diagnostics import diagnose
from .formats.reasoning_format import reasoning_format
from .formats.xml_format import xml_format, xml_format_soft, xml_tag_count
from .function import FunctionReward
from .gate import Gate
from .language.consistency import language_consistency
from .layout import Layout, LayoutError
from .lengths.conciseness import conciseness
from .lengths.schedules import cosine_length, soft_overlong
from .lengths.target import length, token_length
from .mix import MixError, MixScore, RewardMix
from .models.reward_model import reward_model
from .reasoning.cot_clarity import cot_clarity
from .registry import UnknownReward, get, names
from .repeats import repetition
from .reward import Batch, Judgement, Range, Reward, Span
from .similarity.overlap import edit_similarity, token_overlap
from .similarity.rouge import rouge, rouge_1, rouge_2, rouge_l
from .similarity.semantic import semantic_similarity, summary_quality
from .spec import SpecError
from .text import Completion, RewardError

__all__ = [
    "Batch",
    "Completion",
    "FunctionReward",
    "Gate",
    "Judgement",
    "Layout",
    "LayoutError",
    "MixError",
    "MixScore",
    "Range",
    "Reward",
    "RewardError",
    "RewardMix",
    "Span",
    "SpecError",
    "UnknownReward",
    "choice",
    "choice_norm",
    "conciseness",
    "correctness",
    "cosine_length",
    "cot_clarity",
    "diagnose",
    "edit_similarity",
    "get",
    "language_consistency",
    "length",
    "names",
    "reasoning_format",
    "repetition",
    "reward_model",
    "rouge",
    "rouge_1",
    "rouge_2",
    "rouge_l",
    "semantic_similarity",
    "soft_overlong",
    "summary_quality",
    "token_length",
    "token_overlap",
    "xml_format",
    "xml_format_soft",
    "xml_tag_count",
]
