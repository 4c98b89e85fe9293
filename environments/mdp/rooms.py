"""Four rooms with doors between them, and a goal that pays and sends one back to the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandits.arguments import real
from bandits.mdp.model import Model
from environments.mdp.models import MDP, Tables, first_state

MAP = """\
#############
#     #     #
#     #     #
#           #
#     #     #
#     #     #
## ####     #
#     ### ###
#     #     #
#     #     #
#           #
#     #     #
#############"""
"""Walls and cells, from memory of the usual map."""
START, GOAL = (1, 1), (11, 11)
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""North, east, south, west."""


@dataclass(frozen=True)
class FourRooms(MDP):
    """A map of 104 cells in four rooms; actions go north, east, south, west, and into a wall is to stay.

    States are the cells row by row; the first is in the upper left corner. In the goal, in the lower right one, every
    action pays 1 and leads back to the start.

    Args:
        slip: probability of another direction, each as likely, in [0, 1].

    Raises:
        ValueError: a number out of its domain.
    """

    slip: float = 0.1

    def __post_init__(self) -> None:
        real("slip", self.slip, 0.0, 1.0, closed="both")

    def tables(self) -> Tables:
        lines = MAP.splitlines()
        cells = [(y, x) for y, line in enumerate(lines) for x, mark in enumerate(line) if mark == " "]
        number = {cell: state for state, cell in enumerate(cells)}
        table, rewards = np.zeros((len(cells), 4, len(cells))), np.zeros((len(cells), 4))
        for (y, x), state in number.items():
            for action in range(4):
                for way, (down, right) in enumerate(MOVES):
                    share = 1.0 - self.slip if way == action else self.slip / 3.0
                    table[state, action, number.get((y + down, x + right), state)] += share
        table[number[GOAL]] = 0.0
        table[number[GOAL], :, number[START]] = 1.0
        rewards[number[GOAL]] = 1.0
        return Tables(Model(table), rewards, first_state(len(cells), number[START]))
