"""What commands turn into a single line: wrong input, with exit status 2, and signals, each with its own."""


class GrpokitError(ValueError):
    """Wrong input or usage. The message says what is wrong, with its value, and what to write instead."""


class Stopped(KeyboardInterrupt):
    """A signal ended the work as Ctrl-C does: ``number`` says which, such as SIGTERM before a machine is taken away."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def first_line(error: BaseException) -> str:
    r"""Return the first line of what an exception says, at most 300 characters; its type's name where it says nothing.

    >>> first_line(OSError("\nno room\n(3 files)")), first_line(MemoryError())
    ('no room', 'MemoryError')
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def nearest(name: str, known: "list[str] | tuple[str, ...]") -> str:
    """Return the repair for an unknown name: the nearest known one, and all of them.

    >>> nearest("corectness", ["correctness", "length"])
    "Did you mean 'correctness'? All: correctness, length."
    >>> nearest("zzz", ["correctness"])
    'All: correctness.'
    """
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}All: {', '.join(sorted(known))}."
