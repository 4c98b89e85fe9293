"""The decorator: what ``functools.lru_cache`` does, by any policy, from many threads."""

import functools
import random
import threading

import pytest

from bandits.paging.decorator import policy_cache


def both(maxsize=128, typed=False):
    """Our decorator and that of the standard library, of the same size."""
    return policy_cache(maxsize, "lru", typed), functools.lru_cache(maxsize, typed)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("maxsize", [1, 3, 50])
def test_as_the_standard_library(maxsize, typed):
    """The same calls are run, and the same is told of them, on arguments that are equal, of other types and named.

    (Of one argument alone the standard library tells 1 from 1.0 with ``typed=False``, too.)
    """
    ran = [], []
    ours, theirs = (
        decorate(lambda *args, ran=ran, **kwargs: ran.append((args, kwargs)) or len(ran))
        for decorate, ran in zip(both(maxsize, typed), ran, strict=True)
    )
    luck = random.Random(maxsize)
    for _ in range(400):
        args = tuple(luck.choice([0, 1, 1.0, True, "a", (1,), None]) for _ in range(luck.choice([0, 2])))
        kwargs = {"x": luck.choice([1, 1.0, "y"])} if luck.random() < 0.5 else {}
        assert ours(*args, **kwargs) == theirs(*args, **kwargs)
        assert tuple(ours.cache_info()) == tuple(theirs.cache_info())
    assert ran[0] == ran[1]
    assert ours.cache_info()._fields == theirs.cache_info()._fields
    ours.cache_clear()
    theirs.cache_clear()
    assert tuple(ours.cache_info()) == tuple(theirs.cache_info()) == (0, 0, maxsize, 0)
    assert theirs.cache_parameters().items() <= ours.cache_parameters().items()


def test_named_arguments_count_by_name():
    @policy_cache
    def both_named(a, b):
        return a, b

    assert both_named(a=1, b=2) == both_named(b=2, a=1) == (1, 2)
    assert both_named.cache_info().hits == 1


def test_it_looks_like_the_function():
    def function(x):
        """Doubles."""
        return 2 * x

    cached = policy_cache(maxsize=4, policy="clock")(function)
    assert (cached.__name__, cached.__doc__, cached.__wrapped__) == ("function", "Doubles.", function)
    assert cached.cache_parameters()["maxsize"] == 4
    assert repr(cached.cache_parameters()["policy"]) == "Clock()"
    assert cached(4) == 8
    assert list(cached.cache.values()) == [8]


def test_methods_are_kept_by_object():
    class Shop:
        def __init__(self, factor):
            self.factor, self.ran = factor, 0

        @policy_cache(maxsize=8, policy="fifo")
        def price(self, item):
            self.ran += 1
            return self.factor * item

        @staticmethod
        @policy_cache
        def tax(price):
            return price / 5

    one, two = Shop(1), Shop(2)
    assert [one.price(3), two.price(3), one.price(3), two.price(item=3)] == [3, 6, 3, 6]
    assert (one.ran, two.ran, Shop.price.cache_info().hits, Shop.tax(10)) == (1, 2, 1, 2.0)


def test_errors_are_passed_on_and_not_kept():
    ran = []

    @policy_cache(maxsize=2)
    def fails_once(x):
        ran.append(x)
        if len(ran) == 1:
            raise OSError("no network")
        return x

    with pytest.raises(OSError, match="no network"):
        fails_once(1)
    assert [fails_once(1), fails_once(1)] == [1, 1]
    assert tuple(fails_once.cache_info()) == (1, 2, 2, 1)
    with pytest.raises(TypeError, match="unhashable"):
        fails_once([])
    assert len(ran) == 2


def test_two_functions_of_one_decorator_share_nothing():
    decorate = policy_cache(maxsize=2, policy="random_eviction", seed=3)
    plus, minus = decorate(lambda x: x), decorate(lambda x: -x)
    assert [plus(1), minus(1), plus(1)] == [1, -1, 1]


def test_predictions_are_asked_by_arguments():
    asked = []

    def may_go(user, page="home"):
        asked.append((user, page))
        return int(page == "report")

    @policy_cache(maxsize=2, policy="mark0", predict=may_go)
    def render(user, page="home"):
        return f"{user}: {page}"

    assert render("a") == "a: home"
    assert render("a", page="report") == "a: report"
    assert asked == [("a", "home"), ("a", "report")]
    assert list(render.cache.values()) == ["a: home"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"maxsize": None}, "maxsize must be a whole number >= 1, got None"),
        ({"maxsize": 0}, "maxsize must be a whole number >= 1, got 0"),
        ({"typed": 1}, "typed must be true or false"),
        ({"policy": "mark0"}, "predict must be given"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        policy_cache(**arguments)


def test_what_is_no_function():
    with pytest.raises(TypeError, match="must be a function, got 3"):
        policy_cache(maxsize=4)(3)


@pytest.mark.parametrize("policy", ["lru", "marker"])
def test_threads_run_the_function_at_once_and_lose_nothing(policy):
    """Eight threads stand in the function together, which a lock held there would forbid; then they fight for a few."""
    gate = threading.Barrier(8, timeout=20)
    ran = []

    @policy_cache(maxsize=4, policy=policy, seed=1)
    def square(x):
        ran.append(x)
        if x >= 100:
            gate.wait()
        return x * x

    wrong = []

    def work(i):
        luck = random.Random(i)
        wrong.extend(x for x in [100 + i, *(luck.randrange(8) for _ in range(300))] if square(x) != x * x)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    info = square.cache_info()
    assert wrong == []
    assert (info.hits + info.misses, info.misses, info.currsize) == (8 * 301, len(ran), 4)


def test_two_threads_with_one_argument_keep_what_came_first():
    inside, go = threading.Event(), threading.Event()

    @policy_cache(maxsize=2)
    def slow(x):
        if not inside.is_set():
            inside.set()
            assert go.wait(20)
            return "late"
        return "early"

    found = []
    thread = threading.Thread(target=lambda: found.append(slow(1)))
    thread.start()
    assert inside.wait(20)
    assert slow(1) == "early"
    go.set()
    thread.join()
    assert found == ["late"]
    assert slow(1) == "early"
    assert (slow.cache.hits, slow.cache.misses) == (1, 1)
