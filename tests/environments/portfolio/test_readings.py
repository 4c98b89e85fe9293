"""Tables of a user's own: what is read, and what is told of what cannot be."""

import gzip
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from environments.downloads import downloads
from environments.portfolio.readings import read
from environments.tables import plain

PRICES = """\
date,A,B,C
2020-01-01,1.0,4.0,10
2020-01-02,2.0,3.0,10
2020-01-03,1.0,3.0,20
2020-01-07,1.5,6.0,5
"""
RELATIVES = [[2.0, 0.75, 1.0], [0.5, 1.0, 2.0], [1.5, 2.0, 0.25]]


def of(source, columns=None, values="prices", date_column=None, start=None, end=None, most_days=None):
    return read(source, columns, values, date_column, start, end, most_days)


@pytest.fixture
def file(tmp_path):
    def write(text, name="prices.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def refused(text, *arguments, **options):
    with pytest.raises(ValueError, match=re.escape(text)):
        of(*arguments, **options)


def test_prices_become_relatives_with_names_and_dates(file):
    found = of(file(PRICES))
    assert found.names == ("A", "B", "C")
    assert found.dates == ("2020-01-02", "2020-01-03", "2020-01-07")
    assert found.relatives.tolist() == RELATIVES
    assert found.relatives.flags.c_contiguous
    chosen = of(file(PRICES), ["C", "A"])
    assert chosen.names == ("C", "A")
    assert chosen.relatives.tolist() == [[row[2], row[0]] for row in RELATIVES]


def test_what_the_numbers_are_is_said(file):
    """Cumulative tables lack the row of ones before them: their first row is the first round."""
    wealth = "A,B\n2,0.5\n1,1\n"
    assert of(file(wealth)).relatives.tolist() == [[0.5, 2.0]]
    cumulative = of(file(wealth), values="cumulative")
    assert cumulative.relatives.tolist() == [[2.0, 0.5], [0.5, 2.0]]
    assert cumulative.dates == ("1", "2")
    assert of(file(wealth), values="relatives").relatives.tolist() == [[2.0, 0.5], [1.0, 1.0]]
    refused("values must be 'prices' where the first row is all ones", file("A,B\n1,1\n2,3\n"), values="cumulative")
    assert of(file("A\n0.5\n"), values="cumulative").relatives.tolist() == [[0.5]]


def test_every_form_of_a_table_is_read_alike(file, tmp_path):
    wanted = of(file(PRICES))
    columns = {"date": ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-07"]}
    columns |= {"A": [1.0, 2.0, 1.0, 1.5], "B": np.array([4, 3, 3, 6]), "C": ["10", "10", "20", "5"]}
    packed = tmp_path / "prices.csv.gz"
    packed.write_bytes(gzip.compress(("﻿" + PRICES.replace("\n", "\r\n") + "\n\n").encode()))
    for source in (plain(columns), packed):
        found = of(source)
        assert (found.names, found.dates) == (wanted.names, wanted.dates)
        assert found.relatives.tolist() == RELATIVES


def test_frames_and_parquet_are_read_alike(file, tmp_path):
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    frame = pandas.read_csv(file(PRICES), parse_dates=["date"])
    dated, unnamed = frame.set_index("date"), frame.set_index("date").rename_axis(None)
    parquet.write_table(arrow.Table.from_pandas(frame), tmp_path / "plain.parquet")
    dated.to_parquet(tmp_path / "dated.parquet")
    dated.to_csv(tmp_path / "dated.csv")
    unnamed.to_csv(tmp_path / "unnamed.csv")
    unnamed.to_parquet(tmp_path / "unnamed.parquet")
    names = ("plain.parquet", "dated.parquet", "unnamed.parquet", "dated.csv", "unnamed.csv")
    tables = [plain(table) for table in (frame, dated, unnamed, arrow.Table.from_pandas(frame))]
    for source in (*tables, *(tmp_path / name for name in names)):
        found = of(source)
        assert (found.names, found.dates[0], len(found.dates)) == (("A", "B", "C"), "2020-01-02", 3)
        assert found.relatives.tolist() == RELATIVES
    frame.loc[1, "B"] = float("nan")
    refused("got None in row 2 (2020-01-02), column B (cells without one: B 1)", plain(frame))
    assert of(plain(frame), ["A", "C"]).names == ("A", "C"), "what nobody asks for need not be whole"


def test_the_table_of_plotly():
    """104 weeks of six stocks; the specification's figures, worked out apart."""
    spec = find_spec("plotly")
    if spec is None:
        pytest.skip("plotly is not installed")
    found = of(Path(spec.origin).parent / "package_data" / "datasets" / "stocks.csv.gz")
    assert found.names == ("GOOG", "AAPL", "AMZN", "FB", "NFLX", "MSFT")
    assert (len(found.dates), found.dates[0]) == (104, "2018-01-08")
    relatives = found.relatives
    log = {"MSFT": np.log(relatives[:, 5]).sum(), "uniform": np.log(relatives.mean(axis=1)).sum()}
    assert abs(log["MSFT"] - 0.58120087) < 1e-8
    assert abs(log["uniform"] - 0.40844539) < 1e-8
    assert abs(np.log(relatives.prod(axis=0).mean()) - 0.38547958) < 1e-8
    assert abs((relatives.max(axis=1) / relatives.min(axis=1)).max() - 1.29605131) < 1e-8


def test_a_part_of_the_dates(file):
    path = file(PRICES)
    assert of(path, start="2020-01-02").dates == ("2020-01-03", "2020-01-07")
    assert of(path, start="2020-01-02", end="2020-01-03").relatives.tolist() == RELATIVES[1:2]
    refused("start must be a date of the form YYYY-MM-DD, got 'May'", path, start="May")
    refused("source must have at least 2 rows of prices, got 1", path, end="2020-01-01")
    refused(
        "must leave rows, got '2021-01-01' and None, and dates from 2020-01-01 to 2020-01-07", path, start="2021-01-01"
    )
    refused("must leave rows, got '2020-01-04' and '2020-01-06'", path, start="2020-01-04", end="2020-01-06")
    assert of(path, most_days=4).dates == ("2020-01-02", "2020-01-03", "2020-01-07")
    refused("at most 3 days apart (most_days), got 4 days from 2020-01-03 to 2020-01-07, row 4", path, most_days=3)
    assert of(path, most_days=3, end="2020-01-03").dates == ("2020-01-02", "2020-01-03")
    refused("end must be left out where the table has no column of dates", file("A\n1\n2\n"), end="2020-01-01")
    counted = file("day,A\n3,1\n4,2\n")
    assert of(counted).dates == ("4",)
    refused("start needs dates of the form YYYY-MM-DD in the table, got '3'", counted, start="2020-01-01")


@pytest.mark.parametrize(
    "days", ["3 May,4 May", "01/03/2024,01/02/2024", "02.01.2024,03.01.2024", "2024-01-02,", "1,nan"]
)
def test_dates_whose_order_cannot_be_told_are_refused(file, days):
    first, second = days.split(",")
    row = "2" if first in ("2024-01-02",) else "1"
    refused("dates of the form YYYY-MM-DD, or numbers that increase, got", file(f"day,A\n{first},1\n{second},2\n"))
    refused(f"in row {row}: write them so", file(f"day,A\n{first},1\n{second},2\n"))


def test_years_months_and_numbers_are_dates(file):
    assert of(file("year,A\n2020,1\n2021,2\n"), end="2021-01-01").names == ("A",)
    assert of(plain({"year": [2020, 2021, 2022], "A": [1, 2, 2]}), start="2021").dates == ("2022",)
    assert of(file("month,A\n2020-11,1\n2020-12,2\n"), most_days=30).dates == ("2020-12",)
    refused("got '20200101' in row 2 after '20200102'", plain({"day": [20200102, 20200101], "A": [1, 2]}))
    refused("got '9' in row 2 after '10'", file("day,A\n10,1\n9,2\n"))


def test_an_index_is_taken_as_dates_where_no_column_is():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"A": [1.0, 2.0]}, index=pandas.date_range("2020-01-01", periods=2).rename("when"))
    found = of(plain(frame))
    assert (found.names, found.dates) == (("A",), ("2020-01-02",))
    chosen = frame.reset_index().rename(columns={"when": "Date"}).set_axis([7, 3])
    assert of(plain(chosen)).dates == ("2020-01-02",), "of two, the column"


@pytest.mark.parametrize(
    ("cell", "way_out"),
    [
        ("02.01.2024", "name the column of dates by date_column"),
        ('"1,5"', "numbers have a decimal point, and no other mark"),
        ("$10", "numbers have a decimal point, and no other mark"),
        ("n.d.", "nothing is filled in"),
        ("", "nothing is filled in"),
    ],
)
def test_a_cell_without_a_number_has_a_way_out(file, cell, way_out):
    refused(way_out, file(f"A,B\n1,1\n{cell},2\n"))


def test_truth_is_no_price():
    refused("got 'True' in row 1, column A", plain({"A": [True, 2.0]}))


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("3,2.0", "3,", "got '' in row 3 (2020-01-03), column A (cells without one: A 1)"),
        ("1.0,3.0", "1.0,NA", "got 'NA' in row 3 (2020-01-03), column B (cells without one: B 1)"),
        ("1.0,3.0,20\n", "1.0,,\n", "column B (cells without one: B 1, C 1)"),
        ("1.0,3.0", "1.0,many", "got 'many' in row 3 (2020-01-03), column B"),
        ("1.0,3.0", "1.0,-3.0", "source must hold finite prices above 0, got -3.0 in row 3 (2020-01-03), column B"),
        ("1.0,3.0", "1.0,0", "above 0, got 0.0 in row 3 (2020-01-03), column B"),
        ("1.0,3.0", "1.0,inf", "above 0, got inf in row 3 (2020-01-03), column B"),
        ("1.0,3.0", "1e-300,3.0", ""),
        ("1.5,6.0,5", "1.5,6.0", "line 5: 3 columns, and 4 names in the first line"),
        ("2020-01-03,", "\n2020-01-03,", "line 4: 0 columns"),
        ("2020-01-03", "2020-01-01", "got '2020-01-01' in row 3 after '2020-01-02': sort the rows"),
        ("2020-01-03", "2020-01-02", "sort the rows, each date once"),
        ("A,B,C", "A,B,A", "source must name each column once, got 'A' more than once"),
        (PRICES, "", "is empty"),
        (PRICES, "A;B\n1;2\n", "must have a comma between its columns, got ';' in 'A;B'"),
        (PRICES, "date\n2020-01-01\n", "at least one column of prices, got none"),
        (
            PRICES,
            "A\n1e300\n1e-300\n1e300\n",
            "ratios are numbers, got ones too far apart in row 2, column A",
        ),
        (PRICES, 'A\n"1\n', "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(file, before, after, text):
    changed = PRICES.replace("2020-01-03,1.0", "2020-01-03,2.0") if before == "3,2.0" else PRICES
    assert before in changed
    path = file(changed.replace(before, after, 1))
    if not text:
        assert of(path).relatives[1, 0] == 5e-301
        return
    refused(text, path)


def test_relatives_may_be_zero_but_not_all(file):
    assert of(file("A,B\n0,2\n1,1\n"), values="relatives").relatives[0].tolist() == [0.0, 2.0]
    refused("a relative above 0 in each row, got none in row 2", file("A,B\n0,2\n0,0\n"), values="relatives")
    refused("relatives at least 0, got -1.0 in row 1, column B", file("A,B\n0,-1\n"), values="relatives")
    refused("at least one row of relatives, got none", file("A,B\n"), values="relatives")


def test_unknown_columns_are_answered_with_what_there_is(file):
    path = file(PRICES.replace("A,B,C", "IBM,KO,GE"))
    refused("columns of prices, got 'IBN' (did you mean 'IBM'?); there are IBM, KO, GE", path, ["IBN"])
    refused("got 'date'", path, ["date"])
    refused("columns must be a list of names, none empty and none twice", path, ["KO", "KO"])
    refused("columns must be a list of names", path, "KO")
    refused("date_column must be the name of a column, got 'day'", path, date_column="day")
    assert of(file("A,when,B\n1,7,2\n2,8,2\n"), date_column="when").dates == ("8",)
    refused("got 'x' in row 1, column when", file("A,when,B\n1,x,2\n2,y,2\n"))


def test_a_file_that_is_not_there(file, tmp_path, monkeypatch):
    monkeypatch.delenv("REGRETLAB_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"no file nyse_o\.csv: no prices come with this package; 36 stocks"):
        of("nyse_o.csv")
    monkeypatch.setenv("REGRETLAB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"nor {tmp_path}/prices/mine.csv: no prices come"):
        of("mine.csv")
    with downloads(False) as lacking, pytest.raises(FileNotFoundError):
        of("mine.csv")
    assert lacking == ["the file of prices mine.csv (no prices come with this package)"]
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "mine.csv").write_text(PRICES, encoding="utf-8")
    assert of("mine.csv").relatives.tolist() == RELATIVES
    with pytest.raises(FileNotFoundError, match=r"there is no file /nowhere/mine\.csv: no prices"):
        of("/nowhere/mine.csv")
    (tmp_path / "broken.parquet").write_text("text", encoding="utf-8")
    if find_spec("pyarrow"):
        refused("cannot be read as Parquet", tmp_path / "broken.parquet")


def test_what_is_no_table_is_refused():
    for source in (3, [[1.0, 2.0]], np.ones((3, 2))):
        with pytest.raises(ValueError, match="source must be the path of a file, or a table whose columns have names"):
            plain(source)
    with pytest.raises(ValueError, match="columns of one length, got 'A 2, B 1'"):
        plain({"A": [1.0, 2.0], "B": [1.0]})
    for column in (1, "x", {}):
        with pytest.raises(ValueError, match="lists or arrays as columns, got"):
            plain({"A": column})
