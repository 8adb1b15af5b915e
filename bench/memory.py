"""The figures behind the estimate of a training run's memory, counted without a GPU: see layers.py beside this.

python bench/memory.py    what a layer holds, by kind of model and numbers, and Phi-2 as bench/gpu.py measured it
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

POINTS = [(1024, 1024, 4096), (1024, 1024, 8192), (2048, 2048, 8192), (2048, 512, 8192)]
"""Hidden, key-value and intermediate widths, to whose bytes a share per unit of each is fitted."""

PHI2 = {"hidden_size": 2560, "intermediate_size": 10_240, "num_hidden_layers": 32, "num_attention_heads": 32}


def main(argv: Sequence[str] | None = None) -> int:
    """Print both."""
    argparse.ArgumentParser(prog="bench/memory.py", description="Count what learning holds on a GPU.").parse_args(argv)
    from layers import NUMBERS, layer_bytes, learning_bytes

    print("| kind | numbers | input, per hidden | most | kept |\n|---|---|---|---|---|")
    for kind in ("phi", "gpt2", "llama"):
        points = [point for point in POINTS if kind != "gpt2" or point[0] == point[1]]
        for numbers in NUMBERS:
            layers = [layer_bytes(kind, numbers, point) for point in points]
            most, kept = (shares(points, [getattr(one, name) for one in layers]) for name in ("most", "kept"))
            print(f"| {kind} | {numbers} | {layers[-1].input / points[-1][0]:.1f} | {most} | {kept} |", flush=True)
    for numbers, r in (("autocast", 16), ("packed", 8)):
        held = learning_bytes("phi", {**PHI2, "vocab_size": 51_200}, numbers, checkpointing=True, r=r)
        print(f"Phi-2, {numbers}, r {r}: {held / 1e9:.3f} GB beside weights, adapter and optimizer")
    return 0


def shares(points: Sequence[tuple[int, int, int]], values: Sequence[float]) -> str:
    """Return bytes per unit of each width, by least squares; key-value widths that are always hidden's are in those."""
    columns = np.array(points, float)
    used = [0, 2] if np.array_equal(columns[:, 0], columns[:, 1]) else [0, 1, 2]
    fitted, *_ = np.linalg.lstsq(columns[:, used], np.array(values), rcond=None)
    return " ".join(f"{value:.1f}" for value in fitted)


if __name__ == "__main__":
    sys.exit(main())
