"""Tables of numbers that a problem says, of states and actions: rewards, losses, laws, features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.arguments import floats, shown
from bandits.frozen import Frozen
from bandits.mdp.model import SLACK


class Table(Frozen):
    """Numbers of states and actions that nobody can change: rewards, losses, a start law, features.

    Args:
        values: nested lists or an array of any shape, copied.

    Raises:
        ValueError: no numbers, or one that is not finite.

    Example:
        >>> Table([[0, 1], [0.5, 0.25]]).array[1]
        array([0.5 , 0.25])
        >>> Table([1.0]) == Table([1]), Table([1.0]) == Table([[1.0]])
        (True, False)
    """

    def __init__(self, values: ArrayLike) -> None:
        found = floats("a table must hold finite numbers", values)
        if not np.isfinite(found).all():
            place = np.argwhere(~np.isfinite(found))[0].tolist()
            raise ValueError(f"a table must hold finite numbers, got {float(found[tuple(place)])} at {place}")
        super().__init__(found)


def checked_table(name: str, values: Any) -> Table:
    """Finite numbers as a table.

    Raises:
        ValueError: no numbers, or one that is not finite.
    """
    if isinstance(values, Table):
        return values
    try:
        return Table(values)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def checked_law(name: str, values: Any, size: int) -> Table:
    """A probability law [size] as a table, divided by its sum.

    Raises:
        ValueError: another shape, a negative entry, or a sum that is not 1 within 1e-9.
    """
    law = checked_table(name, values).array
    if law.shape != (size,) or (law < 0.0).any() or abs(math.fsum(law) - 1.0) > SLACK:
        raise ValueError(f"{name} must be {size} probabilities, >= 0, whose sum is 1, got {shown(law.tolist())}")
    total = math.fsum(law)
    return Table(law if total == 1.0 else law / total)


def checked_rewards(name: str, values: Any, shapes: tuple[tuple[int, ...], ...]) -> Table:
    """Mean rewards in [0, 1] as a table of one of the shapes.

    Raises:
        ValueError: another shape, or an entry outside [0, 1]: where.
    """
    table = checked_table(name, values)
    if table.array.shape not in shapes:
        wanted = " or ".join(str(list(shape)) for shape in shapes)
        raise ValueError(f"{name} must have the shape {wanted}, got {list(table.array.shape)}")
    outside = ~((table.array >= 0.0) & (table.array <= 1.0))
    if outside.any():
        place = np.argwhere(outside)[0].tolist()
        raise ValueError(
            f"{name} must lie in [0, 1], got {float(table.array[tuple(place)])} at {place}, of which "
            "the last two are state and action: shift and scale all rewards, regret scales with them"
        )
    return table
