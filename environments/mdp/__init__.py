"""Finite Markov decision processes: average reward, episodes, adversarial losses, hidden contexts."""

STEPS = {
    "Toggle": ("toggle", 20),
    "RiverSwim": ("riverswim", 20),
    "JumpRiverSwim": ("jump_riverswim", 20),
    "SixArms": ("sixarms", 20),
    "FourRooms": ("fourrooms", 50),
    "Garnet": ("garnet", 10),
    "DeepSea": ("deepsea", None),
    "Lock": ("lock", None),
}
"""Processes that gymnasium steps through, as ``regretlab/<name>-v0``: name of the model, steps of an episode."""
