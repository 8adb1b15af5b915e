"""``grpo-eval chat``: a page to talk to the models, side by side, and the same page as a folder for a Space."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import options
from .main import OK, Subparsers, command

# What only running needs is imported inside functions: --help starts without it.
if TYPE_CHECKING:
    from ..reports.chat.chat import Chat
    from ..rewards import RewardMix

VOTES = Path("runs/votes.jsonl")
EXAMPLE_PROMPTS = 6

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
    options.add_task(parser)
    _add_sampling(parser)
    parser.add_argument("--rewards", metavar="SPEC", help="the mix (default: the task's, or correctness)")
    options.add_allow_code(parser)
    options.add_loading(parser)
    _add_page(parser)


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sampling to begin with (defaults: the task's)")
    group.add_argument("--temperature", type=float, metavar="T", help="0 is greedy")
    group.add_argument("--top-p", type=float, metavar="P", help="nucleus of this mass")
    group.add_argument("--max-new-tokens", type=options.positive, metavar="N", help="answers are cut there")
    group.add_argument("--seed", type=int, metavar="S", help="seed of the sampling (default: 0)")


def _add_page(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the page")
    group.add_argument("--votes", type=Path, default=VOTES, metavar="FILE", help="votes go there (%(default)s)")
    group.add_argument("--host", default="127.0.0.1", help="address to serve at (default: this machine only)")
    group.add_argument("--port", type=int, default=7860, help="port to serve at (default: %(default)s)")
    group.add_argument("--share", action="store_true", help="ask Gradio's servers for a public link, for some days")
    group.add_argument(
        "--export-space", type=Path, metavar="DIR", help="serve nothing; write a folder for Hugging Face Spaces"
    )


def run(args: argparse.Namespace) -> int:
    """Open the chat and serve it, or export it."""
    from ..reports.chat.page import Address, check_address, check_gradio, launch
    from ..reports.chat.space import check_target, export_space
    from ..reports.chat.votes import Votes

    check_gradio()
    if args.export_space is not None:
        check_target(args.export_space)
        export_space(_open(args), args.export_space)
        print(f"space: {args.export_space}  (try it: cd {args.export_space} && python app.py)")
        return OK
    address = Address(args.host, args.port, args.share)
    check_address(address)
    votes = Votes(args.votes)
    page = launch(_open(args), votes, address)
    if args.share and page.share_url is None:
        print("note: Gradio's servers gave no public link, so the page is served here alone.", file=sys.stderr)
    print(f"chat: {page.share_url or page.local_url}  (Ctrl-C ends it; votes go to {args.votes})", flush=True)
    page.block_thread()
    return OK


def _open(args: argparse.Namespace) -> Chat:
    from ..evaluate.engines import Loading
    from ..evaluate.engines.spec import parse_models
    from ..evaluate.types import Sampling
    from ..reports.chat.chat import open_chat, questions

    specs, loading = parse_models(args.model), options.read(Loading, args)
    names = ("temperature", "top_p", "max_new_tokens", "seed")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.task is None and args.data is None:
        mix = _mix(args, "correctness")
        return open_chat(specs, mix, Sampling(**given), loading=loading)
    asked = options.read(options.TaskOptions, args)
    task = asked.load(args.rewards)
    examples = questions(task.prompts(asked.split, data=asked.data), asked.limit or EXAMPLE_PROMPTS)
    mix = _mix(args, task.rewards)
    return open_chat(specs, mix, task.sampling(**given, samples=1), examples, loading, task.reference)


def _mix(args: argparse.Namespace, default: str) -> RewardMix:
    """Return the mix that scores the answers; refuse one that an export could not build, before anything is loaded."""
    from ..reports.chat.space import check_mix
    from ..rewards import RewardMix

    mix = RewardMix.parse(options.chosen_spec(args.rewards, default, str(args.task), allow_code=args.allow_code))
    if args.export_space is not None:
        check_mix(mix)
    return mix
