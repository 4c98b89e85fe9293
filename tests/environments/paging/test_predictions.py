"""Sources of predictions, and their error counts."""

import math

import numpy as np
import pytest

from environments.paging.environment import PagingEnvironment
from environments.paging.generators import Zipf
from environments.paging.hindsight import RequestSequence
from environments.paging.instance import RunInstance
from environments.paging.predictions.sources import PREDICTIONS, PredictionSource

SEQUENCES = {
    "S1": ([1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5], 3),
    "S2": ([7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1], 3),
    "S3": ([4, 2, 3, 1, 1, 0, 4, 2, 0, 0, 4, 4], 3),
    "S4": ([0, 1, 2, 0, 1, 3, 0, 2, 3, 1], 2),
}
ERRORS = {
    ("discard", "zero"): [(4, 0), (6, 0), (2, 0), (5, 0)],
    ("discard", "one"): [(0, 8), (0, 14), (0, 10), (0, 5)],
    ("discard", "inverted"): [(4, 8), (6, 14), (2, 10), (5, 5)],
    ("discard", "even"): [(2, 4), (4, 6), (2, 4), (3, 2)],
    ("phase", "oracle"): [(0, 0), (0, 0), (0, 0), (0, 0)],
    ("phase", "zero"): [(4, 0), (6, 0), (3, 0), (7, 0)],
    ("phase", "inverted"): [(4, 5), (6, 9), (3, 3), (7, 1)],
    ("phase", "even"): [(2, 3), (4, 4), (2, 2), (3, 1)],
}


def instance(pages, k):
    pages = np.array(pages, dtype=np.int64)
    return RequestSequence(pages, int(pages.max()) + 1, k)


def zipf(n=3000, k=20, seed=5):
    return RequestSequence(Zipf(200, 0.9).draw(n, np.random.default_rng(seed)), 200, k)


def build(what):
    return PREDICTIONS.build(what, "predictions", of=PredictionSource)


def predict(on, kind, seed=0, source="oracle", **parameters):
    return build({"name": source, "parameters": {"kind": kind, **parameters}}).predict(on, np.random.default_rng(seed))


def reuse_errors(on, reuse):
    return RunInstance(requests=on, prediction="reuse", reuse=reuse).eta_reuse


def errors(on, kind, bits, counting="last_in_phase"):
    known = RunInstance(requests=on, prediction=kind, bits=bits, counting=counting)
    return known.eta_0[-1], known.eta_1[-1]


@pytest.mark.parametrize(("kind", "bits"), ERRORS)
def test_errors_of_small_sequences(kind, bits):
    for (pages, k), expected in zip(SEQUENCES.values(), ERRORS[kind, bits], strict=True):
        on = instance(pages, k)
        truth = on.truth(kind)
        given = {
            "zero": lambda on: predict(on, kind, source="constant", value=0),
            "one": lambda on: predict(on, kind, source="constant", value=1),
            "inverted": lambda on: predict(on, kind, source="inverted"),
            "oracle": lambda on: predict(on, kind),
            "even": lambda on, truth=truth: predict(
                on, kind, source="given", values=np.where(np.arange(truth.size) % 2, truth, 1 - truth)
            ),
        }[bits](on)
        assert errors(on, kind, given) == expected


def test_counting_every_request_only_enlarges_the_errors():
    on = zipf()
    bits = predict(on, "phase", source="flip", p=0.3)
    few, all_ = errors(on, "phase", bits), errors(on, "phase", bits, "all")
    assert all_[0] >= few[0] > 0
    assert all_[1] > few[1] > 0


@pytest.mark.parametrize("kind", ["discard", "phase"])
def test_flips_are_those_of_the_generator(kind):
    on = zipf()
    truth, u = on.truth(kind), np.random.default_rng(9).random(3000)
    bits = predict(on, kind, 9, source="flip", p=0.2)
    assert bits.tolist() == np.where(u < 0.2, 1 - truth, truth).tolist()
    bits = predict(on, kind, 9, source="flip", p01=0.3, p10=0.1)
    assert bits.tolist() == np.where(u < np.where(truth == 1, 0.3, 0.1), 1 - truth, truth).tolist()


def test_one_sided_flips_make_one_sided_errors():
    on = zipf()
    ones = int(on.truth("discard").sum())
    eta_0, eta_1 = errors(on, "discard", predict(on, "discard", source="flip", p01=0.25))
    assert eta_1 == 0
    assert abs(eta_0 - 0.25 * ones) < 4 * math.sqrt(0.25 * 0.75 * ones)
    eta_0, eta_1 = errors(on, "discard", predict(on, "discard", source="flip", p10=0.25))
    assert eta_0 == 0
    assert abs(eta_1 - 0.25 * (3000 - ones)) < 4 * math.sqrt(0.25 * 0.75 * (3000 - ones))


@pytest.mark.parametrize("kind", ["discard", "phase"])
def test_certain_flips(kind):
    on = zipf()
    assert np.array_equal(predict(on, kind, source="flip", p=0.0), on.truth(kind))
    assert np.array_equal(predict(on, kind, source="flip", p=1), predict(on, kind, source="inverted"))


def test_the_oracle_gives_a_copy():
    on = zipf()
    predict(on, "discard")[:] = 7
    assert on.truth("discard").max() == 1


def test_noise_of_scale_zero_is_the_truth():
    on = zipf()
    for dist in ("lognormal", "normal"):
        assert np.array_equal(predict(on, "discard", source="noisy_reuse", sigma=0, dist=dist), on.truth("discard"))
    assert reuse_errors(on, predict(on, "reuse", source="noisy_reuse", sigma=0, dist="normal"))[-1] == 0
    shifted = predict(on, "reuse", source="noisy_reuse", sigma=0)
    assert np.array_equal(shifted, predict(on, "reuse") + 1)


def test_noise_is_that_of_the_generator_and_makes_errors():
    on = zipf()
    times = predict(on, "reuse", 3, source="noisy_reuse", sigma=2.0)
    assert np.array_equal(times, predict(on, "reuse") + np.random.default_rng(3).lognormal(0.0, 2.0, 3000))
    wrong = [sum(errors(on, "discard", predict(on, "discard", source="noisy_reuse", sigma=s))) for s in (0, 5, 50)]
    assert wrong[0] == 0 < wrong[1] < wrong[2]


def test_reuse_errors_cut_both_sides_at_the_end():
    on = instance([0, 1, 0, 2], 2)
    assert on.next_times.tolist() == [2, 4, 4, 4]
    assert reuse_errors(on, np.array([5.0, 1e9, 4.0, 1.5])).tolist() == [2, 2, 2, 4.5]
    assert reuse_errors(on, predict(on, "reuse"))[-1] == 0


def test_popularity_by_its_definition():
    pages = [3, 1, 3, 3, 2, 1]
    times = predict(instance(pages, 2), "reuse", source="popu")
    assert times.tolist() == [t + t / pages[:t].count(pages[t - 1]) for t in range(1, 7)]


def test_pleco_by_its_definition():
    pages = Zipf(8).draw(120, np.random.default_rng(2)).tolist()
    weights = [(j + 11) ** -1.8 * math.exp(-(j + 1) / 670) for j in range(120)]
    probability = [
        sum(weights[t - s] for s in range(t + 1) if pages[s] == pages[t]) / sum(weights[: t + 1]) for t in range(120)
    ]
    times = predict(instance(pages, 3), "reuse", source="pleco")
    assert times == pytest.approx([t + 1 / p for t, p in enumerate(probability)], rel=1e-12)
    bits = predict(instance(pages, 3), "discard", source="pleco", threshold=0.2)
    assert bits.tolist() == [int(p < 0.2) for p in probability]


def test_popularity_makes_better_bits_than_a_constant():
    on = zipf()
    wrong = sum(errors(on, "discard", predict(on, "discard", source="popu")))
    constant = min(sum(errors(on, "discard", predict(on, "discard", source="constant", value=v))) for v in (0, 1))
    assert wrong < 0.9 * constant


@pytest.mark.parametrize("kind", ["discard", "phase"])
def test_the_learned_predictor_by_its_definition(kind):
    on = zipf(700, k=15)
    pages = on.pages.tolist()
    features = []
    for t, page in enumerate(pages):
        before = [s for s in range(t) if pages[s] == page]
        age = 1 + int(math.log2(t - before[-1])) if before else 0
        features.append((age, 1 + int(math.log2(len(before) + 1))))
    expected = []
    for t in range(700):
        seen = next((60 * 2**i for i in range(9, -1, -1) if 60 * 2**i <= t), 0)
        if seen == 0:
            expected.append(0)
            continue
        past = RequestSequence(on.pages[:seen], 200, 15)
        truth = past.truth(kind).tolist()
        known = seen if kind == "discard" else past.phases.number.tolist().index(past.phases.n_phases - 1)
        alike = [truth[s] for s in range(known) if features[s] == features[t]] or truth[:known]
        expected.append(int(2 * sum(alike) >= len(alike)))
    assert predict(on, kind, source="learned", first=60).tolist() == expected


@pytest.mark.parametrize(("kind", "share"), [("discard", 0.9), ("phase", 0.98)])
def test_the_learned_predictor_learns(kind, share):
    on = zipf(20_000)
    wrong = np.count_nonzero(predict(on, kind, source="learned") != on.truth(kind))
    ones = int(on.truth(kind).sum())
    assert wrong < share * min(ones, 20_000 - ones)


@pytest.mark.parametrize(
    ("kind", "description"),
    [
        ("discard", {"source": "learned", "first": 50}),
        ("phase", {"source": "learned", "first": 50}),
        ("discard", {"source": "pleco", "threshold": 0.01}),
        ("reuse", {"source": "pleco"}),
        ("reuse", {"source": "popu"}),
    ],
)
def test_predictors_know_only_the_past(kind, description):
    on = zipf(1000)
    whole = predict(on, kind, **description)
    for cut in (49, 50, 51, 399, 401, 777):
        other = np.concatenate((on.pages[:cut], np.arange(1000 - cut) % 200))
        assert np.array_equal(predict(RequestSequence(other, 200, 20), kind, **description)[:cut], whole[:cut])


def test_static_bits():
    on = instance([0, 1, 2, 0, 1, 3, 0, 2, 3, 1], 2)
    assert predict(on, "discard", source="static", bits=[0, 1, 0, 1]).tolist() == [0, 1, 0, 0, 1, 1, 0, 0, 1, 1]
    truth = on.truth("discard")
    majority = [int(2 * truth[on.pages == page].sum() > np.sum(on.pages == page)) for page in range(4)]
    assert predict(on, "discard", source="static").tolist() == [majority[page] for page in on.pages]


@pytest.mark.parametrize("name", list(PREDICTIONS))
def test_every_source_gives_what_it_says_and_repeats_itself(name):
    parameters = {"constant": {"value": 1}, "flip": {"p": 0.1}, "noisy_reuse": {"sigma": 1.0}}.get(name, {})
    on = zipf(500)
    for kind in ("discard", "phase", "reuse"):
        if name == "given":
            parameters = {"values": np.ones(500)}
        able = PREDICTIONS.load(name).kinds
        if kind not in able:
            with pytest.raises(ValueError, match=f"predictions: kind must be one of {', '.join(able)}, got '{kind}'"):
                predict(on, kind, source=name, **parameters)
            continue
        first = predict(on, kind, 4, source=name, **parameters)
        assert first.dtype == (np.float64 if kind == "reuse" else np.uint8)
        assert first.shape == (500,)
        assert np.array_equal(first, predict(on, kind, 4, source=name, **parameters))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("oracle", {"kind": "discards"}, r"kind must be one of .* \(did you mean 'discard'\?\)"),
        ("oracle", {}, "Oracle needs the parameter 'kind'"),
        ("flipp", {"kind": "discard"}, r"unknown source of predictions 'flipp' \(did you mean 'flip'\?\)"),
        ("flip", {"kind": "discard"}, "give either p or p01 and p10"),
        ("flip", {"kind": "discard", "p": 0.1, "p01": 0.1}, "give either p or p01 and p10"),
        ("flip", {"kind": "discard", "p": 1.5}, r"p must be a finite number in \[0, 1\], got 1.5"),
        ("flip", {"kind": "discard", "p": math.nan}, "p must be .* got nan"),
        ("flip", {"kind": "discard", "p01": -0.1}, "p01 must be"),
        ("flip", {"kind": "discard", "q": 0.1}, "Flip has no parameter 'q'"),
        ("constant", {"kind": "discard"}, "needs the parameter 'value'"),
        ("constant", {"kind": "discard", "value": 2}, r"value must be a whole number in 0..1, got 2"),
        ("noisy_reuse", {"kind": "reuse", "sigma": -1}, "sigma must be"),
        ("noisy_reuse", {"kind": "reuse", "sigma": 1, "dist": "cauchy"}, "dist must be one of"),
        ("learned", {"kind": "discard", "first": 0}, "first must be a whole number >= 1"),
        ("pleco", {"kind": "discard", "threshold": 2}, "threshold must be"),
    ],
)
def test_bad_descriptions(name, parameters, message):
    with pytest.raises(ValueError, match=f"^predictions.*{message}"):
        PagingEnvironment(2, [0, 1, 0], {"name": name, "parameters": parameters})


def test_a_description_that_is_none():
    with pytest.raises(ValueError, match="predictions must be a name, or"):
        PagingEnvironment(2, [0, 1, 0], ["discard"])


def test_an_object_serves_as_well():
    source = PREDICTIONS.load("constant")("phase", 1)
    environment = PagingEnvironment(2, [0, 1, 0], source)
    assert environment.problem.prediction == "phase"
    assert environment.draw(np.random.default_rng(0)).bits.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("values", "message"),
    [([0, 1], "shape"), ([0, 1, 2], "values must be 0 or 1, got 2 at request 2"), ([0, -1, 0], "got -1")],
)
def test_bad_bits(values, message):
    with pytest.raises(ValueError, match=message):
        predict(instance([0, 1, 0], 2), "discard", source="given", values=values)
    with pytest.raises(ValueError, match="values must be 0 or 1, got nan at request 1"):
        predict(instance([0, 1, 0], 2), "phase", source="given", values=[0, math.nan, 1])
    with pytest.raises(ValueError, match="values must not be NaN, got NaN at request 1"):
        predict(instance([0, 1, 0], 2), "reuse", source="given", values=[0, math.nan, 1])
    with pytest.raises(ValueError, match="values must be one for each of the 3 requests"):
        predict(instance([0, 1, 0], 2), "reuse", source="given", values=[0.0])
