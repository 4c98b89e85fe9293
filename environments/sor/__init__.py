"""Successive over-relaxation (SOR): tuning the relaxation parameter of a linear solver over a sequence of systems.

Source: M. Khodak, E. Chow, M.-F. Balcan, A. Talwalkar, *Learning to Relax: Setting Solver Parameters Across a Sequence
of Linear System Instances*, ICLR 2024 (arXiv 2310.02246v2); "the paper" in this folder. SOR is here because its cost
depends on the parameter in a way that theory describes, not because it is a good solver: multigrid beats it on large
problems.

In docstrings, [paper] marks what the paper states, [code] what its authors' published code does where the paper is
silent or differs, and [derived] what was worked out and checked numerically for this project.
"""
