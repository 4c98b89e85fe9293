"""Recovering rewards: arms whose mean reward drops when they are pulled and recovers with idle time.

Source: D. Simchi-Levi, Z. Zheng, F. Zhu, *Dynamic Planning and Learning under Recovering Rewards*, ICML 2021 (journal
title: *Offline Planning and Online Learning under Recovering Rewards*, arXiv 2106.14813). Setting, orders and the kind
of policy are those of its abstract; the body was not at hand: the initial state, the bounds' constants and the
comparators here are a reconstruction, derived in this project.
"""
