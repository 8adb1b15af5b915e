"""grpokit: tested rewards, paired evaluation of checkpoints, and GRPO training on the same rewards.

The folders are the architecture, lowest first; each imports only what lies below it:

* ``rewards``: text -> score. Pure, picklable, no torch.
* ``evaluate``: task -> completions -> scores -> run directory -> comparison.
* ``train`` and ``reports``: a thin plugin on TRL's trainer; views of a comparison.
* ``commands``: ``grpo-eval``, ``grpo-train`` and ``grpo-report``.
"""

__version__ = "0.1.0"
