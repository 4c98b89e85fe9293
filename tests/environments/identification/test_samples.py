"""What is kept of a run: samples one by one and in stretches, with and without answers, as far back as it reaches."""

import numpy as np
import pytest

from environments.identification import samples
from environments.identification.samples import Judgement, Samples, Truth

MEANS = np.array([0.1, 0.5, 0.3, 0.2, 0.4])


def test_a_long_run_is_kept_in_part(monkeypatch):
    monkeypatch.setattr(samples, "KEPT", 320)
    rng, run = np.random.default_rng(0), Samples(Truth(True, 1, 0.0, 0.0, 0.5), MEANS, Judgement(0.0, 0.1), True)
    arms, codes = [], []
    while len(arms) < 1000:
        n = int(rng.integers(1, 60))
        some = rng.integers(0, 5, n), np.where(rng.random(n) < 0.4, -1, rng.integers(0, 5, n))
        if rng.random() < 0.5:
            assert run.stretch(*some)
        else:
            for arm, code in np.transpose(some).tolist():
                run.one(arm, None if code < 0 else Judgement(float(code == 1), float(MEANS[code])))
        arms += some[0].tolist()
        codes += some[1].tolist()
    told = [0.1]
    for code in codes:
        told.append(float(MEANS[code]) if code >= 0 else told[-1])
    with pytest.raises(ValueError, match=r"as far as the run is kept") as refused:
        run.at(np.array([0]), 2000)
    first = int(str(refused.value).split("..")[0].split()[-1])
    assert 320 <= run.taken - first < 320 + 60
    times = np.arange(first, run.taken + 1)
    there, back = run.at(times, 2000), run.at(times[::-1], 2000)
    assert there["answer_value"].tolist() == [told[t] for t in times] == back["answer_value"][::-1].tolist()
    assert there["correct"].tolist() == [float(told[t] == 0.5) for t in times]
    pulls = np.array([there[f"pulls_{i}"] for i in range(5)]).T
    assert pulls.tolist() == [np.bincount(arms[:t], minlength=5).tolist() for t in times]
    run.end(None, by_itself=True)
    end = run.at(np.array([run.taken, run.taken + 1, 2000]), 2000)
    assert end["answer_value"].tolist() == [told[-1]] * 3
    assert end["stopped"].tolist() == [0.0, 1.0, 1.0]
