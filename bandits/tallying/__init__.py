"""Policies for arms whose losses depend on recent plays: they play each action in long runs.

Source of the setting: D. Malik, C. Igoe, Y. Li, A. Singh, *Weighted Tallying Bandits: Overcoming Intractability via
Repeated Exposure Optimality*, ICML 2023 (arXiv 2305.02955). Its abstract states the orders; algorithm and constants
here are a reconstruction, derived in this project.
"""
