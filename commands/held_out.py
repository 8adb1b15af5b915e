"""The comparison at the end of ``grpo-train``: base, tuned and merged answer the held-out questions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..evaluate.engines import Loading, load_engines
from ..evaluate.paired.arms import Arm, runs_of
from ..evaluate.runs.run import Run
from ..evaluate.runs.shards import Shard
from ..files import write_lines
from ..train import Recipe
from ..train.export import merged_loading, merged_places
from ..train.heldout import questions
from ..train.heldout.samples import read_answers
from ..train.heldout.suite import suite_folder
from .progress import progress
from .report_options import ReportOptions
from .results import show_beside, show_runs
from .suites import show_suites
from .watch import plain_text


class Answered(NamedTuple):
    """Held-out questions, and the runs (arms of runs, for several seeds) that answer them: base, tuned, merged."""

    asked: questions.HeldOutQuestions
    sides: Sequence[Run | Arm]


def answer(recipe: Recipe, asked: Sequence[questions.HeldOutQuestions], adapter: Path) -> list[Answered]:
    """Have base, tuned and what was merged answer all of ``asked``, where they have not while training."""
    own, merged = questions.places(recipe, adapter, asked), merged_places(recipe, adapter, asked)
    fill(recipe, own, questions.loading(recipe))
    _keep_samples([place.folder for place in own if place.questions.leading], adapter)
    fill(recipe, merged, merged_loading(recipe))
    whole = [*own, *merged]
    return [Answered(one, [Run.open(place.folder) for place in whole if place.questions is one]) for one in asked]


def fill(recipe: Recipe, places: Sequence[questions.Place], loading: Loading) -> None:
    """Generate and score the runs that are not finished; each model is loaded once."""
    owed = [place for place in places if not place.finished]
    specs = list(dict.fromkeys(place.spec for place in owed))
    with progress() as bars:
        for engine, spec in zip(load_engines(specs, loading=loading), specs, strict=True):
            for place in (place for place in owed if place.spec == spec):
                what, total = f"{engine.name}, {place.questions.decoding}", place.questions.completions
                longest = place.questions.evaluation.sampling.max_new_tokens
                with bars.track(what, total, "completions", longest) as advance:
                    questions.ask(recipe, place.questions, engine, place.folder, advance)


def _keep_samples(folders: Sequence[Path], adapter: Path) -> None:
    """Write the answers to the sample questions beside the adapter and show them, on standard error."""
    answers = [answer for folder in folders for answer in read_answers(folder)]
    if not answers or not Shard.current().first:
        return
    write_lines(adapter / "samples.jsonl", (answer._asdict() for answer in answers))
    for answer in sorted(answers, key=lambda answer: answer.sample):  # stable: the base's before the tuned one's
        print(f"\n{answer.sample}, {answer.model}: {answer.question}\n{plain_text(answer.text)}", file=sys.stderr)


def show_suite(
    recipe: Recipe, answered: Sequence[Answered], report: ReportOptions, models: Sequence[Path], adapter: Path
) -> int:
    """Show the held-out comparison as :func:`show` does, then the recipe's suite with it; return the suite's status.

    What is written is the suite's, in which the held-out comparison is a task. Where standard output is for a report,
    the comparison goes to standard error.
    """
    with redirect_stdout(sys.stderr) if report.to_stdout else nullcontext():
        show(answered, replace(report, json=None, html=None, markdown=None, junit=None, log_to=[]), models)
    folder = suite_folder(recipe, runs_of(answered[0].sides), adapter)
    return show_suites([folder], report)


def show(answered: Sequence[Answered], report: ReportOptions, models: Sequence[Path]) -> int:
    """Show the leading comparison in full, and in a sentence what goes beside it; return the leading one's status.

    ``models`` are the folders of models whose cards get the evaluation.
    """
    leading, *others = answered
    status = show_runs(leading.sides, report, models)
    for other in others:
        show_beside(f"{other.asked.decoding} answers", other.sides, report)
    return status
