"""Policies for finite Markov decision processes: average reward, episodes, adversarial losses, hidden contexts.

Seed papers: J. He, H. Zhong, Z. Yang, *Sample-efficient Learning of Infinite-horizon Average-reward MDPs with General
Function Approximation*, ICLR 2024 (arXiv 2404.12648); Y. Dai, H. Luo, C.-Y. Wei, J. Zimmert, *Refined Regret for
Adversarial MDPs with Linear Function Approximation*, ICML 2023 (arXiv 2301.12942); R. Zhou, R. Wang, S. Du,
*Horizon-Free and Variance-Dependent Reinforcement Learning for Latent Markov Decision Processes*, ICML 2023 (arXiv
2210.11604). Their abstracts were at hand, their bodies were not: what is named after them is a reconstruction, and
constants are derived in this project.
"""

from bandits.family import Family

STEPS = {
    "Toggle": ("toggle", 20),
    "RiverSwim": ("riverswim", 20),
    "JumpRiverSwim": ("jump_riverswim", 20),
    "JAO": ("jao", 50),
    "SixArms": ("sixarms", 20),
    "FourRooms": ("fourrooms", 50),
    "Garnet": ("garnet", 10),
    "DeepSea": ("deepsea", None),
    "Lock": ("lock", None),
}
"""Processes that gymnasium steps through: their models, and steps of an episode, None for the model's own number."""

FAMILY = Family(
    name="mdp",
    title="Finite Markov decision processes: average reward, episodes, adversarial losses, hidden contexts",
    problem=(
        "bandits.mdp.problem:AverageRewardProblem",
        "bandits.mdp.problem:EpisodicProblem",
        "bandits.mdp.problem:BanditLossProblem",
        "bandits.mdp.problem:FullLossProblem",
        "bandits.mdp.problem:LatentProblem",
    ),
    examples="environments.mdp.examples:examples",
    # One block a mode, so that each grows by itself: average reward, episodes, losses, contexts.
    policies={
        "ucrl2": "bandits.mdp.ucrl2:UCRL2",
        "ucrl2b": "bandits.mdp.ucrl2b:UCRL2B",
        "kl_ucrl": "bandits.mdp.kl_ucrl:KLUCRL",
        "loop": "bandits.mdp.loop:LOOP",
        "optimistic_q": "bandits.mdp.optimistic_q:OptimisticQ",
        "psrl": "bandits.mdp.psrl:PSRL",
        "differential_q": "bandits.mdp.differential_q:DifferentialQ",
        "uniform_actions": "bandits.mdp.uniform_actions:UniformActions",
        "fixed_policy": "bandits.mdp.fixed_policy:FixedPolicy",
        "ucbvi": "bandits.mdp.ucbvi:UCBVI",
        "mvp": "bandits.mdp.mvp:MVP",
        "ucb_h": "bandits.mdp.ucb_h:UCBH",
        "episodic_psrl": "bandits.mdp.episodic_psrl:EpisodicPSRL",
        "episodic_q": "bandits.mdp.episodic_q:EpisodicQ",
        "uniform_policy": "bandits.mdp.uniform_policy:UniformPolicy",
        "o_reps": "bandits.mdp.o_reps:OREPS",
        "uob_reps": "bandits.mdp.uob_reps:UOBREPS",
        "log_barrier_po": "bandits.mdp.log_barrier_po:LogBarrierPO",
        "reduced_po": "bandits.mdp.reduced_po:ReducedPO",
        "exp_weights_po": "bandits.mdp.exp_weights_po:ExpWeightsPO",
        "follow_leader": "bandits.mdp.follow_leader:FollowLeader",
        "latent_optimism": "bandits.mdp.latent_optimism:LatentOptimism",
        "latent_greedy": "bandits.mdp.latent_greedy:LatentGreedy",
        "latent_blind": "bandits.mdp.latent_blind:LatentBlind",
    },
    environments={
        "average_mdp": "environments.mdp.average:AverageMDP",
        "episodic_mdp": "environments.mdp.episodic:EpisodicMDP",
        "adversarial_mdp": "environments.mdp.adversarial:AdversarialMDP",
        "latent_mdp": "environments.mdp.latent:LatentMDP",
    },
    tools={"played_episodes": "environments.mdp.played:PlayedEpisodes"},
    components=(
        "environments.mdp.models:MODELS",
        "environments.mdp.losses:LOSSES",
        "environments.mdp.mixtures:MIXTURES",
    ),
    gymnasium={
        name: ("environments.mdp.steps:MDPSteps", {"model": model, "n_stages": n_stages})
        for name, (model, n_stages) in STEPS.items()
    },
    variants={
        "ucrl2": ({}, {"delta": 0.1, "bonus_scale": 0.3}),
        "ucrl2b": ({}, {"bonus_scale": 0.1}),
        "kl_ucrl": ({}, {"radius": "original"}, {"bonus_scale": 0.1}),
        "loop": ({}, {"bonus_scale": 0.1}),
        "optimistic_q": ({}, {"preset": "authors"}, {"span": 3.0, "bonus_scale": 0.05}),
        "psrl": ({}, {"epochs": "doubling"}, {"alpha": 0.05}),
        "differential_q": ({}, {"epsilon": 0.5}),
        "ucbvi": ({}, {"bonus_scale": 0.01}, {"bonus": "bernstein", "bonus_scale": 0.01, "clip": "horizon"}),
        "mvp": ({}, {"bonus_scale": 0.002, "delta": 0.1}),
        "ucb_h": ({}, {"bonus_scale": 0.05}),
        "episodic_q": ({}, {"epsilon": 0.5}),
        "o_reps": ({}, {"eta": 0.2, "eta_scale": 2.0}),
        "uob_reps": ({}, {"bonus_scale": 0.1, "eta_scale": 3.0}),
        "log_barrier_po": ({}, {"eta_scale": 5.0, "bonus_scale": 0.02, "mixing": 0.1}),
        "reduced_po": ({}, {"eta": 0.1, "beta": 0.0, "draws": 80}),
        "exp_weights_po": ({}, {"gamma": 0.2, "eta_scale": 10.0}),
        "latent_optimism": ({}, {"constants": "scaled"}, {"c1": 0.3, "c2": 0.0, "delta": 0.1}),
        "latent_blind": ({}, {"bonus": "bernstein", "bonus_scale": 0.01}),
    },
)
