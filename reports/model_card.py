"""The evaluation in a model card: the paired comparison as text, and as the hub's ``model-index`` metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GrpokitError, first_line
from ..evaluate.engines.checkpoint import fingerprint
from ..evaluate.paired.comparison import Comparison, Pair
from ..evaluate.runs.run import Run
from ..files import write_atomically
from .markdown import to_markdown

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCard

BEGIN, END = "<!-- evaluation by grpokit -->", "<!-- end of evaluation -->"
"""What stands between these is written anew each time."""

_SECTION = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END) + r"\n*", re.DOTALL)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


class CardError(GrpokitError):
    """The folder holds no model, the comparison has no pair for it, or its card cannot be read."""


def write_card(folder: Path, comparison: Comparison, runs: Sequence[Run]) -> Path:
    """Write a comparison into the card (``README.md``) of the adapter or model in ``folder``; return the card's path.

    Whatever else the card says stays. A card that is not there yet is begun; it names the base of an adapter only
    where that is a hub id. Each reward's mean becomes a metric of ``model-index``, with the base's mean, the paired
    change and its 95 % interval as its arguments; results on other tasks stay. Raises :class:`CardError`.
    """
    if not any((folder / name).is_file() for name in ("adapter_config.json", "config.json")):
        raise CardError(f"--card {folder}: no model there; give the folder of an adapter or a merged model.")
    pair = _pair_of(folder, comparison, runs)
    run = next(run for run in runs if run.model == pair.tuned)
    path = folder / "README.md"
    card = _read(path, folder)
    shown = tuple(model for model in comparison.models if model.name in (pair.base, pair.tuned))
    best = comparison.best_of if comparison.best_of and comparison.best_of.name == pair.tuned else None
    text = to_markdown(replace(comparison, models=shown, pairs=(pair,), best_of=best)).replace("### ", "## ", 1)
    card.text = f"{_SECTION.sub('', card.text).strip()}\n\n{BEGIN}\n{text}{END}\n"
    _add_results(card, list(_results(pair, comparison, run)), folder.resolve().name)
    write_atomically(path, f"{str(card).strip()}\n")
    return path


def _pair_of(folder: Path, comparison: Comparison, runs: Sequence[Run]) -> Pair:
    """Return the pair whose tuned model lies in ``folder``; the only pair where the runs do not say.

    Where runs of several steps of one training were compared, it is the step whose weights the folder holds.
    """
    own, by_name = folder.resolve(), {run.model: run for run in runs}
    single = [pair for pair in comparison.pairs if pair.tuned in by_name]  # an arm of several seeds has no one folder
    pairs = [pair for pair in single if _is_at(by_name[pair.tuned], own)] or single
    if len(pairs) > 1:
        pairs = [pair for pair in pairs if by_name[pair.tuned].manifest.weights == _weights(by_name[pair.tuned], own)]
    if len(pairs) == 1:
        return pairs[0]
    have = ", ".join(pair.tuned for pair in comparison.pairs) or "none"
    raise CardError(f"--card {folder}: give the runs of a base and of the model in this folder; compared here: {have}.")


def _is_at(run: Run, own: Path) -> bool:
    place = run.manifest.engine.get("adapter") or run.manifest.engine.get("checkpoint")
    return place is not None and Path(place).resolve() == own


def _weights(run: Run, own: Path) -> str | None:
    """Return the fingerprint of the adapter in ``own`` on the run's base; None where the base is not here."""
    base = Path(run.manifest.engine.get("checkpoint") or "")
    return fingerprint(base, own) if base.is_dir() and run.manifest.engine.get("adapter") else None


def _read(path: Path, folder: Path) -> ModelCard:
    from huggingface_hub import ModelCard
    from yaml import YAMLError

    try:
        text = path.read_text(encoding="utf-8") if path.exists() else _begin(folder)
        return ModelCard(text)
    except (
        OSError,
        ValueError,
        TypeError,
        YAMLError,
    ) as error:  # a card is a person's file: its metadata may be anything
        raise CardError(f"cannot read the card {path}: {first_line(error)}") from None


def _begin(folder: Path) -> str:
    """Return the first lines of a card for a folder that has none."""
    config = folder / "adapter_config.json"
    if not config.is_file():
        return f"---\npipeline_tag: text-generation\n---\n\n# {folder.resolve().name}\n"
    base = str(json.loads(config.read_text(encoding="utf-8")).get("base_model_name_or_path"))
    on_hub = _HUB_ID.fullmatch(base) and not Path(base).exists()
    named = f"base_model: {base}\n" if on_hub else ""
    of = f" for {base}" if on_hub else ""
    return f"---\n{named}library_name: peft\npipeline_tag: text-generation\n---\n\n# Adapter{of}\n"


def _results(pair: Pair, comparison: Comparison, run: Run) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    base, tuned = comparison.model(pair.base).rows(), comparison.model(pair.tuned).rows()
    for name, difference in pair.rows().items():
        before, after = base[name].estimate.mean, tuned[name].estimate.mean
        if after is None:
            continue
        how = run.manifest.sampling or {}
        drawn = {key: how[key] for key in ("samples", "temperature", "max_new_tokens") if key in how}
        paired = {"base": before, "change": difference.delta, "low": difference.low, "high": difference.high}
        yield EvalResult(
            task_type="text-generation",
            dataset_type=comparison.task,
            dataset_name=comparison.task,
            metric_type=name,
            metric_name=f"mean {name} over {difference.n} questions",
            metric_value=_rounded(after),
            metric_args={key: _rounded(value) for key, value in {**paired, **drawn}.items()},
        )


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _add_results(card: ModelCard, results: list[EvalResult], name: str) -> None:
    metadata: Any = card.data  # a ModelCardData, which the class declares as its parent
    ours = {result.dataset_name for result in results}
    others = [result for result in metadata.eval_results or [] if result.dataset_name not in ours]
    metadata.eval_results = [*others, *results]
    metadata.model_name = metadata.model_name or name
