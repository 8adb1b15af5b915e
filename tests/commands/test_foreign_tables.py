"""Tables of others: what cannot be read for certain is one line that names its place, and no number."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from grpokit.commands.eval import main
from grpokit.evaluate import Run
from grpokit.evaluate.tasks.tables import parquet_rows

RIGHT = '{"id": "1", "completion": "#### 2", "answer": "2"}\n'
LATER = RIGHT.replace('"1"', '"7"')
ROWS = {
    # what a row in line 2 holds, and what is said of it
    '{"id": "2", "completion": "#### 3", "completion": "#### 2", "answer": "2"}': "the key 'completion' is given twice",
    '{"id": "2", "completion": "#### 2", "answer": "2", "more": [{"a": 1, "a": 2}]}': "the key 'a' is given twice",
    '{"id": 1, "completion": "#### 3", "answer": "2"}': "where texts and numbers are mixed",  # a sample of "1"
    '{"id": null, "completion": "#### 2", "answer": "2"}': "its id is None; give a text or a number",
    '{"id": true, "completion": "#### 2", "answer": "2"}': "its id is True; give a text or a number",
    '{"id": [2], "completion": "#### 2", "answer": "2"}': "its id is [2]; give a text or a number",
    '{"id": "2", "completion": 2, "answer": "2"}': "its completion is 2; a text or chat messages are wanted",
    '{"id": "2", "completion": [], "answer": "2"}': "its completion is []; a text or chat messages are wanted",
    '{"id": "2", "completion": {"content": "#### 2"}, "answer": "2"}': "its completion is {'content': '#### 2'};",
    '{"id": "2", "completion": ["#### 2"], "answer": "2"}': "its completion is ['#### 2']; a text or chat messages",
    '{"id": "2", "completion": "#### 2"}': "no column 'answer'",
    '{"id": "2", "answer": "2"}': "no column 'completion'",
    '{"id": "2", "completion": "#### 2", "answer": ' + "9" * 5000 + "}": "not valid JSON",
    '{"id": "2", "completion": "#### 2", "answer": ' + "[" * 100_000 + "}": "not valid JSON",
    '{"id": "2", "comp': "not valid JSON",
    '["2", "#### 2", "2"]': "a JSON object is wanted, this is list",
}


def score(file: Path, out: Path) -> int:
    return main(["score", str(file), "--reference-column", "answer", "--id-column", "id", "--out", str(out)])


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_is_not_certain_is_refused_by_its_line_or_left_out(
    row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "rows.jsonl", tmp_path / "out"
    file.write_text(RIGHT + row + "\n" + LATER)
    assert score(file, out) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "rows.jsonl, line 2" in line
    assert ROWS[row] in line
    assert not out.exists()
    without = ["--reference-column", "answer", "--id-column", "id", "--skip-bad-rows", "--out", str(out)]
    assert main(["score", str(file), *without, "--json", str(tmp_path / "report.json")]) == 0
    (model,) = json.loads((tmp_path / "report.json").read_text())["models"]
    assert (model["prompts"], model["rewards"]["correctness"]["mean"]) == (2, 1.0)


CLEAR = [
    '{"id": "2", "completion": "the JSON {\\"a\\": 1, \\"a\\": 2} #### 2", "answer": "2"}',  # keys in a text
    '{"id" : "2", "completion" : "#### 2", "answer" : "2"}',  # blanks before colons
    '\ufeff{"id": "2", "completion": "#### 2", "answer": "2"}\r',  # as Windows writes it
    '{"id": "2", "completion": [{"role": "assistant", "content": "#### 2"}], "answer": "2"}',
]


@pytest.mark.parametrize("row", CLEAR)
def test_a_row_that_only_looks_uncertain_is_read(row: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(row + "\n", encoding="utf-8")
    assert score(tmp_path / "rows.jsonl", tmp_path / "out") == 0
    (scored,) = (tmp_path / "out" / "scores.jsonl").read_text().splitlines()
    assert json.loads(scored)["total"] == 1.0


ENDLESS = {
    "rows.jsonl": '{"id": "1", "completion": "' + "x" * 5000,
    "rows.json": '[{"id": "1", "completion": "' + "x" * 3_000_000,
    "rows.csv": "id,completion,answer\n1," + "x" * 5000,
    "quoted.csv": 'id,completion,answer\n1,"' + "x\n" * 5000,
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_row_without_end_does_not_fill_the_memory(
    name: str, packed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gigabyte of one letter is a megabyte of gzip."""
    for module in ("files", "json_stream", "tasks.delimited"):
        place = module if module == "files" else f"evaluate.{module}"
        monkeypatch.setattr(f"grpokit.{place}.LONGEST_LINE", 4096)
    file, text = tmp_path / (name + ".gz" * packed), ENDLESS[name].encode()
    file.write_bytes(gzip.compress(text) if packed else text)
    assert score(file, tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "longer than 4,096 bytes" in line or "field larger than field limit (4096)" in line
    assert not (tmp_path / "out").exists()


def test_what_is_no_file_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe without a writer is waited for, and a device never ends."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    for name in ("pipe.jsonl", "zero.jsonl", "loop.jsonl"):
        assert score(tmp_path / name, tmp_path / "out") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "no file" in line


ARRAYS = {
    # what is in a file of .json, and what is said of it
    "[ROW] [ROW]": "'[' stands behind its end",  # half of the rows would be lost
    "[ROW] and more": "'a' stands behind its end",
    '[{"id": "2", "completion": "#### 3", "completion": "#### 2", "answer": "2"}]': "the key 'completion' is given",
}


@pytest.mark.parametrize("text", ARRAYS)
def test_an_array_that_is_not_certain_is_one_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.json"
    file.write_text(text.replace("ROW", RIGHT.strip()))
    assert score(file, tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert ARRAYS[text] in line


ODD: dict[str, Any] = {
    # a column of a Parquet file, and what is said of the file
    "a date": (pa.array([2**62], pa.timestamp("us")), "is not a readable Parquet file (date value out of range)"),
    "a time zone": (pa.array([1], pa.timestamp("us", tz="No/Where")), "is not a readable Parquet file ('No/Where')"),
    "two fields": (
        pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
        "is not a readable Parquet file (Converting to Python dictionary is not supported when duplicate field names",
    ),
    "bytes": (
        pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"]).buffers()),
        "is not a readable Parquet file ('utf-8' codec can't decode byte 0xff",
    ),
    "completion": (pa.array(["#### 3"]), "has the column 'completion' twice; rename one of the two"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_parquet_file_that_python_has_no_value_for_is_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    column, said = ODD[name]
    row = [pa.array(["1"]), pa.array(["#### 2"]), pa.array(["2"]), column]
    pq.write_table(pa.Table.from_arrays(row, ["id", "completion", "answer", name]), tmp_path / "rows.parquet")
    assert score(tmp_path / "rows.parquet", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "out").exists()


def test_a_number_of_32_bits_is_the_decimal_that_was_written(tmp_path: Path) -> None:
    """0.1 is 0.10000000149011612 then, and a right answer would be wrong."""
    answers = [0.1, 2.5, 1e10, 16777216.0, 3.0, None]
    table = pa.table(
        {
            "id": [str(n) for n in range(len(answers))],
            "completion": ["#### 0.1", "#### 2.5", "#### 10000000000", "#### 16777216", "#### 3", "#### 1"],
            "answer": pa.array(answers, pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    assert score(tmp_path / "rows.parquet", tmp_path / "out") == 0
    values = [one.rewards["correctness"].value for one in Run.open(tmp_path / "out").scores()]
    assert values == [1.0, 1.0, 1.0, 1.0, 1.0, None]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([0.1, None], pa.list_(pa.float32())),
        ({"a": 0.1, "b": [{"c": 2.3}], "d": 1}, None),  # as pyarrow finds it, in 64 bits, beside one of 32
        ({"a": 0.1, "b": [0.7]}, pa.struct({"a": pa.float32(), "b": pa.list_(pa.float32())})),
    ],
)
def test_so_are_those_within_lists_and_structs(tmp_path: Path, value: Any, kind: Any) -> None:
    pq.write_table(pa.table({"value": pa.array([value, None], kind)}), tmp_path / "rows.parquet")
    assert [row.value["value"] for row in parquet_rows(tmp_path / "rows.parquet")] == [value, None]


def test_a_number_that_only_python_reads_is_no_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.csv").write_text("id,completion,quality\n1,a,1_0\n")
    words = ["score", str(tmp_path / "rows.csv"), "--score-column", "quality", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "quality is '1_0', which is no number" in capsys.readouterr().err


def test_a_table_whose_reference_is_not_named_is_told_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its columns were called none, though one is the reference."""
    file = tmp_path / "rows.jsonl"
    file.write_text(RIGHT)
    assert main(["score", str(file), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("rows.jsonl: a reward compares with the reference; name its column with --reference-column.")
