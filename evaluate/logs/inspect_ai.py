"""inspect_ai: ``.eval`` (a zip whose members zstandard or deflate compress) and ``.json``, both of format 2.

Epochs are samples of one question. Of a sample that ended in an error there is no completion.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import nearest
from ...files import open_file, parse_json
from ...rewards.graded import Grade
from ...rewards.text import Text
from ..json_stream import JsonStream
from ..tasks.rows import opened
from ..types import EvaluationError, FinishReason
from .log import (
    BadRow,
    Log,
    LogChoice,
    LogRow,
    LogRows,
    Metrics,
    as_number,
    metadata,
    question_hash,
    refuse_several,
    row_or_fault,
    stem,
)

VERSION = 2
ZIP = b"PK\x03\x04"
HEADERS = ("header.json", "_journal/start.json")
"""Where an ``.eval`` file has its header: the first where the evaluation came to its end, the second in any case."""

ZSTANDARD = 93
LARGEST = 2**30
"""A member of a zip may unpack to so many bytes."""

LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""What inspect's own metrics make of correct, incorrect, partly correct and no answer."""

FINISHES: dict[str, FinishReason] = {"stop": "eos", "max_tokens": "length", "model_length": "length"}

_ATTACHED = "attachment://"


class _Sample(NamedTuple):
    where: str
    value: Any
    fault: str | None = None


def is_header(value: Mapping[str, Any]) -> bool:
    """Return whether the first members of a JSON document are those of such a log."""
    return "eval" in value and "version" in value


def is_archive(path: Path) -> bool:
    """Return whether a zip is such a log."""
    with _archive(path) as archive:
        return any(name in archive.NameToInfo for name in HEADERS)


def read(path: Path, choice: LogChoice) -> Log:
    """Open a log of either format."""
    with open_file(path) as file:
        packed = file.read(4) == ZIP
    header, samples = (_read_archive if packed else _read_json)(path)
    if header.get("version") != VERSION:
        raise EvaluationError(
            f"{path} is of version {header.get('version')} of inspect's format; this reads version {VERSION}: convert "
            "it with inspect log convert."
        )
    return _Inspected(path, header, samples, choice.scorer).log()


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise EvaluationError(f"{path} is not a whole zip file ({error}); copy the log again.") from None


def _read_archive(path: Path) -> tuple[Mapping[str, Any], Iterator[_Sample]]:
    with _archive(path) as archive:
        members = archive.NameToInfo  # of two members with one name, written one after the other, the later one
        name = next((name for name in HEADERS if name in members), None)
        if name is None:
            raise EvaluationError(f"{path} is no log of inspect: it has no {HEADERS[0]}.")
        header = parse_json(_unpacked(archive, path, members[name]))
    return {"status": "started", **header}, _archived_samples(path)


def _archived_samples(path: Path) -> Iterator[_Sample]:
    with _archive(path) as archive:
        for name, member in archive.NameToInfo.items():
            if name.startswith("samples/") and name.endswith(".json"):
                try:
                    yield _Sample(name, parse_json(_unpacked(archive, path, member)))
                except (EvaluationError, ValueError, RecursionError) as error:
                    yield _Sample(name, {}, f"it cannot be read ({error})")


def _unpacked(archive: zipfile.ZipFile, path: Path, member: zipfile.ZipInfo) -> bytes:
    """Return a member's bytes: Python's zipfile knows zstandard from 3.14 on, Arrow does all the same."""
    if member.file_size > LARGEST:
        raise EvaluationError(f"{path}, {member.filename} would unpack to {member.file_size / 1e6:,.0f} MB")
    try:
        if member.compress_type == ZSTANDARD:
            return _unzstandard(path, member)
        return archive.read(member)  # NotImplementedError is what it raises on a compression that it does not know
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, zlib.error) as error:
        raise EvaluationError(f"{path}, {member.filename}: {error}") from None


def _unzstandard(path: Path, member: zipfile.ZipInfo) -> bytes:
    import pyarrow

    with path.open("rb") as file:
        file.seek(member.header_offset)
        local = file.read(
            30
        )  # whose last two numbers are the lengths of the name and of what else comes before the data
        file.seek(int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little"), 1)
        packed = file.read(member.compress_size)
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
        raw: bytes = stream.read(member.file_size + 1)
    if len(raw) != member.file_size or zlib.crc32(raw) != member.CRC:
        raise EvaluationError(f"{path}, {member.filename}: its checksum is another one, so the file is damaged")
    return raw


def _read_json(path: Path) -> tuple[Mapping[str, Any], Iterator[_Sample]]:
    header: dict[str, Any] = {}
    with opened(path) as file:
        stream = JsonStream(file, path)
        for name in stream.members():
            if name == "samples":
                break
            header[name] = stream.value()
    return header, _json_samples(path)


def _json_samples(path: Path) -> Iterator[_Sample]:
    with opened(path) as file:
        stream = JsonStream(file, path)
        for name in stream.members():
            if name != "samples":
                stream.value()
                continue
            number = 0
            try:
                for number, value in enumerate(stream.elements(), start=1):
                    yield _Sample(f"sample {number}", value)
            except EvaluationError as error:
                yield _Sample(f"sample {number + 1}", {}, f"it and what follows cannot be read ({error})")
            return


@dataclass
class _Inspected:
    path: Path
    header: Mapping[str, Any]
    samples: Iterator[_Sample]
    scorer: str | None
    metrics: Metrics = field(default_factory=lambda: Metrics("inspect"))

    def log(self) -> Log:
        self._check_scorer()
        about = self._part("eval")
        model = str(about.get("model") or "") or None
        return Log(
            self.path,
            "inspect",
            str(about.get("task") or stem(self.path)),
            self._rows(),
            self.metrics,
            model=model,
            reference="target",
            facts=self._facts(about),
            names={} if model is None else {"checkpoint": model},
            notes=self._notes(),
        )

    def _part(self, name: str) -> Mapping[str, Any]:
        value = self.header.get(name)
        return value if isinstance(value, Mapping) else {}

    def _facts(self, about: Mapping[str, Any]) -> dict[str, Any]:
        packages, plan = about.get("packages"), self._part("plan")
        facts = {
            "version": packages.get("inspect_ai") if isinstance(packages, Mapping) else None,
            "task_args": about.get("task_args") or None,
            "solvers": plan.get("steps"),
            "generation": {**(about.get("model_generate_config") or {}), **(plan.get("config") or {})} or None,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _notes(self) -> tuple[str, ...]:
        status = self.header.get("status")
        if status == "success":
            return ()
        error = self.header.get("error")
        why = f" ({error['message']})" if isinstance(error, Mapping) and "message" in error else ""
        return (f'{self.path}: its status is "{status}"{why}, so samples may be missing.',)

    def _check_scorer(self) -> None:
        scores = self._part("results").get("scores") or self._part("eval").get("scorers") or []
        scorers = list(dict.fromkeys(str(one.get("scorer") or one.get("name")) for one in scores))
        if self.scorer is None and len(scorers) > 1:
            raise refuse_several(self.path, "scorers", scorers, "--scorer")
        if self.scorer is not None and self.scorer not in scorers:
            raise EvaluationError(f"{self.path} has no scorer {self.scorer!r}. {nearest(self.scorer, scorers)}")

    def _rows(self) -> LogRows:
        for where, value, torn in self.samples:
            if fault := torn or _fault(value):
                yield BadRow(where, str(value["id"]) if isinstance(value, Mapping) and "id" in value else None, fault)
            else:
                yield row_or_fault(partial(self._row, value, where), where, str(value["id"]))

    def _row(self, value: Mapping[str, Any], where: str) -> LogRow:
        output, error = value.get("output"), value.get("error")
        output = output if isinstance(output, Mapping) else {}
        asked, target = _resolved(value["input"], value), value["target"]
        columns = metadata(value.get("metadata")) | {"reference": target}
        if value.get("choices"):
            columns["choices"] = value["choices"]
        usage = output.get("usage")
        return LogRow(
            where,
            str(value["id"]),
            asked,
            columns,
            None if error else _completion(output, value),
            dict(self._grades(value)),
            question=question_hash(asked, target, value.get("choices")),
            finish=FINISHES.get(str(_first_choice(output).get("stop_reason"))),
            tokens=usage.get("output_tokens") if isinstance(usage, Mapping) else None,
            error=str(error.get("message")) if isinstance(error, Mapping) else None,
        )

    def _grades(self, sample: Mapping[str, Any]) -> Iterator[tuple[str, Grade]]:
        scores = sample.get("scores")
        for scorer, score in scores.items() if isinstance(scores, Mapping) else ():
            if self.scorer in (None, scorer) and isinstance(score, Mapping):
                value = score.get("value")
                named = value.items() if isinstance(value, Mapping) else [(None, value)]
                answer = f", answer {score['answer']!r:.80}" if score.get("answer") else ""
                for key, one in named:
                    letter = LETTERS.get(one) if isinstance(one, str) else None
                    number = as_number(one) if letter is None else letter
                    name = scorer if key is None else f"{scorer}.{key}"
                    bounded = letter is not None or isinstance(one, bool)
                    yield self.metrics.grade(name, number, f"{one!s:.40}{answer}", bounded=bounded)


def _fault(value: Any) -> str | None:
    """Say what keeps a value from being a sample; None where nothing does."""
    if not isinstance(value, Mapping):
        return f"a sample is wanted, this is {type(value).__name__}"
    if lacking := sorted({"id", "epoch", "input", "target"} - value.keys()):
        return f"no {' and no '.join(map(repr, lacking))}, which inspect's samples have"
    return None


def _completion(output: Mapping[str, Any], sample: Mapping[str, Any]) -> Text | None:
    """Return what the model said last; None where it did not come to an answer."""
    text = output.get("completion")
    if text is None:
        message = _first_choice(output).get("message")
        text = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(text, list):  # parts of which some are texts
        text = "".join(str(part["text"]) for part in text if isinstance(part, Mapping) and "text" in part)
    whole = _resolved(text, sample)
    return whole if isinstance(whole, str) and _first_choice(output) else None


def _first_choice(output: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = output.get("choices")
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}


def _resolved(value: Any, sample: Mapping[str, Any]) -> Any:
    """Return a text or messages with the long texts that the log keeps apart put in their places."""
    if isinstance(value, str) and value.startswith(_ATTACHED):
        attached = sample.get("attachments")
        return attached.get(value.removeprefix(_ATTACHED), value) if isinstance(attached, Mapping) else value
    if isinstance(value, list):
        return [_resolved(one, sample) for one in value]
    if isinstance(value, Mapping):
        return {name: _resolved(one, sample) for name, one in value.items()}
    return value
