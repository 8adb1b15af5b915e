"""``grpo-eval chat``: a page to talk to the models, side by side, and the same page as a folder for a Space."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..evaluate.engines import Loading
from . import numbers, options
from .ending import OK
from .main import Subparsers, command
from .task_options import TaskOptions, add_task

VOTES = Path("runs/votes.jsonl")

EXAMPLES = """\
examples:
  grpo-eval chat --task arithmetic --model base=demo --model tuned=demo+runs/adapter
  grpo-eval chat --model org/model --model tuned=org/model+runs/adapter --rewards correctness,conciseness=0.2
  grpo-eval chat --task gsm8k --model org/model --model tuned=org/model+runs/adapter --export-space space/

The page answers at http://127.0.0.1:7860 and to this machine only, unless --host or --share asks for more.
"""


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    parser = command(
        commands,
        "chat",
        run,
        help="talk to the models side by side in a browser",
        description="Serve a page: prompt in, every model's answer side by side, scored as it comes.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="[NAME=]PATH_OR_ID[+ADAPTER]",
        help="a checkpoint: folder, hub id, or 'demo' (embedded), with +ADAPTER a LoRA on it; may be given again",
    )
    add_task(parser)
    _add_sampling(parser)
    parser.add_argument("--rewards", metavar="SPEC", help="the mix (default: the task's, or correctness)")
    options.add_allow_code(parser)
    options.add_loading(parser)
    _add_page(parser)


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sampling to begin with (defaults: the task's)")
    group.add_argument("--temperature", type=float, metavar="T", help="0 is greedy")
    group.add_argument("--top-p", type=float, metavar="P", help="nucleus of this mass")
    group.add_argument("--max-new-tokens", type=numbers.positive, metavar="N", help="answers are cut there")
    group.add_argument("--seed", type=int, metavar="S", help="seed of the sampling (default: 0)")


def _add_page(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the page")
    group.add_argument("--votes", type=Path, default=VOTES, metavar="FILE", help="votes go there (%(default)s)")
    group.add_argument(
        "--blind", action="store_true", help="hide the names, and shuffle the sides, until a vote is given"
    )
    group.add_argument("--host", default="127.0.0.1", help="address to serve at (default: this machine only)")
    group.add_argument("--port", type=int, default=7860, help="port to serve at (default: %(default)s)")
    group.add_argument("--share", action="store_true", help="ask Gradio's servers for a public link, for some days")
    group.add_argument(
        "--export-space", type=Path, metavar="DIR", help="serve nothing; write a folder for Hugging Face Spaces"
    )


def run(args: argparse.Namespace) -> int:
    """Open the chat and serve it, or export it."""
    from ..reports.chat.page import Address
    from .actions.chat import ChatOptions, SamplingStart, export, serve

    chat = ChatOptions(
        models=args.model,
        rewards=args.rewards,
        allow_code=args.allow_code,
        loading=options.read(Loading, args),
        asked=options.read(TaskOptions, args),
        sampling=options.read(SamplingStart, args),
    )
    if args.export_space is not None:
        export(chat, args.export_space)
    else:
        serve(chat, args.votes, Address(args.host, args.port, args.share), blind=args.blind)
    return OK
