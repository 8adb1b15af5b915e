"""The process that scores blocks of a run for another one: see :mod:`~grpokit.evaluate.workers`."""

from __future__ import annotations

import os
import pickle
import sys

from ..rewards.answers import verifier
from ..rewards.fault_isolation import GuardedMix
from .scoring import score_block
from .workers import Block, Job, ScoredBlock


def main() -> None:
    """Serve blocks from standard input until it closes, as it does when the parent is gone."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed may mix with the replies
    job: Job = pickle.load(sys.stdin.buffer)  # our own parent's, as the blocks are
    verifier.limit_processes(job.verifiers)
    while True:
        try:
            block: Block = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(scored(job, block), replies)
        replies.flush()


def scored(job: Job, block: Block) -> ScoredBlock | None:
    """Return the scores of a block, None where anything at all was wrong: then the parent scores it."""
    mix, failed = GuardedMix(job.mix), verifier.counts().failed
    try:
        result = score_block(job.run, block, mix)
    except Exception:  # of any kind: the parent meets it too, and knows what to do
        return None
    clean = not any(mix.failures.values()) and verifier.counts().failed == failed
    return result if clean else None
