"""A run on disk: one model on one task, in a directory that can be read, resumed and scored again.

manifest.json       what was asked of which weights, and how (written first, whole or not at all)
prompts.jsonl       one line per prompt: id, text, columns
completions.jsonl   one line per completion, appended and flushed as each batch finishes
batches.jsonl       one line whenever the number of rows per batch changed, as when memory ran out
scores.jsonl        one line per completion: values, statuses, reasons, the total, and how much it repeats itself; and
                    checksums of the lines that this was made of, so that what was edited later is seen
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, starmap, tee, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ...files import Line, RawLine, numbered_lines, raw_lines
from ...rewards.reward import Judgement, Span
from ..types import EvaluationError, Prompt, Row
from .lines import checksum, groups, line_id, prompt_id, prompt_line, row_line, score_line
from .manifest import Manifest
from .places import Places, ScoredPlaces, Stretch, groups_at, lines_at, stretches

SUITE = "suite.json"
"""The file that makes a folder one of several tasks, whose runs are a level deeper."""


class Answered(NamedTuple):
    """A prompt and its completions, sample by sample."""

    prompt: Prompt
    rows: list[Row]


class Stored(NamedTuple):
    """Where the line of a prompt stands, and those of its completions."""

    prompt: Stretch
    rows: Stretch


class StoredLines(NamedTuple):
    """The lines of a prompt and its completions, which are not looked into."""

    prompt: RawLine
    rows: list[RawLine]


class ScoredRow(NamedTuple):
    """A score and its completion as the lines they are stored in, which are not looked into."""

    score: RawLine
    row: RawLine


class MadeOf(NamedTuple):
    """Checksums of the lines of the prompt and the completion that a score was made of."""

    prompt: int
    completion: int


class Score(NamedTuple):
    """One line of ``scores.jsonl``: the judgement of each reward, by name, and the weighted total.

    ``repeated`` is the share of the completion's triples, of tokens or of words where its token ids are not known, that
    stood in it before; None where it was scored without. ``made_of`` is None for a completion that is in no run, and
    in runs of earlier versions.
    """

    prompt_id: str
    sample: int
    total: float | None
    rewards: Mapping[str, Judgement]
    repeated: float | None = None
    made_of: MadeOf | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the line as a JSON object."""
        made_of = {} if self.made_of is None else {"made_of": self.made_of}
        return {
            "prompt_id": self.prompt_id,
            "sample": self.sample,
            "total": self.total,
            "repeated": self.repeated,
            **made_of,
            "rewards": {name: judged._asdict() for name, judged in self.rewards.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Score:
        """Read a line that :meth:`to_json` wrote."""
        rewards = {
            name: Judgement(j["value"], read_status(j["status"]), j["reason"], Span(*j["span"]) if j["span"] else None)
            for name, j in value["rewards"].items()
        }
        made_of = MadeOf(*value["made_of"]) if value.get("made_of") else None
        return cls(value["prompt_id"], value["sample"], value["total"], rewards, value.get("repeated"), made_of)


def read_status(stored: str) -> str:
    """Return the status that a line of ``scores.jsonl`` holds, under today's word.

    Runs scored by earlier versions call a block that never closes "truncated".

    >>> read_status("truncated"), read_status("wrong")
    ('unclosed', 'wrong')
    """
    return "unclosed" if stored == "truncated" else stored


@dataclass(frozen=True)
class Run:
    """A run directory, opened for reading. Everything is streamed; ``only`` these prompt ids are read, None: all."""

    path: Path
    manifest: Manifest
    only: frozenset[str] | None = None

    # Cached, since joining a path takes longer than reading a line.

    @cached_property
    def _prompts(self) -> Path:
        return self.path / "prompts.jsonl"

    @cached_property
    def _completions(self) -> Path:
        return self.path / "completions.jsonl"

    @cached_property
    def _scores(self) -> Path:
        return self.path / "scores.jsonl"

    def __reduce__(self) -> tuple[type[Run], tuple[Path, Manifest, frozenset[str] | None]]:
        """Leave out what is cached, which may be large, where another process is sent a run."""
        return Run, (self.path, self.manifest, self.only)

    @classmethod
    def open(cls, path: Path) -> Run:
        """Open the run in ``path``; raise :class:`EvaluationError` when there is none."""
        return cls(path, Manifest.read(path))

    @property
    def model(self) -> str:
        """The model's name, as reports show it."""
        return self.manifest.model

    def asked(self) -> Iterator[Prompt]:
        """Yield the prompts in the order in which they were asked for, which is that of a finished run's rows."""
        for prompt, _ in self.checked_prompts():
            yield prompt

    def checked_prompts(self) -> Iterator[tuple[Prompt, int]]:
        """Yield the prompts as :meth:`asked` does, each with the checksum of its line."""
        for raw in raw_lines(self._prompts):
            line = prompt_line(self._prompts, raw)
            if self.only is None or line.value["id"] in self.only:
                yield Prompt(**line.value), checksum(raw)

    def rows(self, wanted: Collection[str] | None = None) -> Iterator[Row]:
        """Yield the completions, a prompt's samples next to each other.

        A finished run has them in the order of its prompts, an unfinished one in that in which they were generated.

        ``wanted`` limits them to those of these prompt ids.
        """
        for line in self.row_lines():
            if wanted is None or line.value["prompt_id"] in wanted:
                yield Row(**line.value)

    def row_lines(self) -> Iterator[Line]:
        """Yield the completions as they are stored."""
        return map(self.read_row, self._raw(self._completions))

    def score_lines(self) -> Iterator[Line]:
        """Yield the scores as they are stored."""
        return map(self.read_score, self._raw(self.scores_file))

    def pieces(self, size: int) -> Iterator[ScoredPlaces]:
        """Yield where about so many lines of scores and of completions at a time stand, for :meth:`scored_rows`."""
        places = Places()
        yield from self._scan(places, size)
        vars(self)["_places"] = places  # the cached property's value, so that nobody looks again

    def places(self, prompt_id: str) -> ScoredPlaces:
        """Return where the scores and completions of a prompt stand, for :meth:`scored_rows`."""
        return self._places[prompt_id]

    @cached_property
    def _places(self) -> Places:
        places = Places()
        deque(self._scan(places, math.inf), maxlen=0)
        return places

    def _scan(self, places: Places, size: float) -> Iterator[ScoredPlaces]:
        """Look once where all lines stand, add them to ``places``, and yield those of about so many at a time."""
        scores, piece, lines = self._numbered(self.scores_file), ScoredPlaces([], []), 0
        for identity, rows in groups(self._completions, size):
            if self.only is not None and identity not in self.only:
                continue  # nor are its scores among those that are read
            judged = stretches(islice(scores, rows.lines))
            if sum(stretch.lines for stretch in judged) < rows.lines:
                raise self._differing()
            places.add(identity, judged, rows)
            piece.extend(judged, [rows])
            lines += rows.lines
            if lines >= size:
                yield piece
                piece, lines = ScoredPlaces([], []), 0
        if next(scores, None) is not None:
            raise self._differing()
        if lines:
            yield piece

    def _differing(self) -> EvaluationError:
        return EvaluationError(
            f"{self.path}: scores.jsonl and completions.jsonl differ in length. Score the run again: "
            f"grpo-eval score {self.path}"
        )

    def scored_rows(self, places: ScoredPlaces) -> Iterator[ScoredRow]:
        """Yield each score at these places beside its completion, for :meth:`read_score` and :meth:`read_row`."""
        for score, row in zip_longest(lines_at(self._scores, places.scores), lines_at(self._completions, places.rows)):
            if score is None or row is None:
                raise self._differing()
            yield ScoredRow(score, row)

    def read_row(self, raw: RawLine) -> Line:
        """Return what a line of the completions holds; raise :class:`EvaluationError` where it is no row."""
        return row_line(self._completions, raw)

    def read_score(self, raw: RawLine) -> Line:
        """Return what a line of the scores holds; raise :class:`EvaluationError` where the run's mix never gave it."""
        return score_line(self._scores, raw, self.manifest.mix.weights, self.manifest.mix.ranges)

    @property
    def scores_file(self) -> Path:
        """The file of the scores; raises :class:`EvaluationError` for a run that has none yet."""
        if not os.path.lexists(self._scores):
            raise EvaluationError(
                f"{self.path} has no scores yet: finish it by the command that began it, with --resume, or score what "
                f"is there: grpo-eval score {self.path}"
            )
        return self._scores

    def _raw(self, path: Path) -> Iterator[RawLine]:
        return starmap(RawLine, self._numbered(path))

    def _numbered(self, path: Path) -> Iterator[tuple[int, bytes, int]]:
        if self.only is None:
            return numbered_lines(path)
        return (line for line in numbered_lines(path) if line_id(path, RawLine(*line)) in self.only)

    def answered(self) -> Iterator[Answered]:
        """Yield each prompt with its completions; prompts that have none yet are passed over.

        Neither file is held in memory as a whole. Of an unfinished run it is kept where the prompts stand that the
        engine put off.
        """
        return map(self.read, self.stored_lines(self.stored()))

    def stored(self) -> Iterator[Stored]:
        """Yield where the line of each prompt stands, and its completions, in the order of these."""
        asked, answers = self._prompts, self._completions
        prompts, waiting = raw_lines(asked), dict[str, Stretch]()
        for wanted, rows in groups(answers):
            while wanted not in waiting:
                prompt = next(prompts, None)
                if prompt is None:
                    self.read_row(next(lines_at(answers, [rows])))  # its own fault comes first
                    raise self._unasked(wanted)
                (waiting[prompt_id(asked, prompt)],) = stretches([prompt])
            yield Stored(waiting.pop(wanted), rows)

    def stored_lines(self, block: Iterable[Stored]) -> Iterator[StoredLines]:
        """Yield the lines that stand at these places, of which none is looked at before it is asked for."""
        one, other = tee(block)
        prompts = lines_at(self._prompts, (stored.prompt for stored in one))
        return map(StoredLines, prompts, groups_at(self._completions, (stored.rows for stored in other)))

    def read(self, lines: StoredLines) -> Answered:
        """Return what stored lines hold; raise :class:`EvaluationError` where they are none of a run's."""
        prompt = Prompt(**prompt_line(self._prompts, lines.prompt).value)
        rows = [Row(**self.read_row(raw).value) for raw in lines.rows]
        for row in rows:
            if row.prompt_id != prompt.id:
                raise self._unasked(row.prompt_id)
        return Answered(prompt, rows)

    def _unasked(self, answered: str) -> EvaluationError:
        return EvaluationError(
            f"{self.path}: completions.jsonl answers {answered!r} where prompts.jsonl does not ask it; "
            "one of the files is another run's."
        )

    def scores(self, wanted: Collection[str] | None = None) -> Iterator[Score]:
        """Yield the scores in the order of the completions, limited as :meth:`rows` does."""
        for line in self.score_lines():
            if wanted is None or line.value["prompt_id"] in wanted:
                yield Score.from_json(line.value)


def find_runs(paths: list[Path]) -> list[Run]:
    """Open the runs in ``paths``: each is a run, or a folder whose subfolders are runs.

    Subfolders come in the order in which their runs were created.
    """
    runs: list[Run] = []
    for path in paths:
        if not path.is_dir():
            raise EvaluationError(f"no folder {path}: give the directory of a run.")
        runs += [Run.open(folder) for folder in run_folders(path)]
    return runs


def holds_runs(path: Path) -> bool:
    """Return whether a path is a run, or a folder of runs."""
    return (path / "manifest.json").exists() or any(path.glob("*/manifest.json"))


def runs_below(path: Path) -> list[Run]:
    """Return the run in ``path``, or those in its subfolders and theirs, as the suite of several tasks has them."""
    if (path / "manifest.json").exists():
        return [Run.open(path)]
    manifests = sorted([*path.glob("*/manifest.json"), *path.glob("*/*/manifest.json")])
    return [Run.open(manifest.parent) for manifest in manifests]


def run_folders(path: Path) -> list[Path]:
    """Return the run directories in ``path``: itself, or its subfolders, the first-created run first."""
    if (path / "manifest.json").exists():
        return [path]
    folders = [manifest.parent for manifest in path.glob("*/manifest.json")]
    if not folders:
        raise EvaluationError(f"{path} holds no run: there is no manifest.json in it or in its subfolders.")
    return sorted(folders, key=lambda folder: (Manifest.read(folder).created, folder.name))
