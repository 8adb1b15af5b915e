"""Rows come whole from every kind of source, and every broken source is told in one line."""

import re
from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import EvaluationError, load_task
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


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no file .*rows\.csv"):
        read_table(tmp_path / "rows.csv")


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
