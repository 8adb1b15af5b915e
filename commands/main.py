"""What all commands share: a parser's run function becomes an exit status, an error one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import Any, NoReturn, TypeAlias

from .. import __version__
from .ending import USAGE, ended
from .progress import QUIET

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What ``add_subparsers`` returns; argparse has no public name for it, and at run time no subscript."""

Run: TypeAlias = Callable[[argparse.Namespace], int]
"""What a command does with its options; it returns the exit status."""

_MISSING = "the following arguments are required"


class _Once(argparse.Action):
    """Stores the value of an option, which would silently take the place of an earlier one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the value; refuse the option when it was given before."""
        assert isinstance(parser, Parser), "no other parser has this action"
        if option_string is not None and self.dest in parser.given:
            parser.error(f"{option_string} is given twice; give it once")
        parser.given.add(self.dest)
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """Reports wrong options in one line with the nearest right one, as all other mistakes are reported."""

    def __init__(self, **settings: Any) -> None:
        """Make a parser whose help keeps the lines of its examples, and whose options may stand once."""
        super().__init__(**settings, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.given: set[str] = set()
        for name in (None, "store"):  # how argparse names the action that is taken unless another one is named
            self.register("action", name, _Once)
        self.add_argument(
            "--quiet", action="store_true", default=argparse.SUPPRESS, help="show no progress: only results and errors"
        )
        self.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of what goes wrong"
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse unknown options at once: a command's parser knows the right ones, the one above it does not."""
        self._words = args
        self.given.clear()
        known, left = super().parse_known_args(args, namespace)
        if unknown := [word for word in left if word.startswith("-")]:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self.hint(unknown[0])}")
        return known, left

    def error(self, message: str) -> NoReturn:
        """Exit with the status of wrong usage."""
        if message.startswith(_MISSING):
            self._refuse_unknown()
        self.exit(USAGE, f"{self.prog}: {message} (options: {self.prog} --help)\n")

    def _refuse_unknown(self) -> None:
        """Report a misspelt option rather than what is missing: it may be what is missing, misspelt."""
        for action in self._actions:
            action.required = False
        self.parse_known_args(self._words)

    def hint(self, word: str) -> str:
        """Return what may have been meant by an unknown option."""
        from difflib import get_close_matches  # for mistakes alone

        close = get_close_matches(word.partition("=")[0], self._option_string_actions, n=1)
        return f"; did you mean {close[0]}?" if close else ""


def command(
    commands: Subparsers, name: str, run: Run | None, help: str, description: str = "", examples: str = ""
) -> argparse.ArgumentParser:
    """Add a command and return its parser; a command that only holds others has no ``run``.

    ``help`` is its line in the list of commands, and the head of its own help where there is no ``description``;
    ``examples`` end that help.
    """
    head = description or f"{help[0].upper()}{help[1:]}."
    parser = commands.add_parser(name, help=help, description=head, epilog=examples)
    if run is not None:
        parser.set_defaults(run=run, prog=parser.prog)
    return parser


def add_version(parser: Parser) -> None:
    """Add ``--version`` to a program."""
    parser.add_argument("--version", action="version", version=f"grpokit {__version__}", help="print the version")


def execute(parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> int:
    """Parse, run the chosen command and return its exit status."""
    _forgive_encodings()
    args = parser.parse_args(argv)
    QUIET.set(getattr(args, "quiet", False))
    run: Run = args.run

    def work() -> int:
        from .hints import show_hint  # for commands that come to their end

        status = run(args)
        show_hint(args, status)
        return status

    return ended(work, parser.prog, debug=getattr(args, "debug", False))


def _forgive_encodings() -> None:
    """Print question marks for what a terminal's encoding lacks: a sign is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
