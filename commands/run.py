"""``grpo-eval run``: task + checkpoints + mix -> runs -> comparison."""

from __future__ import annotations

import argparse

from ..evaluate.engines import Loading
from . import options
from .main import Subparsers, command
from .report_options import ReportOptions, add_output
from .stopping import StopOptions, add_stopping
from .task_options import TaskOptions, add_task

EXAMPLES = """\
examples:
  grpo-eval run --task arithmetic --model demo
  grpo-eval run --task gsm8k --model base=HuggingFaceTB/SmolLM2-135M-Instruct --model tuned=runs/merged --limit 200
  grpo-eval run --task gsm8k --limit 200 --model base=runs/gsm8k-1/base --model new=org/model+runs/adapter
  grpo-eval run --data rows.csv --prompt-column question --reference-column answer \\
      --model base=org/model --model tuned=org/model+runs/adapter --samples 4 --temperature 1.0 --html report.html
  grpo-eval run --task gsm8k --suite guards --model base=org/model --model tuned=org/model+runs/adapter

The first model is the base; every further one is compared with it on the same prompts, question by question.
Several tasks, or a suite of them, answer two questions: what did it gain, and what did it forget?
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
    asked = add_task(parser, several=True)
    asked.add_argument(
        "--suite",
        metavar="CARD",
        help="a suite of this package, such as guards, or a YAML card: several tasks, which are targets and which are "
        "guards; each --task is one more target",
    )
    options.add_cluster(asked)
    models = parser.add_argument_group("models")
    models.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="[NAME=]PATH_OR_ID[+ADAPTER]",
        help="a checkpoint: folder, hub id, or 'demo' (embedded), with +ADAPTER a LoRA on it; a folder of "
        "checkpoint-*; vllm:PATH_OR_ID, openai:URL#MODEL or replay:FILE; or the folder of a finished run, whose rows "
        "are taken as they are; may be given again",
    )
    options.add_loading(parser)
    options.add_vllm(parser)
    options.add_endpoints(parser)
    options.add_generation(parser)
    options.add_rewards(parser)
    add_stopping(parser)
    add_output(parser)
    parser.add_argument(
        "--noise-floor", action="store_true", help="measure how often the base answers differently in other batches"
    )
    parser.add_argument(
        "--no-drift",
        action="store_true",
        help="do not read the answers again under the base, which tells how far an adapter has moved the model",
    )
    parser.add_argument("--resume", action="store_true", help="finish the run that --out holds")


def run(args: argparse.Namespace) -> int:
    """Evaluate every model and show the results."""
    from .actions.models import ModelOptions
    from .actions.run import Job

    tasks = args.task or []
    args.task = tasks[0] if len(tasks) == 1 else None
    job = Job(
        models=options.read(ModelOptions, args),
        asked=options.read(TaskOptions, args),
        cluster=args.cluster_column,
        loading=options.read(Loading, args),
        vllm=options.read(options.VllmOptions, args),
        endpoints=options.read(options.EndpointOptions, args),
        sampling=options.read(options.SamplingOptions, args),
        scoring=options.read(options.ScoringOptions, args),
        report=options.read(ReportOptions, args),
        stopping=options.read(StopOptions, args),
    )
    if len(tasks) < 2 and args.suite is None:
        return job.run()
    from .actions.suite import SuiteJob, chosen_suite

    return SuiteJob(job, chosen_suite(tasks, args.suite, job)).run()
