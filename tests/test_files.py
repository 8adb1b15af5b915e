"""Files are written whole or not at all, and read with the line's number in every complaint."""

import json
from pathlib import Path

import pytest
from grpokit.evaluate.runs.manifest import Manifest
from grpokit.files import FileError, dump_line, read_lines, write_atomically, write_lines
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


def test_a_failing_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_lines(path, [{"a": 1}])

    def broken():
        yield {"a": 2}
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_lines(path, broken())
    assert path.read_text() == '{"a": 1}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_target_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot write"):
        write_atomically(tmp_path / "missing" / "file", "text")


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
