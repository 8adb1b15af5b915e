"""The rewards as other libraries call them, one file per peer. (TRL needs none: a reward is a TRL reward function.)

These frameworks score one completion at a time except where noted, so a reward that compares the completions of a
prompt with each other sees groups of one. They hand over no token ids, so rewards that count tokens don't apply.
"""
