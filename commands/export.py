"""The end of ``grpo-train`` for those who take the model elsewhere: merge it, evaluate that too, upload it."""

from __future__ import annotations

import sys
from pathlib import Path

from ..evaluate.runs.shards import Shard
from ..train import Recipe, TrainedAdapter
from ..train.export import MERGED, check_push
from ..train.export import merge as merge_adapter
from ..train.export import push as push_folder


def check_export(recipe: Recipe) -> None:
    """Refuse before training what would fail after it."""
    if recipe.export.push_to_hub is not None:
        check_push(recipe.export.push_to_hub)


def merge(recipe: Recipe, adapter: TrainedAdapter) -> list[Path]:
    """Write the merged model if the recipe asks for one; return the folders that get a card."""
    if not recipe.export.merge:
        return [adapter.folder]
    shard = Shard.current()
    if shard.first:
        print(f"merged: {merge_adapter(recipe, adapter.folder, adapter.steps)}", file=sys.stderr)
    shard.wait()
    return [adapter.folder, adapter.folder / MERGED]


def push(recipe: Recipe, models: list[Path]) -> None:
    """Upload the last of ``models`` (the merged one, if there is one) where the recipe says."""
    if recipe.export.push_to_hub is not None:
        print(f"pushed: {push_folder(models[-1], recipe.export.push_to_hub)} (private)", file=sys.stderr)
