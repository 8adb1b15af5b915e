"""Similarity rewards beside what recipes do by hand: batched embeddings, ROUGE, and the others' throughput.

Embeddings: ``semantic_similarity`` against one forward pass per text with the reference encoded again each time.
ROUGE: ``rouge`` against ``rouge_score`` on the same texts. Both pairs are timed in turns in one run on one thread,
and must agree. Last, completions per second of each reward, and its time for a megabyte of hostile text.

    python bench/similarity.py --model FOLDER_OR_HUB_NAME [--rows 64] [--group 8]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from grpokit.rewards import Reward, get
from grpokit.rewards.similarity.semantic import DEFAULT_MODEL, SemanticSimilarity

VOCABULARY = """
the a of to and in is that was for on with he as his at they be this from have not by she or had what were when
we there can an your which their said if do will each about how up out them then many some so these would other
into has more her two like him see time could no make than first been its who now people my made over did down
only way find use may water long little very after words called just where most know running happily relational
conditional generalization 1.8 1,000 price: market, weather. summary; children's state-of-the-art
"""
LENGTH_REWARDS = ["length", "token_length", "soft_overlong", "cosine_length"]
TEXT_REWARDS = ["token_overlap", "rouge_1", "rouge_2", "rouge_l", "rouge_l(stemmer=True)", "edit_similarity"]
HOSTILE = {
    "words": "word " * 200_000,
    "one word": "a" * 1_000_000,
    "numbers": "1," * 500_000,
    "signs": "-5." * 333_333,
    "Chinese": "京" * 1_000_000,
    "to compose": "e\u0301" * 333_333,
    "tags": "<answer>" * 125_000,
    "reasoning": "<think>" * 140_000,
}
ROUNDS = 3


class Texts(NamedTuple):
    """Completions and, for each, its reference."""

    completions: list[str]
    references: list[str]


def main() -> None:
    """Time each pair and print the ratios."""
    size = _arguments()
    draw = random.Random(0)
    _embeddings(size.model, _texts(draw, size.rows, size.group, 40))
    _rouge(_texts(draw, 500, 8, 150))
    _throughput(_texts(draw, 4000, 8, 150))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="sentence-transformers model: a folder or hub name")
    parser.add_argument("--rows", type=int, default=64, help="completions to embed")
    parser.add_argument("--group", type=int, default=8, help="completions that share a reference")
    return parser.parse_args()


def _texts(draw: random.Random, rows: int, group: int, words: int) -> Texts:
    vocabulary = VOCABULARY.split()
    completions = [" ".join(draw.choices(vocabulary, k=draw.randint(words // 2, words * 3 // 2))) for _ in range(rows)]
    references = [" ".join(draw.choices(vocabulary, k=30)) for _ in range(rows // group + 1)]
    return Texts(completions, [references[index // group] for index in range(rows)])


def _embeddings(model: str, texts: Texts) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    plain = SentenceTransformer(model, device="cpu")

    def one_by_one() -> list[float | None]:
        pairs = zip(texts.completions, texts.references, strict=True)
        return [max(0.0, float(plain.similarity(_encode(answer), _encode(reference)))) for answer, reference in pairs]

    def _encode(text: str) -> torch.Tensor:
        return plain.encode(text, convert_to_tensor=True, show_progress_bar=False)

    SemanticSimilarity(model=model)(completions=["warm"], reference=["up"])
    _compare("semantic_similarity", SemanticSimilarity(model=model), texts, "one pass per text", one_by_one)


def _rouge(texts: Texts) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    for variant, stemmer in (("1", False), ("2", False), ("L", False), ("L", True)):
        reward, scorer = get("rouge", variant=variant, stemmer=stemmer), RougeScorer([f"rouge{variant}"], stemmer)

        def peer(scorer: RougeScorer = scorer, key: str = f"rouge{variant}") -> list[float | None]:
            pairs = zip(texts.completions, texts.references, strict=True)
            return [scorer.score(reference, answer)[key].fmeasure for answer, reference in pairs]

        _compare(reward.__name__, reward, texts, "rouge_score", peer)


def _compare(
    name: str, reward: Reward, texts: Texts, peer_name: str, peer: Callable[[], Sequence[float | None]]
) -> None:
    """Print the ratio of the best times of both, taken in turns; fail when their values differ."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_timed(lambda: reward(completions=texts.completions, reference=texts.references)))
        theirs.append(_timed(peer))
    pairs = zip(ours[0].values, theirs[0].values, strict=True)
    worst = max(abs(a - b) for a, b in pairs if a is not None and b is not None)
    fast, slow = min(run.seconds for run in ours), min(run.seconds for run in theirs)
    print(
        f"{name:34} {len(texts.completions) / fast:10,.0f}/s   {peer_name} {len(texts.completions) / slow:8,.0f}/s   "
        f"ratio {slow / fast:6.1f}   largest difference {worst:.1e}"
    )
    if worst > 1e-4:
        raise SystemExit(f"{name} and {peer_name} disagree by {worst}.")


class Timed(NamedTuple):
    """What a call returned and how many seconds of processor time it took."""

    values: Sequence[float | None]
    seconds: float


def _timed(call: Callable[[], Sequence[float | None]]) -> Timed:
    start = time.process_time()
    values = call()
    return Timed(values, time.process_time() - start)


def _throughput(texts: Texts) -> None:
    for spec in [*LENGTH_REWARDS, *TEXT_REWARDS]:
        reward = get(spec)
        references = ["18"] * len(texts.references) if spec == "cosine_length" else texts.references
        rate = len(texts.completions) / min(_seconds(reward, texts.completions, references) for _ in range(ROUNDS))
        hostile = {name: _seconds(reward, [text], ["18 cats sat"]) for name, text in HOSTILE.items()}
        slowest = max(hostile, key=lambda name: hostile[name])
        print(f"{spec:34} {rate:10,.0f}/s   1 MB of {slowest}: {hostile[slowest] * 1000:6.1f} ms")


def _seconds(reward: Reward, completions: list[str], references: list[str]) -> float:
    ids = [range(200)] * len(completions)
    return _timed(lambda: reward(completions=completions, completion_ids=ids, reference=references)).seconds


if __name__ == "__main__":
    main()
