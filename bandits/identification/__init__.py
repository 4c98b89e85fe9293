"""Policies that sample arms for an answer: which arm is best, which ``m`` are, which lie above a threshold.

Seed papers: J.-Y. Audibert, S. Bubeck, R. Munos, COLT 2010; A. Garivier, E. Kaufmann, COLT 2016 (arXiv 1602.04589);
E. Kaufmann, W. Koolen, JMLR 2021 (arXiv 1811.11419); A. Locatelli, M. Gutzeit, A. Carpentier, ICML 2016; M. Jourdan et
al., NeurIPS 2022 (2206.05979) and 2023 (2210.05431); P.-A. Wang, R.-C. Tzeng, A. Proutiere, NeurIPS 2021. Of some their
abstracts were at hand, their bodies were not: theorem numbers, constants and setups are as remembered, and what rests
on "derived" was derived in this project.
"""

from bandits.family import Family

FAMILY = Family(
    name="identification",
    title="Arms that are sampled for an answer: the best, the m best, those above a threshold",
    problem="bandits.identification.problem:IdentificationProblem",
    examples="environments.identification.examples:examples",
    policies={
        "uniform_sampling": "bandits.identification.uniform_sampling:UniformSampling",
        "successive_rejects": "bandits.identification.successive_rejects:SuccessiveRejects",
        "sequential_halving": "bandits.identification.sequential_halving:SequentialHalving",
        "ucb_e": "bandits.identification.ucb_e:UCBE",
        "action_elimination": "bandits.identification.action_elimination:ActionElimination",
        "racing": "bandits.identification.racing:Racing",
        "lucb": "bandits.identification.lucb:LUCB",
        "kl_lucb": "bandits.identification.kl_lucb:KLLUCB",
        "ugape": "bandits.identification.ugape:UGapE",
        "lil_ucb": "bandits.identification.lil_ucb:LilUCB",
        "track_and_stop": "bandits.identification.track_and_stop:TrackAndStop",
        "top_two": "bandits.identification.top_two:TopTwo",
        "frank_wolfe": "bandits.identification.frank_wolfe:FrankWolfe",
        "identify": "bandits.identification.identify:Identify",
        "apt": "bandits.identification.apt:APT",
    },
    environments={"identification": "environments.identification.environment:Identification"},
    parts={"identification": "environments.identification.parts:arms"},
    variants={
        "uniform_sampling": ({}, {"threshold": "heuristic"}),
        "sequential_halving": ({}, {"reuse": True}, {"doubling": True}),
        "ucb_e": ({"a": 5.0}, {"h1": 20.0}, {"h1": 20.0, "a": "theory"}),
        "racing": ({}, {"threshold": "heuristic"}),
        "lucb": ({}, {"epsilon": 0.1}),
        "kl_lucb": ({}, {"rate": "paper"}),
        "lil_ucb": ({}, {"constants": "heuristic"}),
        "track_and_stop": ({}, {"tracking": "C", "threshold": "heuristic"}),
        "top_two": ({}, *({"rule": rule} for rule in ("ttts", "ttei", "eb_tc", "tt_ucb")), {"threshold": "heuristic"}),
        "identify": ({}, {"policy": "epsilon_greedy", "answer": "most_pulled"}),
        "apt": ({}, {"epsilon": 0.0}),
    },
)
