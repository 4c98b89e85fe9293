#!/usr/bin/env bash
# libcachesim 0.3.5 (the Python package of libCacheSim) guesses what a text trace is, and loses or misreads requests in
# silence:
#   * a CSV file whose ids are words loses its first request, because a line with more letters than digits is taken for a
#     heading unless has_header_set=True is given with has_header=False;
#   * a plain trace of several columns is read by the first number of each line, here the time;
#   * requests of size 0 are left out of the simulation, and the reader counts them in get_num_of_req() of a binary trace,
#     but not in that of a CSV file of the same requests, so that miss ratio times number of requests is not the number of
#     misses. ignore_size_zero_req=False with ignore_obj_size=True takes them as requests of size 1.
#
# Why it surprises: one has the number of lines of the file in mind, and nothing is printed that says otherwise (a notice
# on the heading goes to the standard error, the first time only).
#
# Output seen:
#   CSV of 4 requests: 3 as it is, 4 with has_header_set
#   plain with columns time, id, size: ids [0, 1, 2]
#   10 requests, 3 of size 0: binary 10 counted, 7 read; CSV 7 counted, 7 read
#   LRU of 2: miss ratio 0.571 of 7; with both options 0.9 of 10
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q libcachesim==0.3.5 numpy==2.4.6
cat > "$work/lines.py" <<'PYTHON'
import sys
from pathlib import Path

import libcachesim
import numpy as np

folder = Path(sys.argv[1])
kinds = libcachesim.TraceType


def reader(name, kind, **options):
    init = libcachesim.ReaderInitParam(**options)
    if kind == kinds.CSV_TRACE:
        init.time_field, init.obj_id_field, init.obj_size_field = 1, 2, 3
    return libcachesim.TraceReader(str(folder / name), kind, init)


(folder / "words.csv").write_text("0,page-alpha,1\n1,page-beta,1\n2,page-alpha,1\n3,page-gamma,1\n")
words = {"obj_id_is_num": False, "obj_id_is_num_set": True}
guessed = reader("words.csv", kinds.CSV_TRACE, **words).get_num_of_req()
told = reader("words.csv", kinds.CSV_TRACE, has_header=False, has_header_set=True, **words).get_num_of_req()
print(f"CSV of 4 requests: {guessed} as it is, {told} with has_header_set")

(folder / "columns.txt").write_text("0 17 4096\n1 4 512\n2 17 4096\n")
print("plain with columns time, id, size: ids", [r.obj_id for r in reader("columns.txt", kinds.PLAIN_TXT_TRACE)])

records = np.zeros(10, dtype=[("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
records["id"], records["size"] = [1, 2, 1, 3, 2, 1, 4, 5, 1, 2], [1, 0, 1, 1, 0, 1, 1, 0, 1, 1]
records["next"] = -1
(folder / "t.oracleGeneral").write_bytes(records.tobytes())
(folder / "t.csv").write_text("".join(f"{i},{r['id']},{r['size']}\n" for i, r in enumerate(records)))
binary, bare = ("t.oracleGeneral", kinds.ORACLE_GENERAL_TRACE), {"has_header": False, "has_header_set": True}
csv = ("t.csv", kinds.CSV_TRACE)
print(
    f"10 requests, 3 of size 0: binary {reader(*binary).get_num_of_req()} counted, {len(list(reader(*binary)))} read; "
    f"CSV {reader(*csv, **bare).get_num_of_req()} counted, {len(list(reader(*csv, **bare)))} read"
)
usual = libcachesim.LRU(2).process_trace(reader(*binary))[0]
taken = libcachesim.LRU(2).process_trace(reader(*binary, ignore_size_zero_req=False, ignore_obj_size=True))[0]
print(f"LRU of 2: miss ratio {usual:.3f} of 7; with both options {taken:.1f} of 10")
PYTHON
"$work/venv/bin/python" "$work/lines.py" "$work" 2>/dev/null | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
CSV of 4 requests: 3 as it is, 4 with has_header_set
plain with columns time, id, size: ids [0, 1, 2]
10 requests, 3 of size 0: binary 10 counted, 7 read; CSV 7 counted, 7 read
LRU of 2: miss ratio 0.571 of 7; with both options 0.9 of 10
SEEN
echo "as described"
