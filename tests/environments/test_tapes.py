"""Tapes and generators that no run can begin with are refused, and change nothing."""

import copy
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

from bandits.families import families
from bandits.seeds import Seeds
from environments import AdversarialArms, BernoulliArms, DelayedFeedback, Environment, GaussianArms, Identification
from environments.checks import check_environment
from environments.forms import form_of

EXAMPLES = [
    pytest.param(environment, id=f"{family.name}-{i}-{type(environment).__name__}")
    for family in families()
    for i, environment in enumerate(family.example_environments())
]
TAPES = [
    None, 1.5, "x", b"x", [], {}, (), (None,), 3j, object(), np.random.RandomState(0), np.zeros(3), np.zeros((0, 2)),
    np.zeros(2, np.int64), np.zeros((2, 2, 2)), np.array(None), BernoulliArms,
]  # fmt: skip
RNGS = [None, 0, 1.5, "x", np.random.RandomState(0), np.random, np.random.PCG64(0), np.random.SeedSequence(0), object()]


def refused(call, given, what):
    with pytest.raises(ValueError, match=f"{what} must be .*got "):
        call(given)


@pytest.mark.parametrize("environment", EXAMPLES)
def test_wrong_tapes_and_generators_are_refused_and_change_nothing(environment):
    environment = copy.deepcopy(environment)
    new = pickle.dumps(environment)
    tape = environment.draw(np.random.default_rng(1))
    environment.begin(tape)
    before = pickle.dumps(environment)
    others = [pytest_case.values[0].draw(np.random.default_rng(2)) for pytest_case in EXAMPLES]
    wrong = [other for other in (*TAPES, *others) if form_of(other) != form_of(tape)]
    assert len(wrong) > 20
    for given in wrong:
        refused(environment.begin, given, "tape")
    for given in RNGS:
        refused(environment.draw, given, "rng")
    assert pickle.dumps(environment) == before
    fresh = pickle.loads(new)
    before = pickle.dumps(fresh)
    refused(fresh.draw, 0, "rng")
    assert pickle.dumps(fresh) == before
    refused(fresh.begin, object(), "tape")
    fresh.begin(tape)  # which another one has drawn


@pytest.mark.parametrize("environment", EXAMPLES)
def test_all_tapes_have_one_form(environment):
    rngs = [np.random.default_rng(seed) for seed in range(9)]
    rngs += [Seeds(1).generator(), np.random.Generator(np.random.MT19937(1))]
    forms = [form_of(environment.draw(rng)) for rng in rngs]
    assert all(form == forms[0] for form in forms)


def spoilt(tape):
    """The tape with a number in an array of whole numbers, or in itself, that is too small, or too large."""
    for value in (-1, 2**63 - 1):
        if isinstance(tape, np.ndarray) and tape.dtype == np.int64 and tape.size:
            other = tape.copy()
            other.flat[-1] = value
            yield other
        elif type(tape) is int:
            yield -1 if value < 0 else None
    if isinstance(tape, tuple):
        for i, part in enumerate(tape):
            for other in spoilt(part):
                parts = [*tape[:i], other, *tape[i + 1 :]]
                yield type(tape)(parts) if type(tape) is tuple else type(tape)(*parts)
    elif hasattr(tape, "__dataclass_fields__"):
        for name in tape.__dataclass_fields__:
            for other in spoilt(getattr(tape, name)):
                try:
                    yield replace(tape, **{name: other})
                except ValueError:  # refused before it is a tape
                    continue


@pytest.mark.parametrize("environment", EXAMPLES)
def test_positions_that_lead_nowhere_are_refused(environment):
    """Else a kernel would read what is not its own; a tape of nothing but a number that nobody reads may be any."""
    tape = environment.draw(np.random.default_rng(1))
    environment.begin(tape)
    before = pickle.dumps(environment)
    for other in [] if type(tape) is int else spoilt(tape):
        refused(environment.begin, other, "tape")
        assert pickle.dumps(environment) == before


def test_rewards_outside_the_range_and_what_is_no_number():
    environment = AdversarialArms([[0.2, 0.8], [0.5, 0.5]])
    for value in (np.nan, np.inf, -0.1, 1.5):
        refused(environment.begin, np.array([[0.2, 0.8], [0.5, value]]), "rewards of tape")


def test_requests_of_another_cache_or_length():
    from environments import PagingEnvironment

    environment = PagingEnvironment(3, {"name": "uniform", "parameters": {"N": 8}}, horizon=50)
    for other, what in (
        (PagingEnvironment(4, environment.sequence, horizon=50), "cache_size of tape"),
        (PagingEnvironment(3, environment.sequence, horizon=40), "number of requests of tape"),
        (PagingEnvironment(3, {"name": "uniform", "parameters": {"N": 9}}, horizon=50), "n_pages of tape"),
    ):
        refused(environment.begin, other.draw(np.random.default_rng(0)), what)
    wrong = copy.deepcopy(environment.draw(np.random.default_rng(0)))  # what is drawn may be kept for later runs
    wrong.requests.pages[7] = 8
    refused(environment.begin, wrong, "pages of tape")


def test_a_refused_tape_of_what_is_delayed_leaves_the_inner_run_alone():
    delayed = DelayedFeedback({"name": "bernoulli", "parameters": {"means": [0.2, 0.7]}}, 3, horizon=20)
    tape = delayed.draw(np.random.default_rng(0))
    delayed.begin(tape)
    delayed.transition(1)
    before = pickle.dumps(delayed)
    refused(delayed.begin, (tape[0], tape[1][:-1]), "tape")
    refused(delayed.begin, (tape[0], tape[1] - 9), "delays of tape")
    assert pickle.dumps(delayed) == before


def test_the_message_shows_both_forms():
    environment = AdversarialArms([[0.2, 0.8], [0.5, 0.5]])
    with pytest.raises(ValueError, match=r"draw\(\) of AdversarialArms gives, float64 \[2, 2\], got float64 \[3, 2\]"):
        environment.begin(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"Generator, got 'x'"):
        GaussianArms([0.2, 0.8]).begin("x")


def test_a_subclass_may_have_a_tape_of_its_own():
    """It hands what it keeps to the class that it builds on, whose form is another."""

    class Twice(BernoulliArms):
        def draw(self, rng):
            return super().draw(rng.spawn(1)[0]), np.arange(3)

        def begin(self, tape):
            super().begin(tape[0])
            self._more = tape[1]

    environment = Twice([0.2, 0.8], horizon=9)
    environment.reset(seed=1)
    tape = environment.draw(np.random.default_rng(0))
    environment.begin(tape)
    refused(environment.begin, tape[0], "tape")
    refused(environment.begin, (tape[0], np.arange(4)), "tape")
    assert isinstance(environment, Environment)


def test_what_varies_in_length_is_kept_in_a_list():
    class Visits(BernoulliArms):
        def draw(self, rng):
            return super().draw(rng), list(range(rng.integers(1, 9)))

        def begin(self, tape):
            super().begin(tape[0])

    environment = Visits([0.2, 0.8], horizon=9)
    tapes = [environment.draw(np.random.default_rng(seed)) for seed in range(9)]
    assert len({len(tape[1]) for tape in tapes}) > 1
    for tape in tapes:
        environment.begin(tape)


class Varying(BernoulliArms):
    """Of tapes that differ in form."""

    def draw(self, rng):
        extra = None if rng.random() < 0.5 else np.zeros(rng.integers(1, 1000))
        return super().draw(rng), np.zeros((2, rng.integers(1, 1000))), extra

    def begin(self, tape):
        super().begin(tape[0])


def test_tapes_may_differ_in_form():
    check_environment(lambda: Varying([0.2, 0.8], horizon=9))
    tapes = [Varying([0.2, 0.8], horizon=9).draw(np.random.default_rng(seed)) for seed in range(20)]
    for environment in (Varying([0.2, 0.8], horizon=9), pickle.loads(pickle.dumps(Varying([0.2, 0.8], horizon=9)))):
        for tape in tapes:
            environment.begin(tape)
            refused(environment.begin, (tape[0], tape[1].T, tape[2]), "tape")
            refused(environment.begin, tape[:2], "tape")
    with pytest.raises(ValueError, match=r"gives, \(Generator, float64 \[2, any\], anything\), got \(Gen"):
        environment.begin((tape[0], tape[1][:1], None))


def test_a_class_without_a_draw_plays_what_others_draw():
    class Replay(BernoulliArms):
        def draw(self, rng):
            raise NotImplementedError

        def begin(self, tape):
            super().begin(tape)

    environment = Replay([0.2, 0.8], horizon=9)
    environment.begin(BernoulliArms([0.2, 0.8], horizon=9).draw(np.random.default_rng(0)))
    assert environment.clock == 0


def test_what_draws_and_begins_may_stand_in_mixins_or_be_replaced(monkeypatch):
    class Noted:
        def draw(self, rng):
            return super().draw(rng), 5

        def begin(self, tape):
            super().begin(tape[0])

    class Arms(Noted, BernoulliArms):
        pass

    environment = Arms([0.2, 0.8], horizon=9)
    environment.begin(environment.draw(np.random.default_rng(0)))
    refused(environment.begin, (environment.draw(np.random.default_rng(0))[0], None), "tape")
    refused(environment.draw, 5, "rng")
    monkeypatch.setattr(Arms, "draw", lambda self, rng: (rng, "x"))
    Arms([0.2, 0.8], horizon=9).begin((np.random.default_rng(0), "y"))
    other = BernoulliArms([0.2, 0.8], horizon=9)
    tape = other.draw(np.random.default_rng(0))
    other.draw = lambda rng: tape
    other.reset(seed=0)


def test_positions_are_looked_at_in_the_tape_that_is_the_class_s_own():
    class More(AdversarialArms):
        def draw(self, rng):
            return super().draw(rng), np.arange(3)

        def begin(self, tape):
            super().begin(tape[0])

    environment = More([[0.2, 0.8], [0.5, 0.5]])
    tape = environment.draw(np.random.default_rng(0))
    environment.begin(tape)
    refused(environment.begin, (tape[0] + 1.0, tape[1]), "rewards of tape")


def test_types_of_tapes_that_do_not_pickle_are_no_hindrance():
    class Local(BernoulliArms):
        def draw(self, rng):
            return super().draw(rng), (i for i in range(3)), lambda: 0

        def begin(self, tape):
            super().begin(tape[0])

    environment = Local([0.2, 0.8], horizon=9)
    environment.begin(environment.draw(np.random.default_rng(0)))
    pickle.dumps(environment._form_of_tapes)


def test_a_tape_that_holds_itself():
    @dataclass
    class Node:
        before: object = None

    class Chained(BernoulliArms):
        def draw(self, rng):
            node = Node()
            node.before = node
            return super().draw(rng), node

        def begin(self, tape):
            super().begin(tape[0])

    environment = Chained([0.2, 0.8], horizon=9)
    environment.begin(environment.draw(np.random.default_rng(0)))


def test_a_generator_may_stand_where_a_stream_does():
    environment = Identification([0.2, 0.8], delta=0.1, family="bernoulli")
    tape = environment.draw(np.random.default_rng(0))
    environment.begin(tape._replace(noise=np.random.default_rng(3)))


def test_draw_and_begin_may_take_more_or_be_called_by_name():
    class More(BernoulliArms):
        def draw(self, source=None, extra=0):
            return super().draw(source or np.random.default_rng(extra))

        def begin(self, luck, first=0):
            super().begin(luck)
            self._first = first

    environment = More([0.2, 0.8], horizon=9)
    rng = np.random.default_rng(0)
    for tape in (environment.draw(), environment.draw(rng, 3), environment.draw(source=rng)):
        environment.begin(tape, 3)
        environment.begin(luck=tape, first=4)
    refused(environment.draw, 5, "rng")
    refused(environment.begin, 5, "tape")
