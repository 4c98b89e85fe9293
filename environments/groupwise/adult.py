"""Adult: income of persons in the US Census of 1994, with groups by age, education, sex and race.

Contexts, 96: hours-per-week, age, capital-gain, capital-loss and education-num scaled to [0, 1]; indicators of
workclass, marital-status, relationship, native-country, occupation, race and sex ("?" is a category of its own);
indicators of the groups by age and education. Groups: age young <= 35, middle 36..50, old > 50; HighSchool&less
(education-num <= 9) and College&more; Male and Female; and five races.

Two files, two labels:

* ``AdultIncome``: the file of the UCI repository; the label is 1 for an income above 50,000 dollars, else 0. Becker, B.
  and Kohavi, R. (1996), https://doi.org/10.24432/C5XW20, licence CC BY 4.0.
* ``AdultReconstruction``: the reconstruction of F. Ding, M. Hardt, J. Miller, L. Schmidt, *Retiring Adult*, NeurIPS
  2021; the label is the income in dollars, scaled to [0, 1]. This is the file of the experiments in K. Acharya et al.,
  *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024. Its terms (IPUMS CPS) allow replication and forbid
  redistribution: the user supplies it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

import numpy as np

from bandits.arguments import flag
from bandits.contract import Array
from bandits.registry import Component
from environments.groupwise.data import GroupedData, grouped_data, min_max, one_hot, scale_label
from environments.groupwise.medical import age_groups
from environments.groupwise.regression import GroupedRegression
from environments.groupwise.sources import Source, read

URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/"
TERMS = "CC BY 4.0, cite Becker, B. and Kohavi, R. (1996), https://doi.org/10.24432/C5XW20"
TRAIN = Source(
    key="adult",
    folder="adult",
    file="adult.data",
    url=URL + "adult.data",
    terms=TERMS,
    sha256="5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
)
TEST = Source(
    key="adult",
    folder="adult",
    file="adult.test",
    url=URL + "adult.test",
    terms=TERMS,
    sha256="a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
)
RECONSTRUCTION = Source(
    key="adult_reconstruction",
    folder="adult",
    file="adult_reconstruction.csv",
    url="https://raw.githubusercontent.com/socialfoundations/folktables/main/adult_reconstruction.csv",
    terms="IPUMS CPS, for replication only, no redistribution",
    blobs=("966f1688990dd1e8183e9c2778e1221f260ba455", "d760ac117407a40fe230cabbc47e196486654687"),
)
FIELDS = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
    "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
)  # fmt: skip
NUMBERS = ("hours-per-week", "age", "capital-gain", "capital-loss", "education-num")
WORDS = ("workclass", "marital-status", "relationship", "native-country", "occupation", "race", "sex")
RACES = ("White", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other", "Black")


def uci_columns(text: str) -> dict[str, list[str]]:
    """Columns of ``adult.data`` or ``adult.test``: no header, 15 fields, labels of the latter end in a dot.

    Raises:
        ValueError: a line without 15 fields; the message gives its number.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("|"):
            continue
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != len(FIELDS):
            raise ValueError(f"line {number} must have {len(FIELDS)} fields, got {len(fields)}: {line!r}")
        rows.append(fields)
    columns = {name: list(column) for name, column in zip(FIELDS, zip(*rows, strict=True), strict=True)}
    columns["income"] = [label.rstrip(".") for label in columns["income"]]
    return columns


def reconstruction_columns(text: str) -> dict[str, list[str]]:
    """Columns of ``adult_reconstruction.csv``, which has a header; a column ``gender`` is taken for ``sex``.

    Raises:
        ValueError: a column is missing.
    """
    rows = list(csv.DictReader(text.splitlines()))
    header = list(rows[0]) if rows else []
    columns = {"sex" if name == "gender" else name: [row[name].strip() for row in rows] for name in header}
    missing = [name for name in (*NUMBERS, *WORDS, "income") if name not in columns]
    if missing:
        raise ValueError(f"adult_reconstruction.csv lacks the columns {', '.join(missing)}; it has {', '.join(header)}")
    return columns


def adult_data(columns: Mapping[str, Sequence[str]], labels: Array, always_on: bool = True) -> GroupedData:
    """The table of contexts, labels and groups from raw columns."""
    number = {name: np.array([float(value) for value in columns[name]]) for name in NUMBERS}
    schooling, sex, race = number["education-num"], np.array(columns["sex"]), np.array(columns["race"])
    bins = age_groups(number["age"]) | {"HighSchool&less": schooling <= 9, "College&more": schooling >= 10}
    groups = bins | {name: sex == name for name in ("Male", "Female")} | {name: race == name for name in RACES}
    contexts = [
        *(min_max(number[name], name)[:, None] for name in NUMBERS),
        *(one_hot(columns[name])[0] for name in WORDS),
        np.stack(list(bins.values()), axis=1),
    ]
    return grouped_data(
        np.concatenate(contexts, axis=1),
        labels,
        np.stack(list(groups.values()), axis=1),
        list(groups),
        number,
        always_on,
    )


class AdultIncome(GroupedRegression):
    """The UCI file, with the label 1 for an income above 50,000 dollars.

    Args:
        path: the file ``adult.data``; None to look in the data folder, in the cache, and to download it.
        include_test: whether the 16,281 rows of ``adult.test`` follow the 32,561 of ``adult.data``.
        order: "shuffled", "given", "ascending" or "descending".
        sort_by: a numeric column ("age", ...) or a group, for the last two (the paper: "age", both ways).
        horizon: number of rounds, at most the number of rows; None for all.
        report_groups: names of the groups whose regret is reported; None for all.
        regret_alignment: "exact" or "published".
        comparator: "least_squares", "ridge" or "bounded_ols", by name or as ``{"name": ..., "parameters": {...}}``.
        always_on: whether all rows together are a group too.
        verify: whether to refuse a file with other contents.
    """

    def __init__(
        self,
        path: str | None = None,
        include_test: bool = False,
        order: str = "shuffled",
        sort_by: str | None = None,
        horizon: int | None = None,
        report_groups: Sequence[str] | None = None,
        regret_alignment: str = "exact",
        comparator: Component = "least_squares",
        always_on: bool = True,
        verify: bool = True,
    ) -> None:
        self.path, self.include_test = path, flag("include_test", include_test)
        self.always_on, self.verify = flag("always_on", always_on), flag("verify", verify)
        columns = uci_columns(read(TRAIN, path, verify))
        if include_test:
            more = uci_columns(read(TEST, verify=verify))
            columns = {name: columns[name] + more[name] for name in FIELDS}
        labels = np.array([label == ">50K" for label in columns["income"]], dtype=np.float64)
        data = adult_data(columns, labels, always_on)
        super().__init__(data, order, sort_by, horizon, report_groups, regret_alignment, comparator)


class AdultReconstruction(GroupedRegression):
    """The reconstruction with incomes in dollars; the user supplies the file.

    Args:
        path: the file ``adult_reconstruction.csv``; None to look in the data folder and in the cache.
        order: "shuffled", "given", "ascending" or "descending".
        sort_by: a numeric column ("age", ...) or a group, for the last two.
        horizon: number of rounds, at most 49,531; None for all rows.
        report_groups: names of the groups whose regret is reported; None for all.
        regret_alignment: "exact" or "published".
        comparator: "least_squares", "ridge" or "bounded_ols", by name or as ``{"name": ..., "parameters": {...}}``.
        always_on: whether all rows together are a group too.
        verify: whether to refuse a file with other contents.
    """

    def __init__(
        self,
        path: str | None = None,
        order: str = "shuffled",
        sort_by: str | None = None,
        horizon: int | None = None,
        report_groups: Sequence[str] | None = None,
        regret_alignment: str = "exact",
        comparator: Component = "least_squares",
        always_on: bool = True,
        verify: bool = True,
    ) -> None:
        self.path, self.always_on, self.verify = path, flag("always_on", always_on), flag("verify", verify)
        columns = reconstruction_columns(read(RECONSTRUCTION, path, verify))
        labels = scale_label(np.array([float(value) for value in columns["income"]]), "income")
        data = adult_data(columns, labels, always_on)
        super().__init__(data, order, sort_by, horizon, report_groups, regret_alignment, comparator)
