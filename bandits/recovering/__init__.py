"""Policies for arms whose rewards drop when pulled and recover with idle time, up to ``K`` of ``N`` pulled a period.

Source: D. Simchi-Levi, Z. Zheng, F. Zhu, *Dynamic Planning and Learning under Recovering Rewards*, ICML 2021 (journal
title: *Offline Planning and Online Learning under Recovering Rewards*, arXiv 2106.14813). Its abstract states: purely
periodic policies, an offline ratio ``1 - O(1 / sqrt K)``, an online regret of about ``N sqrt T`` against the offline
benchmark. The body was not at hand: planners, schedules, algorithms and constants here are a reconstruction with these
guarantees, derived in this project.
"""
