"""The process that does pieces of a job for another one: see :mod:`~grpokit.evaluate.workers`."""

from __future__ import annotations

import gc
import os
import pickle
import sys

from .workers import RARELY, Job


def main() -> None:
    """Serve pieces from standard input until it closes, as it does when the parent is gone."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed may mix with the replies
    job: Job[object, object] = pickle.load(sys.stdin.buffer)  # our own parent's, as the pieces are
    gc.set_threshold(*RARELY)
    while True:
        try:
            piece = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            result = job.done(piece)
        except Exception:  # of any kind: the parent meets it too, and knows what to do
            result = None
        pickle.dump(result, replies, pickle.HIGHEST_PROTOCOL)
        replies.flush()
