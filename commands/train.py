"""``grpo-train``: recipe -> adapter, then base against tuned on held-out prompts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dotenv import load_dotenv

from .. import train
from ..evaluate.runs.shards import Shard
from . import options
from .ending import OK, reader_may_leave, stopped_status, stopped_word
from .main import Parser, add_version, execute
from .numbers import positive
from .output import output_folder
from .report_options import ReportOptions, add_reports
from .targets import check_outputs

DESCRIPTION = "Train a LoRA adapter with GRPO on a recipe's rewards, then say whether it is better than its base."

EXAMPLES = """\
examples:
  grpo-train --list                                           what recipes there are
  grpo-train arithmetic-tiny --out runs/first                 the embedded demo: seconds on a CPU, no network
  grpo-train arithmetic-tiny max_steps=20 lora.r=8            any key of the recipe, any field of TRL's GRPOConfig
  grpo-train arithmetic-tiny --rewards 'correctness=1,length(target=60)=0.2'
  grpo-train my-recipe.yaml --model org/model --data rows.jsonl --dry-run
  grpo-train my-recipe.yaml --check                           one batch and one step: a minute before a night
  grpo-train arithmetic-tiny --merge                          also write the merged model, and test that too
  grpo-train my-recipe.yaml evaluation.every=50 evaluation.load_best=true evaluation.early_stop=3
  grpo-train my-recipe.yaml --out runs/first --resume         go on after Ctrl-C or a crash
  grpo-train my-recipe.yaml --out runs/five --seeds 5         is the recipe better, or was one run lucky?
  accelerate launch --num_processes 8 -m grpokit.commands.train my-recipe.yaml --out runs/big

exit status: 0 held or improved, 1 regressed, 2 wrong usage or input, 3 underpowered (with --strict), 70 a fault
of this program's, 129, 130 or 143 hung up, interrupted or terminated
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``grpo-train`` and return its exit status."""
    return execute(build_parser(), argv)


class _Parser(Parser):
    """A parser that takes overrides after options too, as in ``arithmetic-tiny --dry-run max_steps=5``."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]  # argparse overloads it
        """Parse with options and positional arguments in any order."""
        return self.parse_intermixed_args(args, namespace)

    def hint(self, word: str) -> str:
        """Say how a key of the recipe is given, which TRL's own scripts take as an option; else the nearest option."""
        from ..train.recipe.overrides import written

        override = written(word)
        return super().hint(word) if override is None else f"; {override}"


def build_parser() -> Parser:
    """Return the parser of ``grpo-train``."""
    parser = _Parser(prog="grpo-train", description=DESCRIPTION, epilog=EXAMPLES)
    add_version(parser)
    parser.add_argument("recipe", nargs="?", metavar="RECIPE|FILE.yaml", help="a recipe of this package, or a file")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="overrides, such as learning_rate=1e-4")
    shortcuts = parser.add_argument_group("shortcuts for keys of the recipe")
    shortcuts.add_argument("--rewards", metavar="SPEC", help="the mix, such as 'correctness=1,xml_format=0.5'")
    shortcuts.add_argument("--primary", metavar="NAME", help="the reward whose verdict counts, or 'total'")
    options.add_reward_timeout(shortcuts)
    shortcuts.add_argument("--steps", type=positive, metavar="N", help="how many steps to make (max_steps)")
    shortcuts.add_argument("--lr", type=float, metavar="RATE", help="the learning rate (learning_rate)")
    shortcuts.add_argument(
        "--batch", type=positive, metavar="N", help="completions in a micro-batch (per_device_train_batch_size)"
    )
    shortcuts.add_argument("--adapter", metavar="FOLDER", help="a LoRA on the base to go on from, such as one of SFT")
    shortcuts.add_argument("--model", metavar="PATH_OR_ID", help="the base: a folder, a hub id, or 'demo' (embedded)")
    shortcuts.add_argument("--data", metavar="FILE", help="rows from a local file with the task's columns")
    options.add_allow_code(shortcuts)
    options.add_trust(shortcuts)
    looking = parser.add_argument_group("looking")
    looking.add_argument("--list", action="store_true", help="list the recipes")
    looking.add_argument("--show", metavar="NAME", help="print a recipe with all its defaults")
    looking.add_argument(
        "--check",
        action="store_true",
        help="draw one batch, score it, make one step and keep nothing: what would be learnt, and how long it takes",
    )
    looking.add_argument("--dry-run", action="store_true", help="check the recipe and show what it amounts to")
    output = parser.add_argument_group("output")
    output.add_argument("--out", type=Path, metavar="DIR", help="the run's folder (default: a new one in runs/)")
    output.add_argument("--resume", action="store_true", help="go on with the run that --out holds")
    output.add_argument(
        "--seeds",
        type=positive,
        metavar="N",
        help="train N runs that differ by the seed alone, in --out/seed-0 and so on, and compare them with the base as "
        "one; started again, or by several processes, the command does what is still to be done",
    )
    output.add_argument("--no-evaluation", action="store_true", help="ask no held-out questions, in training or after")
    output.add_argument("--merge", action="store_true", help="also write the adapter merged into its base, and test it")
    output.add_argument("--push-to-hub", metavar="ID", help="upload the merged model, else the adapter, at the end")
    add_reports(output)
    parser.set_defaults(run=run, prog=parser.prog)
    return parser


def run(args: argparse.Namespace) -> int:
    """List, show, check, or train; Ctrl-C while it trains or compares says how to go on."""
    if args.list:
        with reader_may_leave():
            for summary in train.summaries():
                print(f"{summary.name:24} {summary.description}")
        return OK
    if args.show is not None:
        recipe = train.load_recipe(args.show, allow_code=True)  # nothing is imported by being shown
        with reader_may_leave():
            sys.stdout.write(recipe.to_yaml())
        return OK
    if args.recipe is None:
        raise options.UsageError("name a recipe, or give --list to see what recipes there are.")
    recipe, evaluate = chosen_recipe(args), not args.no_evaluation
    if args.dry_run:
        return _dry_run(recipe, args.out, evaluate=evaluate)
    if args.check:
        return _check(recipe, evaluate=evaluate)
    if args.resume and args.out is None:
        raise options.UsageError("--resume needs --out, the folder of the run to go on with.")
    report = options.read(ReportOptions, args)
    check_outputs(report.outputs, args.out)
    load_dotenv(Path(".env"))  # keys such as WANDB_API_KEY and HF_TOKEN; those of the environment go first
    if args.seeds is not None:
        return _train_seeds(args, recipe, report if evaluate else None)
    with output_folder(args.out, Path(recipe.task.name).stem) as out:
        try:
            from .actions.train import train_and_compare

            return train_and_compare(recipe, out, report if evaluate else None, resume=args.resume)
        except KeyboardInterrupt as stop:
            if Shard.current().first:
                print(f"grpo-train: {stopped_word(stop)}; {_way_on(out)}", file=sys.stderr)
            return stopped_status(stop)


def _train_seeds(args: argparse.Namespace, recipe: train.Recipe, report: ReportOptions | None) -> int:
    """Train several seeds; what only one run could mean is refused first."""
    if args.out is None:
        raise options.UsageError("--seeds needs --out, the folder of the runs.")
    if any(override.partition("=")[0] in ("seed", "grpo.seed") for override in args.overrides):
        raise options.UsageError(f"--seeds {args.seeds} trains the seeds 0 to {args.seeds - 1}; leave seed= out.")
    if recipe.evaluation.suite is not None:
        raise options.UsageError(
            "evaluation.suite is for one run; leave it out, and ask each seed: grpo-eval run --suite CARD --model ..."
        )
    if recipe.settings.get("save_strategy") == "no":
        raise options.UsageError("--seeds goes on from checkpoints where a run was stopped; leave save_strategy out.")
    if recipe.export.push_to_hub is not None:
        raise options.UsageError("--push-to-hub is for one model; push the seed that you want: leave it out here.")
    if Shard.current().count > 1:
        raise options.UsageError(
            "--seeds is for single processes; give each launch a seed of its own: seed=0, seed=1 …"
        )
    from .actions.seeds import train_seeds

    try:
        return train_seeds(recipe, args.seeds, args.out, report)
    except KeyboardInterrupt as stop:
        print(f"grpo-train: {stopped_word(stop)}; go on with the same command.", file=sys.stderr)
        return stopped_status(stop)


def chosen_recipe(args: argparse.Namespace) -> train.Recipe:
    """Return the recipe that is named, with the overrides and shortcuts of the command line."""
    shortcuts = {
        "rewards": args.rewards,
        "primary": args.primary,
        "reward_timeout": args.reward_timeout,
        "grpo.max_steps": args.steps,
        "grpo.learning_rate": args.lr,
        "grpo.per_device_train_batch_size": args.batch,
        "model.adapter": args.adapter,
        "model.path": args.model,
        "model.trust_remote_code": args.trust_remote_code or None,
        "task.data": args.data,
        "export.merge": args.merge or None,
        "export.push_to_hub": args.push_to_hub,
    }
    given = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in shortcuts.items() if value is not None]
    overrides = list(args.overrides)
    if args.no_evaluation:
        overrides = [one for one in overrides if not one.startswith("evaluation.every=")] + ["evaluation.every=null"]
    return train.load_recipe(args.recipe, [*overrides, *given], allow_code=args.allow_code)


def _dry_run(recipe: train.Recipe, out: Path | None, *, evaluate: bool) -> int:
    from .dry_run import check_held_out, show_dry_run

    if evaluate:
        check_held_out(recipe)
    with reader_may_leave():
        show_dry_run(recipe, out, compared=evaluate)
    return OK


def _check(recipe: train.Recipe, *, evaluate: bool) -> int:
    if Shard.current().count > 1:
        raise options.UsageError("--check is for one process; leave the launcher out.")
    from .dry_run import check_held_out

    if evaluate:
        check_held_out(recipe)
    load_dotenv(Path(".env"))
    from .actions.check import check_recipe

    return check_recipe(recipe)


def _way_on(out: Path) -> str:
    from ..train.folder import is_empty, last_checkpoint

    if is_empty(out):
        return f"nothing is in {out} yet, so start again with the same command."
    if last_checkpoint(out) is None:
        return f"{out} holds no checkpoint yet, so start again with another --out."
    return f"go on with the same command, --out {out} and --resume."


if __name__ == "__main__":
    sys.exit(main())
