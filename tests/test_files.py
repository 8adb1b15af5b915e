"""Files are written whole or not at all, and read with the line's number in every complaint."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate.runs.manifest import Manifest
from grpokit.files import (
    FileError,
    dump_line,
    read_lines,
    replacing,
    replacing_folder,
    write_atomically,
    write_lines,
)
from grpokit.tests.evaluate.stored_runs import manifest
from hypothesis import given
from hypothesis import strategies as st


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_a_dumped_line_is_one_line_and_reads_back(value: dict[str, object]) -> None:
    line = dump_line(value)
    assert line.count("\n") == 1
    assert line.encode()
    assert json.loads(line) == value


def test_a_lone_surrogate_reads_back() -> None:
    assert json.loads(dump_line({"text": "a\ud800b"})) == {"text": "a\ud800b"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ('{"a": 1}\n{"a":\n', "line 2: not valid JSON"),
        ("[1]\n", "line 1: a JSON object is wanted, this is list"),
        ('{"a": 1}\n\n7\n', "line 3: a JSON object is wanted, this is int"),  # blank lines count
    ],
)
def test_wrong_lines_are_told_by_number(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    with pytest.raises(FileError, match=said):
        list(read_lines(path))


def test_bytes_that_are_no_utf8_are_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": "\xff"}\n')
    with pytest.raises(FileError, match="line 1: not valid JSON"):
        list(read_lines(path))


class Stop(BaseException):
    """As Ctrl-C is: no Exception."""


def broken_bytes(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"new")
        raise Stop


def broken_lines(path: Path) -> None:
    def values() -> Iterator[dict[str, int]]:
        yield {"a": 2}
        raise Stop

    write_lines(path, values())


@pytest.mark.parametrize("write", [broken_bytes, broken_lines])
@pytest.mark.parametrize("old", [None, "old"])
def test_a_failing_writer_leaves_the_old_file(tmp_path: Path, write: Callable[[Path], None], old: str | None) -> None:
    path = tmp_path / "rows.jsonl"
    if old is not None:
        path.write_text(old)
    with pytest.raises(Stop):
        write(path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == ({} if old is None else {path.name: old})


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.jsonl").write_text("old")
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(FileError, match=r"cannot write .*rows\.jsonl: No space left on device\."):
        write_atomically(tmp_path / "rows.jsonl", "new")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"rows.jsonl": "old"}


def _full(descriptor: int) -> None:
    raise OSError(28, os.strerror(28))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced and renamed, in order: for a file that is synced how many bytes of it the system has by then."""
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        state = os.fstat(descriptor)
        order.append("sync folder" if stat.S_ISDIR(state.st_mode) else f"sync {state.st_size} bytes")
        fsync(descriptor)

    def replaced(source: Any, target: Any, **named: Any) -> None:
        order.append(f"rename to {Path(target).name}")
        replace(source, target, **named)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    return order


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, calls: list[str]) -> None:
    write_lines(tmp_path / "rows.jsonl", [{"a": 1}, {"b": 2}])
    assert calls == ["sync 18 bytes", "rename to rows.jsonl", "sync folder"]


def test_a_folder_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, calls: list[str]) -> None:
    with replacing_folder(tmp_path / "new" / "model") as unfinished:
        (unfinished / "part").mkdir()
        (unfinished / "part" / "a").write_text("12345")
    assert calls == ["sync 5 bytes", "rename to model", "sync folder"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model"]
    assert (tmp_path / "new" / "model" / "part" / "a").read_text() == "12345"


def test_an_unfinished_folder_is_not_left(tmp_path: Path) -> None:
    def broken() -> None:
        with replacing_folder(tmp_path / "model") as unfinished:
            (unfinished / "a").write_text("12345")
            raise Stop

    with pytest.raises(Stop):
        broken()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_of_the_same_number_left_is_not_in_the_folder(tmp_path: Path) -> None:
    left = tmp_path / f".model.{os.getpid()}.tmp"
    left.mkdir()
    (left / "half").write_text("of it")
    with replacing_folder(tmp_path / "model"):
        pass
    assert list((tmp_path / "model").iterdir()) == []


@pytest.mark.parametrize("folder", [False, True])
def test_what_killed_processes_left_is_removed_by_the_next_writer(folder: bool, tmp_path: Path) -> None:
    """Beside a report nobody holds a lock, so that only what stood for this very file is removed."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    names = [f".page.{ended.pid}.tmp", f".page.{os.getppid()}.tmp", f".pages.{ended.pid}.tmp", f".page.{ended.pid}"]
    for name in names:
        (tmp_path / name).mkdir() if folder else (tmp_path / name).write_text("half")
    if folder:
        with replacing_folder(tmp_path / "page"):
            pass
    else:
        write_atomically(tmp_path / "page", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"page", *names[1:]}


def test_a_folder_with_files_in_it_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine").write_text("mine")
    with pytest.raises(OSError, match="not empty"), replacing_folder(tmp_path / "model"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "mine"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(path, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert path.is_fifo()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/file", "No such file or directory"),
        ("folder", "Is a directory"),
        ("file/file", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_an_unwritable_target_is_one_line(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileError, match=f"^cannot write [^\n]*: {said}.$"):
        write_atomically(tmp_path / name, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_manifest_with_half_a_character_reads_back(tmp_path: Path) -> None:
    written = manifest("half \ud83d")
    written.write(tmp_path)
    assert Manifest.read(tmp_path) == written
    (tmp_path / "manifest.json").read_text(encoding="utf-8")  # any other reader takes it


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 123456789012345678901234567890}',  # beyond 64 bits: never rounded to a float
        '{"a": 9223372036854775808}',
        '{"a": -12345678901234567890123}',
        '{"a": NaN, "b": 1e999}',
        '{"a": "half \\ud83d of it"}',
        '{"a": "digits 1234567890123456789012 in text"}',
        '{"a": 0.1, "b": 1e-7, "c": 0.30000000000000004}',
    ],
)
def test_lines_are_read_as_python_reads_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "lines.jsonl").write_text(text + "\n")
    [line] = read_lines(tmp_path / "lines.jsonl")
    assert repr(line.value) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text", ['{"a": ' + "1" * 5000 + "}", '{"a": ' + "[" * 100_000 + "}", '{"a" 1}', '{"a": "\xff"}']
)
def test_what_is_no_json_is_one_line_with_its_number(tmp_path: Path, text: str) -> None:
    (tmp_path / "lines.jsonl").write_bytes(b"{}\n" + text.encode("latin-1") + b"\n")
    with pytest.raises(FileError, match=r"lines\.jsonl, line 2: not valid JSON"):
        list(read_lines(tmp_path / "lines.jsonl"))
