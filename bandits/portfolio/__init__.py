"""Online portfolios: wealth is split over assets, or over strategies, and judged against the best constant mix.

Seed paper: D. K. Lam, *Ensembling Portfolio Strategies for Long-Term Investments: A Distribution-Free Preference
Framework for Decision-Making and Algorithms*, 2024 (arXiv 2406.03652). Its abstract and list of sections were at hand,
its body was not: what is named after it is a reconstruction.
"""

from bandits.family import Family

FAMILY = Family(
    name="portfolio",
    title="Wealth split over assets or strategies, in every round anew",
    problem="bandits.portfolio.problem:PortfolioProblem",
    examples="environments.portfolio.examples:examples",
    policies={
        "uniform_mix": "bandits.portfolio.uniform_mix:UniformMix",
        "universal": "bandits.portfolio.universal:Universal",
        "power": "bandits.portfolio.power:Power",
        "growing": "bandits.portfolio.growing:Growing",
        "nested": "bandits.portfolio.nested:Nested",
        "fixed_mix": "bandits.portfolio.fixed_mix:FixedMix",
        "buy_and_hold": "bandits.portfolio.buy_and_hold:BuyAndHold",
        "follow_the_leader": "bandits.portfolio.follow_the_leader:FollowTheLeader",
        "leader_mix": "bandits.portfolio.leader_mix:LeaderMix",
        "olmar": "bandits.portfolio.olmar:OLMAR",
        "anticor": "bandits.portfolio.anticor:Anticor",
        "ensemble": "bandits.portfolio.ensemble:Ensemble",
        "exponentiated_gradient": "bandits.portfolio.exponentiated_gradient:ExponentiatedGradient",
        "online_newton_step": "bandits.portfolio.online_newton_step:OnlineNewtonStep",
        "soft_bayes": "bandits.portfolio.soft_bayes:SoftBayes",
        "log_barrier": "bandits.portfolio.log_barrier:LogBarrier",
    },
    environments={
        "log_normal": "environments.portfolio.log_normal:LogNormalMarket",
        "regimes": "environments.portfolio.log_normal:RegimesMarket",
        "alternation": "environments.portfolio.alternation:Alternation",
        "wave": "environments.portfolio.wave:WaveMarket",
        "table": "environments.portfolio.table:TableMarket",
        "portfolio_ensemble": "environments.portfolio.ensemble:PortfolioEnsemble",
        "race": "environments.portfolio.race:Race",
        "betting": "environments.portfolio.betting:Betting",
        "prices": "environments.portfolio.prices:Prices",
    },
    variants={
        "fixed_mix": ({"weights": [0.5, 0.5]}, {"weights": [0.5, 0.0, 0.5]}, {"weights": [1.0]}),
        "buy_and_hold": ({}, {"weights": [0.25, 0.75]}, {"weights": [0.5, 0.0, 0.5]}),
        "olmar": ({}, {"window": 2, "epsilon": 2.0}),
        "anticor": ({}, {"window": 2}),
        "ensemble": (
            {"components": ["buy_and_hold", "anticor"]},
            {
                "components": [
                    "follow_the_leader",
                    {"name": "ensemble", "parameters": {"components": ["olmar"], "combiner": "uniform_mix"}},
                ],
                "combiner": {"name": "olmar", "parameters": {"window": 3}},
            },
        ),
        "universal": ({}, {"prior": "half", "samples": 100, "vertices": True}),
        "power": ({"kappa": 0.5, "samples": 200},),
        "growing": ({"prior": "half", "samples": 100},),
        "nested": ({},),
        "exponentiated_gradient": ({}, {"rate": "tuned", "rho": 2.0}),
        "online_newton_step": ({}, {"variant": "regret", "rho": 2.0}),
    },
)
