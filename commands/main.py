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


_MISSING = "the following arguments are required"


class Parser(argparse.ArgumentParser):
    """Tells wrong options in one line with the nearest right one, as all other mistakes are told."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse unknown options at once: a command's parser knows the right ones, the one above it does not."""
        self._words = args
        found, left = super().parse_known_args(args, namespace)
        if unknown := [word for word in left if word.startswith("-")]:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self.hint(unknown[0])}")
        return found, left

    def error(self, message: str) -> NoReturn:
        """Exit with the status of wrong usage."""
        if message.startswith(_MISSING):
            self._refuse_unknown()
        self.exit(USAGE, f"{self.prog}: {message} (options: {self.prog} --help)\n")

    def _refuse_unknown(self) -> None:
        """Tell of a misspelt option rather than of what is missing: that may be what it was meant for."""
        for action in self._actions:
            action.required = False
        self.parse_known_args(self._words)

    def hint(self, word: str) -> str:
        """Return what may have been meant by an unknown option."""
        from difflib import get_close_matches

        close = get_close_matches(word.partition("=")[0], self._option_string_actions, n=1)
        return f"; did you mean {close[0]}?" if close else ""


def execute(parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> int:
    """Parse, run the chosen command and return its exit status."""
    _forgive_encodings()
    args = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        with reader_may_leave():
            return run(args)
        return OK
    except GrpokitError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
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
