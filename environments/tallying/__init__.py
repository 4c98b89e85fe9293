"""Weighted tallying bandits: the loss of an action depends on how often it was played in the last ``m`` rounds.

Source: D. Malik, C. Igoe, Y. Li, A. Singh, *Weighted Tallying Bandits: Overcoming Intractability via Repeated Exposure
Optimality*, ICML 2023 (arXiv 2305.02955). Setting, regret and orders are those of its abstract; the body was not at
hand, so that losses, certificates, comparators and constants here are reconstructions, derived in this project.
"""
