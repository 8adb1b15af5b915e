"""``grpo-eval run``: task + checkpoints + mix -> runs -> comparison."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from . import options
from .main import OK, Subparsers
from .progress import progress
from .results import show_results

if TYPE_CHECKING:
    from ..evaluate.engines.spec import ModelSpec
    from ..evaluate.evaluation import Evaluation
    from ..evaluate.run import Run
    from ..evaluate.tasks.card import Task
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
    parser = commands.add_parser(
        "run",
        help="generate with checkpoints, score, compare",
        description="Generate completions with one or more checkpoints, score them, and compare the checkpoints.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    options.add_generation(parser)
    options.add_rewards(parser)
    options.add_output(parser)
    parser.add_argument(
        "--noise-floor", action="store_true", help="measure how often the base answers differently in other batches"
    )
    parser.add_argument("--resume", action="store_true", help="finish the run that --out holds")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate every model and show the results."""
    from ..evaluate.engines.spec import parse_models
    from ..evaluate.shards import Shard

    specs = parse_models(args.model)
    task = options.task(args)
    evaluation = _evaluation(args, task)
    out = options.output_folder(args, task.name)
    folders = _evaluate(args, specs, evaluation, out)
    return show_results(folders, args) if Shard.current().first else OK


def _evaluation(args: argparse.Namespace, task: Task) -> Evaluation:
    from ..evaluate.evaluation import Evaluation, task_record

    mix, primary = options.mix(args, task.rewards, task.primary)
    prompts = list(task.prompts(args.split, data=args.data, limit=args.limit))
    source = str(args.data) if args.data else f"{args.split} split"
    record = task_record(task.name, primary, task.cluster, prompts, source)
    return Evaluation(record, prompts, options.sampling(args, task), mix)


def _evaluate(args: argparse.Namespace, specs: list[ModelSpec], evaluation: Evaluation, out: Path) -> list[Path]:
    from ..evaluate.engines import load_engines

    folders = [out if len(specs) == 1 else out / spec.name for spec in specs]
    rows = len(evaluation.prompts) * evaluation.sampling.samples
    engines = load_engines(specs, batch_size=args.batch_size, loading=options.loading(args))
    with progress() as bar:
        for engine, folder in zip(engines, folders, strict=True):
            with bar.track(engine.name, rows, "completions") as advance:
                run = evaluation.run(engine, folder, resume=args.resume, advance=advance)
            if args.noise_floor and folder == folders[0]:
                _measure_noise(engine, run, evaluation)
    return folders


def _measure_noise(engine: Engine, run: Run, evaluation: Evaluation) -> None:
    from ..evaluate.engines.transformers import TransformersEngine
    from ..evaluate.noise import measure_noise

    if not isinstance(engine, TransformersEngine):
        raise options.UsageError(f"--noise-floor: {engine.name} is no checkpoint that is loaded here; leave it out.")
    measure_noise(run, engine.rebatched(), evaluation.mix, evaluation.sampling)
