"""Score a folder of Parquet files with the processes of one machine, through ``datasets.map``.

    python datasets_map.py answers/ scored.parquet "correctness=1,xml_format=0.5" --processes 8

The rows have the columns ``completion`` and ``answer``; the scored ones have a column per reward and ``total``.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset
from grpokit.rewards import RewardMix


def score(batch: Mapping[str, Sequence[Any]], spec: str) -> dict[str, Sequence[float | None]]:
    """Return the columns that a batch of rows gets."""
    scored = RewardMix.parse(spec).score(completions=batch["completion"], answer=batch["answer"])
    return {**scored.rewards, "total": scored.total}


def scored(folder: Path, spec: str, processes: int) -> Dataset:
    """Return the rows of the folder with their scores, in order."""
    files = sorted(map(str, folder.glob("*.parquet")))
    rows = load_dataset("parquet", data_files=files, split="train")
    return rows.map(score, batched=True, fn_kwargs={"spec": spec}, num_proc=processes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("rewards")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    scored(args.folder, args.rewards, args.processes).to_parquet(args.out)
