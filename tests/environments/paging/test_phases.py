"""Phases, clean pages, and the truth and errors of phase predictions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.paging.phases import discard_errors, phase_errors, phases

TRUTH = {
    "S1": ([1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5], 3, "001100011111"),
    "S2": ([7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1], 3, "10101011000100100111"),
    "S3": ([4, 2, 3, 1, 1, 0, 4, 2, 0, 0, 4, 4], 3, "011110011111"),
    "S4": ([0, 1, 2, 0, 1, 3, 0, 2, 3, 1], 2, "0111111111"),
}


def slow(pages, k):
    """The requests of each phase."""
    found = []
    for t, page in enumerate(pages):
        if not found or len({pages[s] for s in found[-1]} | {page}) > k:
            found.append([])
        found[-1].append(t)
    return found


@pytest.mark.parametrize("name", TRUTH)
def test_truth_of_small_sequences(name):
    pages, k, bits = TRUTH[name]
    assert "".join(map(str, phases(pages, k).truth)) == bits


def test_phase_numbers_of_the_second_sequence():
    pages, k, _ = TRUTH["S2"]
    assert phases(pages, k).number.tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5]


def test_a_phase_does_not_end_with_its_kth_page():
    assert phases([0, 1, 1, 0, 1, 2], 2).number.tolist() == [0, 0, 0, 0, 0, 1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=16), st.integers(1, 4), st.data())
def test_everything_against_the_definition(pages, k, data):
    bits = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(pages), max_size=len(pages))), dtype=np.uint8)
    found, groups = phases(pages, k), slow(pages, k)
    assert found.n_phases == len(groups)
    sets = [{pages[s] for s in group} for group in groups]
    clean = [len(s - (sets[i - 1] if i else set())) for i, s in enumerate(sets)]
    assert found.clean_counts.tolist() == clean
    wrong = {"all": [[0, 0]], "last_in_phase": [[0, 0]]}
    for i, group in enumerate(groups):
        totals = {"all": [0, 0], "last_in_phase": [0, 0]}
        for t in group:
            truth = 1 if i + 1 == len(groups) or pages[t] not in sets[i + 1] else 0
            final = pages[t] not in [pages[s] for s in group if s > t]
            assert (found.number[t], found.truth[t], found.last[t]) == (i, truth, final)
            for counting in totals:
                if (final or counting == "all") and truth != bits[t]:
                    totals[counting][1 - truth] += 1
        for counting, total in totals.items():
            wrong[counting].append([a + b for a, b in zip(wrong[counting][-1], total, strict=True)])
    for counting, running in wrong.items():
        eta_0, eta_1 = phase_errors(found, bits, counting)
        assert eta_0.tolist() == [running[i][0] for i in found.number]
        assert eta_1.tolist() == [running[i][1] for i in found.number]


def test_errors_of_the_last_phase_and_of_nothing_are_zero():
    found = phases([0, 1, 0, 1], 2)
    for bits in (np.zeros(4, np.uint8), np.ones(4, np.uint8)):
        assert [series.tolist() for series in phase_errors(found, bits)] == [[0.0] * 4] * 2
    nothing = np.zeros(0, np.uint8)
    assert [series.size for series in phase_errors(phases([], 2), nothing)] == [0, 0]
    assert [series.size for series in discard_errors(nothing, nothing)] == [0, 0]


def test_wrong_zeros_and_wrong_ones_are_not_swapped():
    eta_0, eta_1 = discard_errors(np.array([1, 1, 0, 0], np.uint8), np.array([0, 1, 1, 0], np.uint8))
    assert eta_0.tolist() == [1, 1, 1, 1]
    assert eta_1.tolist() == [0, 0, 1, 1]


def test_bad_cache_size():
    with pytest.raises(ValueError, match="cache_size"):
        phases([0], 2.5)
    with pytest.raises(ValueError, match="cache_size must be a whole number >= 1, got 0"):
        phases([0], 0)
