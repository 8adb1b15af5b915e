"""What all commands share: a parser's run function becomes an exit status, an error one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, NoReturn, TypeAlias

from ..errors import GrpokitError

OK, FAILED, USAGE, UNDERPOWERED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses: fine, a checked thing failed, wrong usage or input, underpowered under --strict, Ctrl-C."""

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What ``add_subparsers`` returns; argparse has no public name for it, and at run time no subscript."""

Run: TypeAlias = Callable[[argparse.Namespace], int]
"""What a command does with its options; it returns the exit status."""

_MISSING = "the following arguments are required"


class Parser(argparse.ArgumentParser):
    """Reports wrong options in one line with the nearest right one, as all other mistakes are reported."""

    def __init__(self, **settings: Any) -> None:
        """Make a parser whose help keeps the lines of its examples."""
        super().__init__(**settings, formatter_class=argparse.RawDescriptionHelpFormatter)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse unknown options at once: a command's parser knows the right ones, the one above it does not."""
        self._words = args
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
        parser.set_defaults(run=run)
    return parser


def execute(parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> int:
    """Parse, run the chosen command and return its exit status."""
    _forgive_encodings()
    args = parser.parse_args(argv)
    run: Run = args.run
    try:
        with reader_may_leave():
            return run(args)
        return OK
    except GrpokitError as error:
        from ..reports.wording import one_line  # for mistakes alone

        print(f"{parser.prog}: {one_line(str(error))}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted; finished rows are kept.", file=sys.stderr)
        return INTERRUPTED


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """End the block quietly when the reader of our output, such as head, has gone; rich says so by SystemExit."""
    try:
        yield
        print(end="", flush=True)  # there may be no standard output at all
    except (BrokenPipeError, SystemExit):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _forgive_encodings() -> None:
    """Print question marks for what a terminal's encoding lacks: a sign is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
