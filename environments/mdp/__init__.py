"""Finite Markov decision processes: average reward, episodes, adversarial losses, hidden contexts."""
