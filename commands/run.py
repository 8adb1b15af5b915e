"""``grpo-eval run``: task + checkpoints + mix -> runs -> comparison."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from . import options
from .main import OK, Subparsers, command
from .progress import Bars, progress

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..evaluate.evaluation import Evaluation
    from ..evaluate.runs.run import Run
    from ..evaluate.types import Engine

EXAMPLES = """\
examples:
  grpo-eval run --task arithmetic --model demo
  grpo-eval run --task gsm8k --model base=HuggingFaceTB/SmolLM2-135M-Instruct --model tuned=runs/merged --limit 200
  grpo-eval run --data rows.csv --prompt-column question --reference-column answer \\
      --model base=org/model --model tuned=org/model+runs/adapter --samples 4 --temperature 1.0 --html report.html

The first model is the base; every further one is compared with it on the same prompts, question by question.
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "run",
        run,
        help="generate with checkpoints, score, compare",
        description="Generate completions with one or more checkpoints, score them, and compare the checkpoints.",
        examples=EXAMPLES,
    )
    options.add_task(parser)
    models = parser.add_argument_group("models")
    models.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="[NAME=]PATH_OR_ID[+ADAPTER]",
        help="a checkpoint: folder, hub id, or 'demo' (embedded), with +ADAPTER a LoRA on it; a folder of "
        "checkpoint-*; vllm:PATH_OR_ID, openai:URL#MODEL or replay:FILE; may be given again",
    )
    options.add_loading(parser)
    options.add_endpoints(parser)
    options.add_generation(parser)
    options.add_rewards(parser)
    options.add_output(parser)
    parser.add_argument(
        "--noise-floor", action="store_true", help="measure how often the base answers differently in other batches"
    )
    parser.add_argument("--resume", action="store_true", help="finish the run that --out holds")


def run(args: argparse.Namespace) -> int:
    """Evaluate every model and show the results."""
    from ..evaluate.engines import Loading, load_engines
    from ..evaluate.engines.spec import parse_models
    from ..evaluate.runs.shards import Shard
    from .results import show_results

    specs = parse_models(args.model)
    limits = options.read(options.EndpointOptions, args).limits(specs)
    if args.batch_size and all(spec.kind == "openai" for spec in specs):
        raise options.UsageError("--batch-size is for weights that are loaded here; for endpoints give --concurrency.")
    if args.noise_floor and specs[0].kind != "transformers":
        raise options.UsageError(
            f"--noise-floor: the base {specs[0].name!r} is no checkpoint that is loaded here; leave the option out."
        )
    evaluation = _evaluation(args)
    out = options.output_folder(args.out, evaluation.task.name)
    folders = [out if len(specs) == 1 else out / spec.name for spec in specs]
    loading = options.read(Loading, args)
    engines = load_engines(specs, batch_size=args.batch_size, loading=loading, limits=limits)
    with progress() as bars:
        for folder in folders:
            noise = args.noise_floor and folder == folders[0]
            _evaluate_next(engines, evaluation, folder, bars, resume=args.resume, noise=noise)
    return show_results(folders, options.read(options.ReportOptions, args)) if Shard.current().first else OK


def _evaluation(args: argparse.Namespace) -> Evaluation:
    from ..evaluate.evaluation import Evaluation, task_record

    scoring, asked = options.read(options.ScoringOptions, args), options.read(options.TaskOptions, args)
    task = asked.load(scoring.rewards)
    mix, primary = scoring.over(task.rewards, task.primary, str(asked.task or asked.data))
    prompts = list(task.prompts(asked.split, data=asked.data, limit=asked.limit))
    source = str(asked.data) if asked.data else f"{asked.split} split"
    record = task_record(task.name, primary, task.cluster, prompts, source, task.reference)
    return Evaluation(record, prompts, options.read(options.SamplingOptions, args).of(task), mix, scoring.calls)


def _evaluate_next(
    engines: Iterator[Engine], evaluation: Evaluation, folder: Path, bars: Bars, *, resume: bool, noise: bool
) -> None:
    """Load and evaluate one model; on return nothing here holds it, so the next one need not fit beside it."""
    engine = next(engines)
    rows = len(evaluation.prompts) * evaluation.sampling.samples
    with bars.track(engine.name, rows, "completions") as advance:
        run = evaluation.run(engine, folder, resume=resume, advance=advance)
    if engine.describe()["kind"] == "openai":
        _print_refusals(engine)
    if noise:
        _measure_noise(engine, run, evaluation)


def _print_refusals(engine: Engine) -> None:
    from ..evaluate.engines.endpoint import EndpointEngine

    assert isinstance(engine, EndpointEngine), "no other engine is of this kind"
    if engine.refusals:
        (reason, _), *others = engine.refusals.most_common()
        more = f", and {len(others)} other reasons" if others else ""
        count = f"{engine.refusals.total()} completions refused"
        print(f"{engine.name}: {count} ({reason}{more}); they are scored as empty texts.", file=sys.stderr)


def _measure_noise(engine: Engine, run: Run, evaluation: Evaluation) -> None:
    from ..evaluate.engines.transformers import TransformersEngine
    from ..evaluate.paired.noise import measure_noise

    assert isinstance(engine, TransformersEngine), "the noise of other engines is refused before any work"
    measure_noise(run, engine.rebatched(), evaluation.mix, evaluation.sampling)
