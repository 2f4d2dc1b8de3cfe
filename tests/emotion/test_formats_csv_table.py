from __future__ import annotations

import numpy as np
import pytest

from emotion.errors import UnreadableTable
from emotion.formats.csv_table import CsvTable, read_table, write_table


def test_a_table_without_rows_has_columns_without_values(tmp_path):
    (tmp_path / "t.csv").write_text("a, b\n")
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ("a", "b")
    assert table.numbers("b").shape == (0,)


def test_spaces_blank_lines_and_a_byte_order_mark_are_no_part_of_the_values(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfa, b\r\n\r\n1 , 2\r\n ,\r\n3,\r\n")
    table = read_table(tmp_path / "t.csv")
    assert table.rows == (("1", "2"), ("3", ""))
    assert np.isnan(table.numbers("b")[1])
    assert table.whole_numbers("a").tolist() == [1, 3]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "t.csv: expected a first line with need"),
        (b"other\n1\n", "expected a first line with need, which is missing"),
        (b"need,need\n1,2\n", "expected each column once, got 'need'"),
        (b"need,b\n1,2\n3\n", "line 3: expected 2 values, got 1"),
        (b"need\n\xff\n", "expected a readable CSV file"),
        (b'need\n"open\n', "expected a readable CSV file"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(tmp_path, content, complaint):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UnreadableTable, match=r"t\.csv") as raised:
        read_table(tmp_path / "t.csv", required=("need",))
    assert complaint in str(raised.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UnreadableTable, match="readable"):
        read_table(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("text", "complaint"), [("x", "expected a number, got 'x'"), ("1.5", "expected a whole number")]
)
def test_a_value_of_the_wrong_kind_is_named_with_its_row_and_column(text, complaint):
    table = CsvTable(("n",), (("1",), (text,)), "t.csv")
    with pytest.raises(UnreadableTable, match=r"t\.csv, row 2, n: ") as raised:
        table.whole_numbers("n")
    assert complaint in str(raised.value)


def test_an_unknown_column_is_refused():
    with pytest.raises(UnreadableTable, match="expected a column 'b'"):
        CsvTable(("a",), ()).texts("b")


def test_what_is_written_is_read(tmp_path):
    table = CsvTable(("a", "b"), (("1", 'say "x, y"'), ("", "2")), "t.csv")
    write_table(table, tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv") == table
