"""Online portfolios: wealth is split over assets, or over strategies, and judged against the best constant mix.

Seed paper: D. K. Lam, *Ensembling Portfolio Strategies for Long-Term Investments: A Distribution-Free Preference
Framework for Decision-Making and Algorithms*, 2024 (arXiv 2406.03652). Its abstract and list of sections were at hand,
its body was not: what is named after it is a reconstruction. Nothing here is advice to invest.
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
    },
    environments={
        "log_normal": "environments.portfolio.log_normal:LogNormalMarket",
        "regimes": "environments.portfolio.log_normal:RegimesMarket",
        "alternation": "environments.portfolio.alternation:Alternation",
        "wave": "environments.portfolio.wave:WaveMarket",
        "table": "environments.portfolio.table:TableMarket",
    },
    variants={
        "universal": (
            {},
            {"prior": "half"},
            {"method": "sampled", "samples": 200},
            {"samples": 100, "vertices": True},
            {"lattice": 4},
        ),
        "power": ({"kappa": 0.5}, {"kappa": 2.0, "method": "sampled", "samples": 200}),
        "growing": ({"samples": 200}, {"prior": "half", "samples": 100}),
        "nested": ({}, {"prior": "half", "method": "sampled", "samples": 100}),
    },
)
