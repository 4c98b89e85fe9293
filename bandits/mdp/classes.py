"""Which states of a finite Markov decision process lead to which, over all actions together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.kernels import kernel
from bandits.mdp.model import Ints, Model


def components(model: Model) -> Ints:
    """The strongly connected component [n_states] of each state, where all actions may be taken."""
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(_graph(model), directed=True, connection="strong")
    found: Ints = np.asarray(labels, dtype=np.int64)
    return found


def closed_classes(model: Model) -> tuple[Ints, Ints]:
    """Components [n_states] of the states, and those of them that no action leaves, of which there is at least one."""
    labels = components(model)
    origin, target = _edges(model)
    shut = np.ones(labels.max() + 1, dtype=np.bool_)
    shut[labels[origin[labels[origin] != labels[target]]]] = False
    return labels, np.flatnonzero(shut)


def chain_of(model: Model, policy: Ints) -> Model:
    """The model [n_states, 1, n_states] that is left where a policy [n_states] is played; ``model`` of one stage."""
    rows = np.arange(model.n_states) * model.n_actions + policy
    sizes = model.starts[rows + 1] - model.starts[rows]
    entries = np.repeat(model.starts[rows] - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return Model.sparse(starts, model.states[entries], model.probabilities[entries], model.n_states, 1)


def towards(model: Model, target: int) -> Ints:
    """In each state an action [n_states] that may enter a state nearer to ``target``, in steps along edges."""
    return _towards(model.starts, model.states, model.n_states, model.n_actions, target)


def reachable(model: Model, start: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each state [n_states] can be entered from one that ``start`` [n_states] makes possible."""
    seen = np.asarray(start) > 0.0
    origin, target = _edges(model)
    fresh = seen
    while fresh.any():
        entered = np.zeros(model.n_states, dtype=np.bool_)
        entered[target[fresh[origin]]] = True
        fresh = entered & ~seen
        seen = seen | fresh
    return seen


def entered(model: Model, start: NDArray[Any], n_stages: int) -> NDArray[np.bool_]:
    """Whether each state [n_states] can be visited in an episode of ``n_stages`` steps, the last state not counted."""
    size = model.n_states * model.n_actions
    seen = now = np.asarray(start) > 0.0
    for stage in range(n_stages - 1):
        first = stage * size if model.n_stages > 1 else 0
        starts = model.starts[first : first + size + 1]
        origin = np.repeat(np.arange(size) // model.n_actions, np.diff(starts))
        following = np.zeros(model.n_states, dtype=np.bool_)
        following[model.states[starts[0] : starts[-1]][now[origin]]] = True
        if model.n_stages == 1 and not (following & ~seen).any() and (following == now).all():
            break
        seen, now = seen | following, following
    return seen


def within(model: Model, kept: NDArray[np.bool_]) -> Model:
    """The model of those states alone, renumbered in order, which no action leaves."""
    rows = np.flatnonzero(np.repeat(kept, model.n_actions))
    entries = np.repeat(kept, model.n_actions)[np.repeat(np.arange(model.n_rows), np.diff(model.starts))]
    starts = np.concatenate([[0], np.cumsum(np.diff(model.starts)[rows])])
    number = np.cumsum(kept) - 1
    states, n = number[model.states[entries]], int(np.count_nonzero(kept))
    return Model.sparse(starts, states, model.probabilities[entries], n, model.n_actions)


def check_weakly_communicating(model: Model, start: NDArray[Any]) -> None:
    """See that there is one closed class, outside of which no policy can stay: then the gain is the same everywhere.

    Args:
        model: of one stage.
        start: [n_states] law of the first state; what cannot be reached from there does not count.

    Raises:
        ValueError: it is not so; two states are named of which one cannot be reached from the other.
    """
    seen = reachable(model, start)
    labels, closed = closed_classes(model)
    closed = closed[np.isin(closed, labels[seen])]
    inside = labels == closed[0]
    if len(closed) > 1:
        first, second = sorted(np.unique(labels, return_index=True)[1][closed].tolist())[:2]
        raise ValueError(
            f"the process must be weakly communicating: states {first} and {second} cannot reach each other, so that "
            "the reward in the long run depends on where one begins"
        )
    # A state that every action may leave is dropped, time and again; what remains can hold a policy for ever.
    staying = seen & ~inside
    row = np.repeat(np.arange(model.n_rows), np.diff(model.starts))
    while staying.any():
        leaves = np.zeros(model.n_rows, dtype=np.bool_)
        leaves[row[~staying[model.states]]] = True
        left = staying & leaves.reshape(model.n_states, model.n_actions).all(axis=1)
        if not left.any():
            raise ValueError(
                f"the process must be weakly communicating: state {int(np.argmax(inside))} cannot reach state "
                f"{int(np.argmax(staying))}, where a policy can stay for ever, so that the reward in the long run "
                "depends on where one begins"
            )
        staying &= ~left


def _edges(model: Model) -> tuple[Ints, Ints]:
    """States and the states that follow them, [n_entries] each."""
    rows = np.repeat(np.arange(model.n_rows), np.diff(model.starts))
    return rows // model.n_actions % model.n_states, model.states


def _graph(model: Model) -> Any:
    from scipy.sparse import csr_array

    origin, target = _edges(model)
    shape = (model.n_states, model.n_states)
    return csr_array((np.ones(len(origin)), (origin, target)), shape=shape)


@kernel
def _towards(starts: Ints, states: Ints, n_states: int, n_actions: int, target: int) -> Ints:
    policy = np.zeros(n_states, dtype=np.int64)
    near = np.zeros(n_states, dtype=np.bool_)
    near[target] = True
    more = True
    while more:
        more = False
        before = near.copy()
        for s in range(n_states):
            if not before[s]:
                for a in range(n_actions):
                    row = s * n_actions + a
                    for entry in range(starts[row], starts[row + 1]):
                        if before[states[entry]] and not near[s]:
                            near[s], policy[s], more = True, a, True
    return policy
