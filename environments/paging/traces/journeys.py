"""Check-ins of Brightkite and trips of Citi Bike, which may not be redistributed: users bring their own copies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from bandits.arguments import integer
from environments.paging.traces.account import Account, Ids
from environments.paging.traces.columns import single

BRIGHTKITE_LENGTH = 2100
CITI_LENGTH = 25_000

OWN_COPY = {
    "brightkite": "snap.stanford.edu/data/loc-brightkite.html (loc-brightkite_totalCheckins.txt.gz)",
    "citi": "citibikenyc.com/system-data (2017MM-citibike-tripdata.csv)",
}
"""Where to get the data of each format."""


def brightkite(path: Path, account: Account, sequence: int = 0) -> Iterator[Ids]:
    """Column 5 (place) of the ``sequence``-th user with exactly 2100 check-ins; the users' lines stand together."""
    integer("sequence", sequence, 0)
    found, user = -1, None
    places: list[str] = []
    for number, row in chain(single(path, "\t", False), [(0, [""])]):
        if row[0] != user:
            found += len(places) == BRIGHTKITE_LENGTH
            if found == sequence and len(places) == BRIGHTKITE_LENGTH:
                account.facts["user"] = str(user)
                yield places
                return
            user, places = row[0], []
        if len(row) < 5 and number:
            raise ValueError(f"{path}:{number}: 5 columns (user, time, latitude, longitude, place), got {len(row)}")
        places += row[4:5]
    raise ValueError(
        f"sequence must be below {found + 1}, the number of users with {BRIGHTKITE_LENGTH} check-ins in {path}, "
        f"got {sequence}"
    )


def citi(path: Path, account: Account) -> Iterator[Ids]:
    """Column 4 (start station) of the first 25 000 trips, without the heading."""
    account.facts |= {"ids": "column 4", "heading": "line 1", "trips": f"the first {CITI_LENGTH}"}
    stations = []
    for number, row in islice(single(path, ",", True), 1, CITI_LENGTH + 1):
        if len(row) < 4:
            raise ValueError(f"{path}:{number}: no column 4 in a line of {len(row)}")
        stations.append(row[3])
    yield stations
