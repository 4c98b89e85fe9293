"""Off-policy evaluation: what a policy would have earned, from a log of another one's decisions.

``evaluate`` compares policies on a log; ``estimate`` is one estimate of one policy; ``confidence_sequence`` follows the
log row by row. Estimators stand in ``weighting`` and ``modelled``, intervals in ``intervals`` and ``betting``, reward
models in ``models``, and whether the log can answer at all in ``overlap``.
"""
