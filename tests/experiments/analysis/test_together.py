"""What is worked out for many at once is what each would have had alone."""

import numpy as np
import pytest

from experiments.analysis.guarantees import evidence_above, evidence_each, needed_each, replicates_needed
from experiments.analysis.statistics import growth_exponent, growth_exponents
from experiments.analysis.together import AT_ONCE, together


def doubled(questions):
    return [2 * question for question in questions]


def squared(questions):
    return [question**2 for question in questions]


def test_every_talk_has_its_own_answers():
    calls = []

    def counted(questions):
        calls.append(len(questions))
        return doubled(questions)

    def talk(n):
        first = yield counted, n
        if n % 3 == 0:
            return first
        second = yield (squared if n % 2 else counted), first
        return first, second

    number = AT_ONCE + 7
    expected = [2 * n if n % 3 == 0 else (2 * n, 4 * n * n if n % 2 else 4 * n) for n in range(number)]
    assert list(together(map(talk, range(number)))) == expected
    assert len(calls) == 4  # two rounds of two lots
    assert list(together([])) == []


def test_what_goes_wrong_in_one_is_raised():
    def talk():
        yield doubled, None

    with pytest.raises(TypeError):
        list(together([talk()]))


def arguments(rng, count):
    """Values, low, mean and alpha of some columns each, none among them, of 5 or 8 values."""
    for k in range(count):
        columns = (0, 1, 3, 4000)[k % 4]
        values = rng.gamma(0.5, size=(5 + 3 * (k % 2), columns))
        low = np.where(rng.random(columns) < 0.1, -np.inf, 0.0)
        yield values, low, rng.uniform(-0.1, 1.0, columns), rng.uniform(0.01, 0.1, columns)


def test_evidence_of_many():
    asked = list(arguments(np.random.default_rng(3), 12))
    for given, found in zip(asked, evidence_each([each[:3] for each in asked]), strict=True):
        np.testing.assert_allclose(found, evidence_above(*given[:3]), rtol=1e-12)
    for given, found in zip(asked, needed_each(asked), strict=True):
        assert found.tolist() == replicates_needed(*given).tolist()


def test_growth_exponents_of_many():
    rng = np.random.default_rng(4)
    times = np.unique(np.geomspace(1, 1000, 40).astype(np.int64))
    asked = []
    for k in range(9):
        at = times[: (2, 30, 40)[k % 3]]
        samples = rng.gamma(3.0, size=((1, 6)[k % 2], 1)) * at**0.7 + rng.normal(0.0, 0.1, len(at)) - 3.0 * (k == 5)
        asked.append((samples, at, (0.9, 0.95)[k % 2]))
    found = growth_exponents(asked)
    assert any(each is None for each in found)
    assert sum(each is not None and each.finite for each in found) > 1
    for each, given in zip(found, asked, strict=True):
        alone = growth_exponent(*given)
        assert (each is None) == (alone is None)
        if each is not None:
            np.testing.assert_allclose((each.value, each.low, each.high), (alone.value, alone.low, alone.high))
