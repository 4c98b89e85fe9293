"""Readers of traces: round trips, options, and errors that name file and line."""

import csv
import gzip
import io
import lzma
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.family import Family
from bandits.paging import FAMILY
from bandits.registry import POLICIES
from environments.paging.environment import PagingEnvironment
from environments.paging.traces import files, lines, tables
from environments.paging.traces.formats import FORMATS, describe, find, read_trace
from environments.paging.traces.journeys import BRIGHTKITE_LENGTH, CITI_LENGTH

TOKENS = ["b", "a", "b", "42", "ü x", "b", "42"]
NUMBERS = [0, 1, 0, 2, 3, 0, 2]


def write(path, text, opener=open):
    with opener(path, "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    return path


def numbered(ids):
    """Numbers of ids in the order of first appearance, slowly."""
    seen = []
    for i in ids:
        if i not in seen:
            seen.append(i)
    return [seen.index(i) for i in ids]


@pytest.fixture(params=[1 << 15, 7], ids=["whole", "pieces"])
def pieces(request, monkeypatch):
    """Files read at once, and a few bytes at a time."""
    monkeypatch.setattr(files, "BLOCK", request.param)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("opener", [open, gzip.open, lzma.open])
def test_text(tmp_path, opener):
    text = "\ufeff" + "\n\n".join(f" {token} " for token in TOKENS) + "\r\n"
    pages, n = read_trace(write(tmp_path / "trace", text, opener), "text")
    assert (pages.tolist(), n) == (NUMBERS, 4)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("opener", [open, gzip.open, lzma.open])
def test_plain(tmp_path, opener):
    tokens = ["42", *(token.replace(" ", ":") for token in TOKENS)]
    text = "\ufeff" + "\n\n".join(f" {token} " for token in tokens) + "\r\n"
    pages, n = read_trace(write(tmp_path / "trace", text, opener))
    assert (pages.tolist(), n) == (numbered(tokens), 4)


@pytest.mark.usefixtures("pieces")
def test_lirs(tmp_path):
    path = write(tmp_path / "cpp.trc", "*\n12\n7\n\n*\n 12\n3\r\n*")
    assert read_trace(path, "lirs")[0].tolist() == [0, 1, 0, 2]
    for format in (None, "plain", "text"):
        with pytest.raises(ValueError, match=r"cpp.trc:1: a line '\*', which is a mark in LIRS traces: give"):
            read_trace(path, format)
    path.write_text("12\n7\n0x7\n")
    with pytest.raises(ValueError, match=r"cpp.trc:3: a line must be a block number or '\*' in format lirs, got '0x7'"):
        read_trace(path, "lirs")


def test_limit(tmp_path):
    path = write(tmp_path / "trace.txt", "\n".join(TOKENS))
    pages, n = read_trace(path, "text", limit=3)
    assert (pages.tolist(), n) == (NUMBERS[:3], 2)
    with pytest.raises(ValueError, match="limit must be a whole number >= 1, got 0"):
        read_trace(path, limit=0)


@pytest.mark.parametrize("separator", [",", " ", "   ", "\t", ";", "|", ", "])
def test_several_columns_are_no_pages(tmp_path, separator):
    """Without a format, lines of several columns are refused; with the column given, they are read."""
    rows = [(i, (i * i) % 7, 512) for i in range(100)]
    path = write(tmp_path / "trace.txt", "".join(separator.join(map(str, row)) + "\n" for row in rows))
    with pytest.raises(ValueError, match=r"trace.txt:1: '0.*512' seems to have several columns: give the format"):
        read_trace(path)
    assert read_trace(path, "text")[1] == 100
    delimiter = separator if len(separator) == 1 else "," if separator == ", " else " "
    pages, n = read_trace(path, column=2, delimiter=delimiter)
    assert (pages.tolist(), n) == (numbered([row[1] for row in rows]), 4)


def test_several_columns_further_down(tmp_path):
    path = write(tmp_path / "trace.txt", "1\n2\n3 4\n")
    with pytest.raises(ValueError, match=r"trace.txt:3: '3 4' seems to have several columns"):
        read_trace(path)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("ids", [["/a", "/b"], ["0xab", "0xcd"], ["7", "8"], ["7", "x"], []])
def test_a_first_line_without_a_number(tmp_path, ids):
    """It may be a heading whatever follows, also below empty lines, and is refused unless the format says more."""
    path = write(tmp_path / "trace", "\n".join(["", "url", *ids, *ids]))
    with pytest.raises(ValueError, match=r"trace:2: the first line, 'url', holds no number and may be a heading: give"):
        read_trace(path)
    assert read_trace(path, "text")[0].tolist() == numbered(["url", *ids, *ids])
    if ids:
        assert read_trace(path, column=1, heading=True)[0].tolist() == numbered([*ids, *ids])


@pytest.mark.parametrize("heading", ["page", "lbn", "# id"])
def test_a_heading_over_one_column(tmp_path, heading):
    path = write(tmp_path / "trace.txt", f"{heading}\n7\n8\n7\n")
    with pytest.raises(ValueError, match=r"trace.txt:1: .*(holds no number and may be a heading|several columns)"):
        read_trace(path)
    assert read_trace(path, "csv", column=1, heading=True)[0].tolist() == [0, 1, 0]
    assert read_trace(path, "csv", column=1, heading=False)[0].tolist() == [0, 1, 2, 1]
    assert read_trace(path, "csv", column=heading.lstrip("# "))[0].tolist() == [0, 1, 0]
    assert read_trace(path, "text")[0].tolist() == [0, 1, 2, 1]


def test_csv(tmp_path):
    rows = "\n".join(f'{i},"{token}, {token}",9' for i, token in enumerate(TOKENS))
    path = write(tmp_path / "trace.csv", f"time,page , size\n{rows}\n")
    assert read_trace(path, column="page")[0].tolist() == NUMBERS
    assert read_trace(path, "csv", column="size")[0].tolist() == [0] * 7
    plain = write(tmp_path / "plain.csv", rows.replace('"', "").replace(", ", ";").replace(",", "|"))
    assert read_trace(plain, column=2, delimiter="|")[0].tolist() == NUMBERS


@pytest.mark.parametrize("heading", ["", "time, obj_id, size\n", "# time, id, size\n"])
def test_libcachesim_csv(tmp_path, heading):
    rows = "\n".join(f"{i}, {token}, 1" for i, token in enumerate(TOKENS))
    path = write(tmp_path / "trace.csv", heading + rows)
    assert read_trace(path, "libcachesim-csv")[0].tolist() == NUMBERS
    if heading.startswith("time"):
        assert read_trace(path, "libcachesim-csv", column="obj_id")[0].tolist() == NUMBERS


def test_times_are_no_heading(tmp_path):
    """A first line whose time is no number, but whose size is one, is a request."""
    path = write(tmp_path / "trace.csv", "2024-01-01T00:00:00,a,1\n2024-01-01T00:00:01,b,1\n2024-01-01T00:00:02,a,1\n")
    assert read_trace(path, "libcachesim-csv")[0].tolist() == [0, 1, 0]
    assert read_trace(path, column=2)[0].tolist() == [0, 1, 0]


CLOUD = "version,time,op,size,lbn\n1,33898,2a,512,42932745\n1,33898,2a,512,42932746\n1,33899,2a,6656,42932745\n"


def test_other_columns_of_libcachesim(tmp_path):
    """The sample of libCacheSim itself has the id in its last column."""
    path = write(tmp_path / "trace.csv", CLOUD)
    with pytest.raises(ValueError, match=r"trace.csv:1: 5 columns, 'version, time, op, size, lbn': give column"):
        read_trace(path)
    with pytest.raises(ValueError, match=r"trace.csv:1: columns version, time, op, size, lbn: give column"):
        read_trace(path, "libcachesim-csv")
    with pytest.raises(ValueError, match=r"trace.csv:3: column 3 must be the size, a number, got '2a': give column"):
        read_trace(write(path, "1,2,3,4,5\n1,2,3,4,5\n" + CLOUD.split("\n", 2)[2]), "libcachesim-csv")
    path = write(tmp_path / "trace.csv", CLOUD)
    for options in ({"column": "lbn"}, {"column": 5, "heading": True}):
        for format in ("csv", "libcachesim-csv"):
            assert read_trace(path, format, **options)[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\nc,d\n", {"column": 1}, r"'a, b' may be a heading or a request, as it holds no number: give heading"),
        ("page\nx\ny\n", {}, r"t.csv:1: 'page' may be a heading or a request"),
        ("a,b,c\nd,e,f\n", {"format": "libcachesim-csv"}, r"t.csv:1: columns a, b, c: give column, which has the ids"),
        ("a,id,c\nd,e,f\n", {"format": "libcachesim-csv"}, r"t.csv:2: column 3 must be the size, a number, got 'f'"),
        ("a,b\n1,2\n", {"format": "libcachesim-csv"}, "may be a heading or a request"),
        ("1;2\n", {"column": 2}, r"no column 2 in a line of 1; the line is '1;2': give the delimiter, ';'\?"),
        ("1 2\n", {}, r"t.csv:1: one column; the line is '1 2': give the delimiter, ' '\? Or give column 1"),
        ("1,2\n3,4,5\n", {"column": 2}, r"t.csv:2: 3 columns, line 1 has 2"),
        ("1,2\n3, \n", {"column": 2}, r"t.csv:2: the id, column 2, is empty"),
        ("1,2\n\n3,\n", {"column": 2}, r"t.csv:3: the id, column 2, is empty"),
        ("a,a\n1,2\n", {"column": "a"}, r"t.csv:1: 2 columns 'a' among a, a"),
        ("a,b\n1,2\n", {"column": "a", "heading": False}, "column must be a number where heading is false, got 'a'"),
        ("a,b\n1,2\n", {"column": 1, "heading": "yes"}, "heading must be true or false, got 'yes'"),
        ("1,2\n", {"column": 1, "delimiter": '"'}, "delimiter must be one character"),
    ],
)
def test_what_would_have_to_be_guessed(tmp_path, text, options, message):
    with pytest.raises(ValueError, match=message):
        read_trace(write(tmp_path / "t.csv", text), **options)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (",0,1\n0,17,4096\n1,4,512\n", "such numbers stand over columns without names"),
        ("0,1,2\n9,17,4096\n8,4,512\n", "such numbers stand over columns without names"),
        (",5,7\n0,17,4096\n1,4,512\n", "column 1 is empty there, and a number below"),
        ("id,2021,2022\na,3,4\n", "'id' may be a name"),
        ("id,2021,2022\na,3,4\nb,3,2021\n", "'id' may be a name"),
        ("time,1,size\n1,2,3\n", "column 1 is a word there, and a number below"),
        ("7,1,size\n1,2,3\n2,2,\n", "column 3 is a word there, and a number below"),
        ("2021,2022,2023\na,3,4\nb,3,4\n", "column 1 is a number there, and a word below"),
        ("2021,2022,a\nx,3,a\n", "column 1 is a number there, and a word below"),
        ("1,00:00,12:00\n1,3,4\n", "column 2 is a time there, and a number below"),
        ("x,7,1\n", "'x' may be a name"),
        ("id,b,c\nid,b,c\n", "it holds no number"),
    ],
)
def test_a_first_line_that_may_be_a_heading(tmp_path, text, doubt):
    """One number in it proves nothing; whether it is one must be given, for every format with columns."""
    path, below = write(tmp_path / "t.csv", "\n" + text), [line.split(",")[1] for line in text.splitlines()]
    with pytest.raises(ValueError, match=rf"t.csv:2: .* may be a heading or a request, as {doubt}: give heading true"):
        read_trace(path, column=2)
    assert read_trace(path, column=2, heading=False)[0].tolist() == numbered(below)
    if below[1:]:
        assert read_trace(path, column=2, heading=True)[0].tolist() == numbered(below[1:])
    with pytest.raises(ValueError, match=r"give (heading|column)"):
        read_trace(path, "libcachesim-csv")


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize(
    "text",
    [
        "1,2,3\n",
        "0,17,4096\n1,4,512\n",
        "0,17,4096\n1,a,512\n2,4,\n",
        "0,17,\n1,4,\n2,17,\n",
        "0,a,512\n1,b,4096\n2,a,512\n",
        "2024-01-01 00:00:00,17,1\n2024-01-01 00:00:01,4,1\n",
        '"0","17","1"\n"1","4","1"\n',
    ],
)
def test_a_first_line_that_is_a_request(tmp_path, text):
    ids = [line.replace('"', "").split(",")[1] for line in text.splitlines()]
    assert read_trace(write(tmp_path / "t.csv", text), column=2)[0].tolist() == numbered(ids)


def test_a_word_that_comes_again_further_down(tmp_path, monkeypatch):
    """The first line is compared with a number of lines that does not hang on how the file is read."""
    rows = [f"{i},key{i},1\n" for i in range(tables.COMPARED)]
    path = write(tmp_path / "t.csv", "".join(rows) + "7,key0,1\n")
    for block in (1 << 15, 100):
        monkeypatch.setattr(files, "BLOCK", block)
        assert read_trace(path, column=2)[1] == tables.COMPARED
        write(path, "".join(rows) + "7,x,1\n7,key0,1\n")
        with pytest.raises(ValueError, match="'key0' may be a name"):
            read_trace(path, column=2)
        write(path, "".join(rows) + "7,key0,1\n")


@pytest.mark.parametrize("size", ["0", "00", "0.0", "-0"])
def test_requests_of_size_0_however_it_is_written(tmp_path, size):
    path = write(tmp_path / "t.csv", f"5,17,512\n6,4,{size}\n7,4,10\n8,4,{size}\n")
    assert re.search(r"requests of size 0 +2$", describe(path, "libcachesim-csv"), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "options", "format"),
    [
        ("x.csv", {}, "csv"),
        ("X.CSV", {}, "csv"),
        ("x.csv.gz", {}, "csv"),
        ("x.oracleGeneral.csv", {}, "csv"),
        ("x.oracleGeneral.csv.xz", {"column": "id"}, "csv"),
        ("x.vscsi.csv", {}, "csv"),
        ("x.oracleGeneral.txt", {}, "plain"),
        ("x.oracleGeneral.txt", {"column": "id"}, "csv"),
        ("x.csv.oracleGeneral.zst", {}, "oracle-general"),
        ("x.oracleGeneral.bin", {}, "oracle-general"),
        ("x_oracleGeneral.bin", {}, "oracle-general"),
        ("oracleGeneral.vscsi", {}, "vscsi"),
        ("x.csv.vscsi.gz", {}, "vscsi"),
        ("x", {"heading": False}, "csv"),
        ("x", {}, "plain"),
    ],
)
def test_the_last_ending_tells_the_format(tmp_path, name, options, format):
    assert find(write(tmp_path / name, "1"), None, options)[1] == format


def test_blanks_between_columns(tmp_path):
    path = write(tmp_path / "trace.csv", "  0    17  4096\n 1\t4 512\n2  17   512  \n")
    pages, n = read_trace(path, column=2, delimiter=" ")
    assert (pages.tolist(), n) == ([0, 1, 0], 2)


@pytest.mark.parametrize("stray", ['"b', 'a"', '"b"c'])
def test_a_stray_quote_swallows_nothing(tmp_path, stray):
    """Each line stands for itself: a quote that is not closed in its line is refused, or a sign like any other."""
    ids = ["x", "y", "x"] * 1000
    ids[500] = stray
    path = write(tmp_path / "trace.csv", "".join(f"{i},{id},1\n" for i, id in enumerate(ids)))
    pages, n = read_trace(path, column=2, quotes=False)
    assert (pages.tolist(), n) == (numbered(ids), 3)
    if stray == 'a"':
        assert read_trace(path, column=2)[0].tolist() == pages.tolist()
    else:
        with pytest.raises(ValueError, match=r"trace.csv:501: a quote in '500,.*,1' that opens no field, or is not"):
            read_trace(path, column=2)
    with pytest.raises(ValueError, match=r"trace.csv:1: .*several columns"):
        read_trace(path, "plain")


field = st.text(st.sampled_from("ab1 ,\"'é|"), min_size=1).map(lambda s: s.strip() or "x")


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 99).map(str), field, field), min_size=1, max_size=12),
    block=st.integers(1, 40),
)
def test_what_the_csv_module_writes_is_read(tmp_path_factory, rows, block):
    """Any fields, quoted as Python's csv module quotes them, in blocks of any size."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path = write(tmp_path_factory.mktemp("csv") / "trace.csv", text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", block)
        for column in (1, 2, 3):
            ids = [row[column - 1] for row in rows]
            assert read_trace(path, column=column, heading=False)[0].tolist() == numbered(ids)


@pytest.mark.usefixtures("pieces")
def test_arc(tmp_path, monkeypatch):
    """Each line is an extent: all of its blocks are requested, one after the other."""
    rng = np.random.default_rng(4)
    extents = [(int(rng.integers(40)), int(rng.integers(9))) for _ in range(300)]
    path = write(tmp_path / "P3.lis", "".join(f"{a} {n} 0 {i}\n" for i, (a, n) in enumerate(extents)) + "\n")
    ids = [block for a, n in extents for block in range(a, a + n)]
    for stretch in (1 << 20, 5):
        monkeypatch.setattr(lines, "STRETCH", stretch)
        pages, n = read_trace(path, "arc")
        assert (pages.tolist(), n) == (numbered(ids), len(set(ids)))
        assert read_trace(path, "arc", limit=7)[0].tolist() == numbered(ids)[:7]
    told = describe(path, "arc")
    facts = dict(line.strip().rsplit("  ", 1) for line in told.splitlines()[1:])
    assert {name.strip(): fact for name, fact in facts.items()}.items() >= {
        "lines": "300",
        "lines without blocks": str(sum(many == 0 for _, many in extents)),
        "requests": f"{len(ids):,}",
        "pages": str(n),
    }.items()
    with pytest.raises(ValueError, match=r"P3.lis:1: .*several columns: give the format.*arc"):
        read_trace(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("5 2 0", "a line must be four whole numbers in format arc, got '5 2 0'"),
        ("5 2 0 1 9", "a line must be four whole numbers"),
        ("5 -2 0 1", "a line must be four whole numbers"),
        ("0 5000000 4096 1", "an extent must have at most 1048576 blocks, below 2.62, got '0 5000000 4096 1'"),
        (f"{2**62} 1 0 1", "an extent must have at most 1048576 blocks, below 2.62"),
    ],
)
def test_no_extents(tmp_path, line, message):
    with pytest.raises(ValueError, match=f"P3.lis:4: {message}"):
        read_trace(write(tmp_path / "P3.lis", f"1 2 0 0\n\n3 1 0 1\n{line}\n"), "arc")


TWITTER = [
    "0,nz:u:eeW511W3dcH3de3d15ec,22,304,0,get,0",
    "0,q:q:1:8WTfjZU14ee,18,0,10,add,14400",
    "1,nz:u:eeW511W3dcH3de3d15ec,22,304,0,get,0",
    "1,yDqF:3q:1AJrrJ1nnCJKKrnGx1A,27,27,5,gets,0",
    '2,q:q:1:"a,b",18,0,10,set,14400',
]


@pytest.mark.usefixtures("pieces")
def test_twitter(tmp_path):
    path = write(tmp_path / "cluster52", "\n".join(TWITTER) + "\n")
    assert read_trace(path, "twitter")[0].tolist() == [0, 1, 0, 2, 3]
    assert read_trace(path, "twitter", operations=["get", "gets"])[0].tolist() == [0, 0, 1]
    assert read_trace(path, "twitter", operations=["set"])[1] == 1
    told = describe(path, "twitter")
    for part in ("lines get ", "keys with a comma ", "q:q:1:8WTfjZU14ee"):
        assert part in told
    for bad, message in (
        (
            "timestamp,key,key size,value size,client,operation,TTL",
            "cluster52:1: seven columns, the sixth an operation",
        ),
        ("0,a,1,1,get,0", "cluster52:1: seven columns"),
        ("0,,1,1,1,get,0", "cluster52:1: the key is empty"),
    ):
        with pytest.raises(ValueError, match=message):
            read_trace(write(path, bad + "\n" + "\n".join(TWITTER)), "twitter")
    with pytest.raises(ValueError, match=r"operations must be one of get, .*got 'got'"):
        read_trace(path, "twitter", operations=["got"])
    with pytest.raises(ValueError, match=r"operations must be a list of get, .*got 'get'"):
        read_trace(path, "twitter", operations="get")


def test_what_was_understood(tmp_path):
    path = write(tmp_path / "trace.csv", "time, obj_id, size\n0, 17, 512\n\n1, 4, 0\n2, 17, 0\n")
    told = [line.split("  ") for line in describe(path, "libcachesim-csv").splitlines()]
    assert told[0] == [str(path)]
    assert {line[1]: line[-1].strip() for line in told[1:]} == {
        "format": "libcachesim-csv",
        "separated by": "','",
        "columns": "time, obj_id, size",
        "ids": "column 2 (obj_id)",
        "heading": "line 1",
        "requests": "3",
        "pages": "2",
        "first requests": "17, 4, 17",
        "empty lines": "1",
        "requests of size 0": "2",
    }
    assert FAMILY.description(str(path), column="obj_id") == describe(path, column="obj_id")
    with pytest.raises(
        ValueError, match=r"takes column, delimiter, heading, quotes, got 'colum' \(did you mean 'column'\?\)"
    ):
        FAMILY.description(str(path), colum="obj_id")
    assert FAMILY.description("no such thing") is None
    assert FAMILY.description(str(write(tmp_path / "study.yaml", "title: x\n"))) is None
    assert Family("nothing", FAMILY.problem).description(str(path)) is None


def test_an_environment_takes_every_option(tmp_path):
    table = write(tmp_path / "trace.txt", 'a;b\n"x;7\n')
    cluster = write(tmp_path / "cluster52", "\n".join(TWITTER) + "\n")
    for horizon, parameters in (
        (1, {"path": table, "column": 1, "delimiter": ";", "heading": True, "quotes": False}),
        (3, {"path": cluster, "format": "twitter", "operations": ["get", "gets"]}),
    ):
        assert PagingEnvironment(2, {"name": "trace", "parameters": parameters}).horizon == horizon
    with pytest.raises(ValueError, match="format 'plain' takes no options, got 'operations'"):
        PagingEnvironment(2, {"name": "trace", "parameters": {"path": table, "operations": ["get"]}})


def test_requests_of_size_0_beside_libcachesim(tmp_path):
    """They are requests here; libCacheSim leaves them out, unless it is told to take them, with all sizes 1."""
    libcachesim = pytest.importorskip("libcachesim")
    rng = np.random.default_rng(8)
    ids, sizes = rng.integers(1, 60, 3000), rng.integers(0, 3, 3000)
    path = write(tmp_path / "t.csv", "".join(f"{i},{a},{s}\n" for i, (a, s) in enumerate(zip(ids, sizes, strict=True))))

    def theirs(**options):
        init = libcachesim.ReaderInitParam(has_header=False, has_header_set=True, ignore_obj_size=True, **options)
        init.time_field, init.obj_id_field, init.obj_size_field = 1, 2, 3
        reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.CSV_TRACE, init)
        return libcachesim.LRU(cache_size=16).process_trace(reader)[0]

    environment = PagingEnvironment(16, {"name": "trace", "parameters": {"path": path, "format": "libcachesim-csv"}})
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy = POLICIES.load("lru")()
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 3000)
    faults = environment.metrics(np.array([3000]))["faults"][0]
    assert faults == round(3000 * theirs(ignore_size_zero_req=False))
    assert faults != round(3000 * theirs())


def test_brightkite(tmp_path):
    def user(name, length):
        return "".join(f"{name}\t2010-10-17T01:48:53Z\t39.7\t-104.9\t{name}-{i % 7}\n" for i in range(length))

    few, many = BRIGHTKITE_LENGTH - 1, BRIGHTKITE_LENGTH
    path = write(tmp_path / "checkins.txt.gz", user("a", few) + user("b", many) + user("c", many), gzip.open)
    for sequence in (0, 1):
        pages, n = read_trace(path, "brightkite", sequence=sequence)
        assert (pages.tolist(), n) == ([i % 7 for i in range(many)], 7)
    with pytest.raises(ValueError, match=r"sequence must be below 2, .* got 2"):
        read_trace(path, "brightkite", sequence=2)
    broken = write(tmp_path / "broken.txt", "a\tx\t1\t2\tp\na\tx\n")
    with pytest.raises(ValueError, match=r"broken.txt:2: 5 columns .* got 2"):
        read_trace(broken, "brightkite")


def test_citi(tmp_path):
    trips = "".join(f'{i},"2017-01-01 00:00:21","x",{i % 5},"W 4 St, 1"\n' for i in range(CITI_LENGTH + 3))
    path = write(tmp_path / "201701-citibike-tripdata.csv", '"a","b","c","Start Station ID","d"\n' + trips)
    pages, n = read_trace(path, "citi")
    assert (pages.tolist(), n) == ([i % 5 for i in range(CITI_LENGTH)], 5)


@pytest.mark.parametrize("format", ["brightkite", "citi"])
def test_data_that_users_bring_themselves(tmp_path, format):
    with pytest.raises(FileNotFoundError, match=r"no trace file .*missing; it may not be redistributed, get it from"):
        read_trace(tmp_path / "missing", format)


def test_missing_and_empty_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no trace file .*nothing.txt"):
        read_trace(tmp_path / "nothing.txt")
    with pytest.raises(ValueError, match=r"trace file .*empty.txt is empty"):
        read_trace(write(tmp_path / "empty.txt", ""))
    for format, text in (("plain", "\n\n"), ("lirs", "\n*\n\n"), ("csv", " \n"), ("arc", "1 0 0 0\n")):
        with pytest.raises(ValueError, match="holds no request"):
            read_trace(write(tmp_path / "blank.txt", text), format)
    for name in FORMATS:
        with pytest.raises(ValueError, match="is empty"):
            read_trace(tmp_path / "empty.txt", name)


def test_text_that_cannot_be_decoded(tmp_path):
    with pytest.raises(ValueError, match=r"trace.txt:3: not UTF-8 text"):
        read_trace(write(tmp_path / "trace.txt", b"1\n2\n\xff\n"))
    with pytest.raises(ValueError, match=r"trace.txt:2: a zero byte; binary traces have the formats oracle-general"):
        read_trace(write(tmp_path / "trace.txt", b"1\n2\0\n3\n"))


LINES = {
    "plain": ("1", {}),
    "text": ("a b", {}),
    "lirs": ("7", {}),
    "arc": ("1 2 0 3", {}),
    "csv": ("1,7,5", {"column": 2, "heading": False}),
    "libcachesim-csv": ("1,7,5", {}),
    "twitter": ("0,a,1,1,0,get,0", {}),
    "brightkite": ("a\tx\t1\t2\tp", {}),
    "citi": ("1,2,3,4", {}),
}


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("format", FORMATS)
def test_carriage_returns_alone_end_no_lines(tmp_path, format):
    """Lines that end in CR are refused in every format, with the line; CR LF is read, and so is CR CR LF of Windows."""
    line, options = LINES[format]
    if format not in ("brightkite", "citi"):
        expected = read_trace(write(tmp_path / "t", 4 * f"{line}\n"), format, **options)[0].tolist()
        for end in ("\r\n", "\r\r\n"):
            for last in (end, "", "\r"):
                path = write(tmp_path / "t", end.join(4 * [line]) + last)
                assert read_trace(path, format, **options)[0].tolist() == expected
    message = r"t:{}: a carriage return \(CR\) without the line feed \(LF\) that ends a line; .*tr '\\r' '\\n'"
    for text, at in (("{0}\r{0}\r{0}\r", 1), ("{0}\r{0}", 1), ("{0}\n\r{0}\n", 2), ("{0}\r\n{0}\r\r{0}\r\n{0}\n", 2)):
        with pytest.raises(ValueError, match=message.format(at)):
            read_trace(write(tmp_path / "t", text.format(line)), format, **options)


@pytest.mark.parametrize(("opener", "cut"), [(gzip.open, 40), (lzma.open, 60)])
def test_damaged_compressed_files(tmp_path, opener, cut):
    path = write(tmp_path / "trace", "\n".join(str(i * i) for i in range(5000)), opener)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ValueError, match="damaged compressed file"):
        read_trace(path)


def test_zstandard_without_a_reader(tmp_path, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("environments.paging.traces.files.import_module", absent)
    with pytest.raises(ValueError, match=r"install the package zstandard, use Python 3.14, or unpack it"):
        read_trace(write(tmp_path / "trace.zst", b"\x28\xb5\x2f\xfd1234"))


def test_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard", reason="the package zstandard is not installed")
    path = write(tmp_path / "trace.zst", zstandard.compress("\n".join(TOKENS).encode()))
    assert read_trace(path, "text")[0].tolist() == NUMBERS
    broken = write(tmp_path / "broken.zst", path.read_bytes()[:5] + b"\x07" * 40)
    with pytest.raises(ValueError, match="damaged compressed file"):
        read_trace(broken)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "cvs"}, r"format must be one of .* \(did you mean 'csv'\?\)"),
        ({"column": "id"}, r"trace.csv:1: no column 'id' among time, page"),
        ({"column": 3}, r"trace.csv:1: no column 3 in a line of 2"),
        ({"column": "page"}, r"trace.csv:3: no column 2 in a line of 1"),
        ({"column": 0}, "column must be a whole number >= 1"),
        ({"delimiter": ", "}, "delimiter must be one character"),
        ({"sequence": 1}, "format 'csv' takes column, delimiter, heading, quotes, got 'sequence'"),
        ({"format": "text", "column": 1}, "format 'text' takes no options, got 'column'"),
        ({"format": "brightkite", "sequence": -1}, "sequence must be a whole number >= 0"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        read_trace(write(tmp_path / "trace.csv", "time,page\n0,7\n1\n"), **options)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["plain", "csv", "quoted", "arc"])
def test_memory_grows_with_the_requests_not_with_the_file(tmp_path, form):
    """Two arrays of 8 bytes a request while they are joined, and a few megabytes for the block at hand."""
    line = {
        "plain": "{}\n",
        "csv": "0," + 50 * "x" + ",{}\n",
        "quoted": '0,"' + 50 * "x" + '",{}\n',
        "arc": "{} 1 0 0\n",
    }[form]
    path = write(tmp_path / "trace", "".join(line.format(i * i % 1000) for i in range(500_000)))
    options = {"format": "arc"} if form == "arc" else {} if form == "plain" else {"column": 3}
    read_trace(path, limit=10, **options)
    tracemalloc.start()
    pages, _ = read_trace(path, **options)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pages.size == 500_000
    assert most < 16 * 500_000 + 8e6
