"""Rows come whole from every kind of source, and every broken source is told in one line."""

import gzip
import re
from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import EvaluationError, load_task
from grpokit.evaluate.tasks.delimited import SAMPLE
from grpokit.evaluate.tasks.filters import Sieve, parse_where
from grpokit.evaluate.tasks.preparation import prepare
from grpokit.evaluate.tasks.sources import Source
from grpokit.evaluate.tasks.tables import read_table


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("rows.jsonl", b"", "rows.jsonl is empty"),
        ("rows.jsonl", b'{"a": 1}\n{"a": \n', "rows.jsonl, line 2: not valid JSON"),
        ("rows.jsonl", b'{"a": 1}\n["b"]\n', "rows.jsonl, line 2: a JSON object is wanted"),
        ("rows.jsonl", b'{"a": "\xff"}\n', "rows.jsonl, line 1: not valid JSON"),
        ("rows.csv", b"", "rows.csv is empty; give a CSV file with a header line"),
        ("rows.csv", b"a,b\n1,2\n3\n", "rows.csv, line 3: the row has more or fewer fields than the header line"),
        ("rows.csv", b"a,b\n1,2,3\n", "rows.csv, line 2: the row has more or fewer fields"),
        ("rows.csv", b"a\n\xff\n", "rows.csv is not in UTF-8"),
        (
            "rows.csv",
            b'a\n1\n"2\n3\n',
            "line 3: here a row begins that is no CSV",
        ),  # a quote that never closes
        (
            "rows.csv",
            b'a,b\n1,"2"x\n',
            "line 2: here a row begins that is no CSV",
        ),  # text behind a closed quote
        ("rows.csv", b'"a\n1\n', "line 1: here a row begins that is no CSV"),  # in the header
        ("rows.csv", b"a,b,a\n1,2,3\n", "rows.csv: the header line names the column 'a' twice; rename one"),
        ("rows.parquet", b"PAR1 or not", "rows.parquet is not a readable Parquet file"),
        ("rows.json", b'[{"a": 1}, {"a":', "rows.json is not whole JSON, at character 16: Expecting value"),
        ("rows.json", b'[{"a": 1}, 2]', "rows.json, row 2: a JSON object is wanted, this is int"),
        ("rows.parquet", b"", "rows.parquet is not a readable Parquet file"),
        ("rows.xlsx", b"", "unknown kind of file '.xlsx'; give .jsonl, .csv or .parquet"),
    ],
)
def test_broken_files(file: str, content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_bytes(content)
    with pytest.raises(GrpokitError) as caught:
        list(read_table(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content"), [("r.jsonl", '"why?"\n{"text": "how?"}\n'), ("r.json", '["why?", {"text": "how?"}]')]
)
def test_bare_strings_are_rows_of_text(file: str, content: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(content)
    assert list(read_table(tmp_path / file)) == [{"text": "why?"}, {"text": "how?"}]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no file .*rows\.csv"):
        read_table(tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("file", "content", "rows"),
    [
        ("rows.csv", "a;b\n1,5;2\n3;4,5\n", [{"a": "1,5", "b": "2"}, {"a": "3", "b": "4,5"}]),  # decimal commas
        ("rows.csv", "a,b\n1;2,3;4\n", [{"a": "1;2", "b": "3;4"}]),  # either would do: the kind's own wins
        ("rows.tsv", "a\tb\n1\t2,3\n", [{"a": "1", "b": "2,3"}]),
        ("rows.csv", 'a|b\n"1|5"|2\n', [{"a": "1|5", "b": "2"}]),
        ("rows.csv", "a\n1;2\n3\n", [{"a": "1;2"}, {"a": "3"}]),  # one column
        ("rows.json", '\n[{"a": 1}, {"a": {"b": [2]}}]', [{"a": 1}, {"a": {"b": [2]}}]),
        ("rows.json", '{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_file_shows_what_separates_its_rows(
    file: str, content: str, rows: list[dict[str, object]], packed: bool, tmp_path: Path
) -> None:
    path = tmp_path / (file + ".gz" * packed)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    assert list(read_table(path)) == rows


def test_a_delimiter_that_could_be_two_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a;b|c\n1;2|3\n")
    with pytest.raises(EvaluationError, match=r"could be separated by semicolons or bars; write it with commas"):
        list(read_table(path))


def test_a_row_that_is_cut_by_the_sample_does_not_hide_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a;b\n" + "x,y;z\n" * (SAMPLE // 6) + "long" * 9 + ";z\n")
    assert {tuple(row) for row in read_table(path)} == {("a", "b")}


def test_a_folder_of_shards_is_one_table(tmp_path: Path) -> None:
    (tmp_path / "part-1.jsonl").write_text('{"a": 2}\n')
    (tmp_path / "part-0.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n'))
    (tmp_path / "README.md").write_text("no table")
    assert [row["a"] for row in read_table(tmp_path)] == [1, 2]
    (tmp_path / "other.csv").write_text("a\n3\n")
    with pytest.raises(EvaluationError, match=r"holds files of several kinds \(\.csv, \.jsonl\)"):
        read_table(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(EvaluationError, match="holds no table"):
        read_table(tmp_path / "none")


@pytest.mark.parametrize("kept", [5, 30])
def test_gzip_data_that_is_cut_off(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": "some words of a row"}\n' * 9)[:kept])
    with pytest.raises(GrpokitError, match="its gzip data is broken or cut off"):
        list(read_table(path))


def test_csv_cells_may_be_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + "x" * 300_000 + ',"' + "y, " * 300_000 + '"\n')
    assert list(read_table(path)) == [{"a": "x" * 300_000, "b": "y, " * 300_000}]


def test_csv_with_a_byte_order_mark_and_line_ends_in_quotes(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'\xef\xbb\xbfquestion,answer\r\n"2+2?\nNow.",4\r\n')
    assert list(read_table(path)) == [{"question": "2+2?\nNow.", "answer": "4"}]


def test_an_unknown_split_is_told_with_the_known_ones() -> None:
    with pytest.raises(EvaluationError, match=r"no split 'tset'\. Did you mean 'test'"):
        Source(generator="arithmetic").rows("tset")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["lang"], "--where 'lang': write COLUMN=VALUE"),
        (["=en"], "--where '=en'"),
        (["lang="], "--where 'lang='"),
    ],
)
def test_filters_that_are_none(texts: list[str], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        parse_where(texts)


@pytest.mark.parametrize(
    ("where", "value", "kept"),
    [
        ("level=2", 2, True),
        ("level=2", "2", True),  # as CSV has it
        ("level=1,2", 3, False),
        ("deleted=false", False, True),
        ("deleted=false", "False", True),  # as CSV has it
        ("parent=null", None, True),
        ("parent=null", "", True),  # as CSV has it
        ("parent=null", "x", False),
        ("lang=no", "no", True),  # Norwegian, which YAML takes for false
        ("a=b=c", "b=c", True),
    ],
)
def test_values_are_compared_as_text(where: str, value: object, kept: bool) -> None:
    filters = parse_where([where])
    assert bool(list(Sieve(filters).keep([{next(iter(filters)): value}]))) is kept


def test_a_missing_column_is_null_where_another_row_has_it() -> None:
    found = list(Sieve({"parent_id": None}).keep([{"id": 1}, {"id": 2, "parent_id": 1}]))
    assert [row.values["id"] for row in found] == [1]


@pytest.mark.parametrize("where", [{"parrent_id": None}, {"parrent_id": "a"}])
def test_a_filter_on_a_column_that_no_row_has_is_an_error(where: dict[str, str | None]) -> None:
    with pytest.raises(EvaluationError, match=r"no column 'parrent_id' to filter by\. Did you mean 'parent_id'"):
        list(Sieve(where).keep([{"id": 1, "parent_id": None}]))


CARD = """\
name: own
source: {file: data/rows.jsonl}
user: "{question}"
reference: answer
rewards: correctness
primary: correctness
"""


def test_a_cards_file_is_looked_for_beside_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cards" / "data").mkdir(parents=True)
    (tmp_path / "cards" / "own.yaml").write_text(CARD)
    monkeypatch.chdir(tmp_path)
    task = load_task("cards/own.yaml")
    with pytest.raises(EvaluationError, match=rf"no file {re.escape(str(tmp_path))}/cards/data/rows\.jsonl"):
        list(task.prompts())
    (tmp_path / "cards" / "data" / "rows.jsonl").write_text('{"question": "2+2?", "answer": "4"}\n')
    assert [prompt.columns["reference"] for prompt in task.prompts()] == ["4"]
    prepared = prepare(task, "train", tmp_path / "elsewhere")
    assert list(load_task(str(prepared.card)).prompts()) == list(task.prompts())


def test_a_parquet_bomb_stops_at_a_limit(tmp_path: Path) -> None:
    """A text that stands once in the file is in every row; or what compresses to nothing."""
    import pyarrow
    import pyarrow.parquet

    for name, texts, how in (
        ("repeated", ["x" * 2**17] * 4096, {"use_dictionary": True}),
        ("compressed", ["\0" * 2**22] * 70, {"use_dictionary": False, "compression": "zstd"}),
    ):
        path = tmp_path / f"{name}.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"question": texts}), path, **how)
        assert path.stat().st_size < 2**18
        with pytest.raises(EvaluationError, match=r"unpacks to .* MB, more than 1000 times its size"):
            sum(1 for _ in read_table(path))
