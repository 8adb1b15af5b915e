"""The journal of a run: rows appended and flushed batch by batch, picked up again after a kill at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ...files import FileError, dump_line, read_lines, replacing
from ..types import EvaluationError, Request, Row


class Journal:
    """Appends rows to ``completions.jsonl``. Opened on a torn file, it drops the torn last line first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Journal:
        try:
            self._file = self.path.open("ab")
        except OSError as error:
            raise FileError(f"cannot write {self.path}: {error.strerror}.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def append(self, rows: Sequence[Row]) -> None:
        """Write the rows of a finished batch and hand them to the operating system before returning."""
        assert self._file is not None, "a journal is used in a with statement"
        try:
            self._file.write("".join(dump_line(row._asdict()) for row in rows).encode())
            self._file.flush()
        except OSError as error:
            raise FileError(
                f"cannot write {self.path}: {error.strerror}. Finished rows are kept; use --resume."
            ) from None


def finished(path: Path, requests: Sequence[Request], weights: str) -> int:
    """Return how many of ``requests`` the journal at ``path`` already answers, after dropping a torn last line.

    Raises :class:`EvaluationError` when the journal holds rows of other weights or of another order.
    """
    if not path.exists():
        return 0
    _drop_torn_line(path)
    if path.stat().st_size == 0:
        return 0
    count = 0
    for line, request in zip(read_lines(path), _or_nothing(requests), strict=False):
        row = line.value
        expected = {"prompt_id": request.prompt.id, "sample": request.sample, "weights": weights} if request else {}
        if not expected or any(row.get(key) != value for key, value in expected.items()):
            raise EvaluationError(
                f"{path}, line {line.number}: not the row this run would have written there; it is another run's. "
                "Give another --out."
            )
        count += 1
    return count


def answers(path: Path, requests: Sequence[Request], weights: str) -> bool:
    """Return whether ``path`` holds the answers to all ``requests``, in their order and of these weights."""
    try:
        return finished(path, requests, weights) == len(requests)
    except EvaluationError:
        return False


def settle(path: Path, plan: Sequence[Request], wanted: Sequence[Request], weights: str) -> None:
    """Bring the rows of a journal that answers the whole ``plan`` into the order of ``wanted``, the same requests.

    A journal that is not finished, or is in that order already, stays as it is. The samples of a prompt are next to
    each other in both. Only their places are held in memory.
    """
    if answers(path, wanted, weights) or not answers(path, plan, weights):
        return
    starts: dict[str, int] = {}
    ends: dict[str, int] = {}
    with path.open("rb") as journal, replacing(path) as settled:
        end = 0
        for request, line in zip(plan, journal, strict=True):
            starts.setdefault(request.prompt.id, end)
            end += len(line)
            ends[request.prompt.id] = end
        for prompt_id in dict.fromkeys(request.prompt.id for request in wanted):
            journal.seek(starts[prompt_id])
            settled.write(journal.read(ends[prompt_id] - starts[prompt_id]))


def _or_nothing(requests: Sequence[Request]) -> Sequence[Request | None]:
    """One None after the requests, so that a row too many is seen."""
    return [*requests, None]


def _drop_torn_line(path: Path) -> None:
    """Cut the file after its last line end: what follows was being written when the process died."""
    with path.open("rb+") as handle:
        size = handle.seek(0, 2)
        position, kept = size, 0
        while position > 0 and not kept:
            start = max(0, position - 65536)
            handle.seek(start)
            last = handle.read(position - start).rfind(b"\n")
            kept = start + last + 1 if last >= 0 else 0
            position = start
        handle.truncate(kept)
