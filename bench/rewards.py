"""Speed of the rewards: completions per second at 200 tokens, one hostile megabyte, and the time to import.

Run ``python bench/rewards.py`` on a machine that does nothing else. Goals: every reward but the embeddings at least
10,000 completions of 200 tokens per second on one core; a hostile completion of 1 MB under 100 ms; the import under
0.15 s. Where ``trl`` is installed its ``accuracy_reward`` runs beside ``correctness`` on the same texts, in the same
process. Texts are made here, each one different, so that caches of whole texts do not help.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from grpokit.rewards import Batch, Reward, get, names
from grpokit.rewards.checks.probe import SHAPES

EMBEDDINGS = ("semantic_similarity", "summary_quality")
GROUP = 8
MEGABYTE = 1_000_000
WORDS = [
    "the",
    "crate",
    "holds",
    "rows",
    "of",
    "jars",
    "and",
    "each",
    "day",
    "some",
    "are",
    "sold",
    "so",
    "that",
    "the",
    "rest",
    "must",
    "be",
    "counted",
    "again",
    "with",
    "care",
]


def completion(rng: random.Random, answer: int) -> str:
    """Return some 200 tokens: steps with sums, then the answer in the usual layout."""
    lines = []
    for number in range(1, 9):
        a, b = rng.randrange(2, 99), rng.randrange(2, 99)
        lines.append(f"Step {number}: {' '.join(rng.sample(WORDS, 8))}, so {a} * {b} = {a * b} jars.")
    return "<think>\n" + "\n".join(lines) + f"\n</think>\n<answer>\n{answer}\n</answer>"


def batch(count: int, seed: int) -> Batch:
    """Return ``count`` different completions in groups of eight under one prompt, half of them right."""
    rng = random.Random(seed)
    references = [rng.randrange(1000) for _ in range(count // GROUP)]
    texts = [completion(rng, reference + (i % 2)) for reference in references for i in range(GROUP)]
    prompts = [f"Question {group}: how many?" for group in range(count // GROUP) for _ in range(GROUP)]
    answers = [str(reference) for reference in references for _ in range(GROUP)]
    ids = [[rng.randrange(50_000) for _ in range(200)] for _ in texts]
    return Batch(texts, prompts, ids, {"answer": answers})


def seconds(run: Callable[[], object]) -> float:
    """Return the wall-clock time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def rate(reward: Reward, count: int) -> float:
    """Return completions per second: the best of three batches, each normalised afresh."""
    reward.judge(batch(GROUP, seed=99))
    batches = [batch(count, seed) for seed in range(3)]
    return max(count / seconds(partial(reward.judge, one)) for one in batches)


def worst_megabyte(reward: Reward) -> tuple[str, float]:
    """Return the hostile shape that takes longest, and its milliseconds."""
    timed = {shape: seconds(partial(reward.judge, hostile(piece))) for shape, piece in SHAPES.items()}
    worst = max(timed, key=timed.__getitem__)
    return worst, 1000 * timed[worst]


def hostile(piece: str) -> Batch:
    """Return one completion of a megabyte, 250,000 tokens."""
    text = piece * (MEGABYTE // len(piece.encode()))
    return Batch([text], ["How many?"], [[7] * 250_000], {"answer": ["18"]})


def import_milliseconds() -> float:
    """Return the best of five fresh imports, less the start of Python itself."""

    def fresh(statement: str) -> float:
        return min(seconds(lambda: subprocess.run([sys.executable, "-c", statement], check=True)) for _ in range(5))

    return 1000 * (fresh("import grpokit.rewards") - fresh("pass"))


def side_by_side(count: int) -> str:
    """Return the ratio of ``correctness`` to TRL's ``accuracy_reward`` on the same texts."""
    try:
        from trl.rewards.accuracy_rewards import accuracy_reward
    except ImportError:
        return "trl is not installed: no comparison"
    one = batch(count, seed=7)
    boxed = [text.replace("<answer>\n", "\\boxed{").replace("\n</answer>", "}") for text in map(str, one.raw)]
    chats = [[{"role": "assistant", "content": text}] for text in boxed]
    answers = [f"${answer}$" for answer in one.columns["answer"]]
    accuracy_reward(completions=chats[:2], solution=answers[:2])
    theirs = count / seconds(lambda: accuracy_reward(completions=chats, solution=answers))
    ours = count / seconds(lambda: get("correctness")(completions=chats, answer=answers))
    return f"correctness {ours:,.0f}/s, trl accuracy_reward {theirs:,.0f}/s: {ours / theirs:.0f} times"


def main() -> None:
    """Print one line per reward, then the import and the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=4000, help="completions per batch (%(default)s)")
    parser.add_argument("--reward", help="only this one")
    args = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    print(f"{'reward':22} {'completions/s':>14}   hostile megabyte")
    for name in [args.reward] if args.reward else [name for name in names() if name not in EMBEDDINGS]:
        reward = get(name)
        shape, milliseconds = worst_megabyte(reward)
        print(f"{name:22} {rate(reward, args.count):14,.0f}   {milliseconds:6.0f} ms ({shape})", flush=True)
    print(f"import grpokit.rewards: {import_milliseconds():.0f} ms")
    print(side_by_side(400))


if __name__ == "__main__":
    main()
