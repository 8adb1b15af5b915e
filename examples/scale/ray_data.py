"""Score a folder of Parquet files with the processes of one machine or many, through Ray Data's ``map_batches``.

    python ray_data.py answers/ scored/ "correctness=1,xml_format=0.5"

The rows have the columns ``completion`` and ``answer``; the scored ones have a column per reward and ``total``.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import ray.data
from grpokit.rewards import RewardMix


def score(batch: Mapping[str, Any], spec: str) -> dict[str, Any]:
    """Return a batch of rows with the columns of their scores; a reward that does not apply is NaN there."""
    scored = RewardMix.parse(spec).score(completions=list(batch["completion"]), answer=list(batch["answer"]))
    columns = {**scored.rewards, "total": scored.total}
    return {**batch, **{name: np.array(values, dtype=float) for name, values in columns.items()}}


def scored(folder: Path, spec: str) -> ray.data.Dataset:
    """Return the rows of the folder with their scores."""
    return ray.data.read_parquet(str(folder)).map_batches(score, fn_kwargs={"spec": spec}, batch_format="numpy")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("rewards")
    args = parser.parse_args()
    scored(args.folder, args.rewards).write_parquet(str(args.out))
