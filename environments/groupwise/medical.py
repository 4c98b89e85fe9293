"""Medical costs: yearly charges of 1,338 insured, with groups by age, body mass index, smoking and sex.

Contexts, 18: age, bmi and children scaled to [0, 1], indicators of sex (2), smoker (2) and region (4), and of the
groups by age and bmi (7). The label ``charges`` is scaled to [0, 1]. Groups: age young <= 35, middle 36..50, old > 50;
bmi underweight < 18.5, healthyweight < 25, overweight < 30, obese from 30 on; smoker and non-smoker; male and female.

File: ``insurance.csv``, companion data of B. Lantz, *Machine Learning with R*, simulated from demographic statistics of
the US Census; known on Kaggle as mirichoi0218/insurance under the Database Contents Licence (recall). Used as in K.
Acharya et al., *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024 (published code).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import flag
from bandits.contract import Array
from bandits.registry import Component
from environments.groupwise.data import GroupedData, grouped_data, min_max, one_hot, scale_label
from environments.groupwise.regression import GroupedRegression
from environments.groupwise.sources import Source, read

SOURCE = Source(
    key="medical",
    folder="medical",
    file="insurance.csv",
    url="https://raw.githubusercontent.com/stedy/Machine-Learning-with-R-datasets/master/insurance.csv",
    terms="Database Contents Licence as named on Kaggle",
    sha256="505c1cbc2e63d0363bac59501563df2530aadf4cdb9cfee226f4ef32f5468281",
    text_sha256="6e3894cf7d9210613f62c866684055decea694345cd4f244ecd7167041578c68",
)
COLUMNS = ("age", "sex", "bmi", "children", "smoker", "region", "charges")


def age_groups(age: Array) -> dict[str, NDArray[np.bool_]]:
    """Indicators of young <= 35, middle 36..50 and old > 50."""
    return {"young": age <= 35, "middle": (age > 35) & (age <= 50), "old": age > 50}


def medical_data(text: str, always_on: bool = True) -> GroupedData:
    """The table of ``insurance.csv``.

    Raises:
        ValueError: other columns than expected.
    """
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"insurance.csv must have the columns {', '.join(COLUMNS)}, got {reader.fieldnames}")
    rows = list(reader)
    number = {c: np.array([float(row[c]) for row in rows]) for c in ("age", "bmi", "children", "charges")}
    word = {c: [row[c] for row in rows] for c in ("sex", "smoker", "region")}
    bmi = number["bmi"]
    bins = age_groups(number["age"]) | {
        "underweight": bmi < 18.5,
        "healthyweight": (bmi >= 18.5) & (bmi < 25),
        "overweight": (bmi >= 25) & (bmi < 30),
        "obese": bmi >= 30,
    }
    smoker, sex = np.array(word["smoker"]), np.array(word["sex"])
    groups = bins | {
        "smoker": smoker == "yes",
        "non-smoker": smoker == "no",
        "male": sex == "male",
        "female": sex == "female",
    }
    contexts = [
        *(min_max(number[c], c)[:, None] for c in ("age", "bmi", "children")),
        *(one_hot(word[c])[0] for c in ("sex", "smoker", "region")),
        np.stack(list(bins.values()), axis=1),
    ]
    labels = scale_label(number["charges"], "charges")
    return grouped_data(
        np.concatenate(contexts, axis=1),
        labels,
        np.stack(list(groups.values()), axis=1),
        list(groups),
        number,
        always_on,
    )


class MedicalCosts(GroupedRegression):
    """Medical costs in one of several orders of the rows.

    Args:
        path: the file ``insurance.csv``; None to look in the data folder, in the cache, and to download it.
        order: "shuffled", "given", "ascending" or "descending".
        sort_by: "age", "bmi", "children", "charges" or a group, for the last two (the paper: "age", ascending).
        horizon: number of rounds, at most 1338; None for all rows.
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
        data = medical_data(read(SOURCE, path, verify), always_on)
        super().__init__(data, order, sort_by, horizon, report_groups, regret_alignment, comparator)
