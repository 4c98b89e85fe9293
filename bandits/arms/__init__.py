"""Policies for arms: choose one of ``n_actions`` arms a round and see its reward, or every arm's."""

from bandits.family import Family

FAMILY = Family(
    name="arms",
    title="Arms whose rewards do not depend on the plays: stochastic, piecewise-stationary, adversarial",
    problem=(
        "bandits.arms.problem:ActionsProblem",
        "bandits.arms.problem:BanditProblem",
        "bandits.arms.problem:FullFeedbackProblem",
    ),
    examples="environments.arms.examples:examples",
    policies={
        "uniform": "bandits.arms.uniform:Uniform",
        "fixed_action": "bandits.arms.fixed_action:FixedAction",
        "explore_then_commit": "bandits.arms.explore_then_commit:ExploreThenCommit",
        "epsilon_greedy": "bandits.arms.epsilon_greedy:EpsilonGreedy",
        "successive_elimination": "bandits.arms.successive_elimination:SuccessiveElimination",
        "ucb1": "bandits.arms.ucb1:UCB1",
        "ucb_v": "bandits.arms.ucb_v:UCBV",
        "ucb_tuned": "bandits.arms.ucb_tuned:UCBTuned",
        "moss": "bandits.arms.moss:MOSS",
        "anytime_moss": "bandits.arms.anytime_moss:AnytimeMOSS",
        "kl_ucb": "bandits.arms.kl_ucb:KLUCB",
        "discounted_ucb": "bandits.arms.discounted_ucb:DiscountedUCB",
        "sliding_window_ucb": "bandits.arms.sliding_window_ucb:SlidingWindowUCB",
        "beta_thompson": "bandits.arms.beta_thompson:BetaThompson",
        "gaussian_thompson": "bandits.arms.gaussian_thompson:GaussianThompson",
        "exp3": "bandits.arms.exp3:Exp3",
        "exp3_ix": "bandits.arms.exp3_ix:Exp3IX",
        "tsallis_inf": "bandits.arms.tsallis_inf:TsallisINF",
        "hedge": "bandits.arms.hedge:Hedge",
        "ftpl": "bandits.arms.ftpl:FTPL",
    },
    environments={
        "bernoulli": "environments.arms.bernoulli:BernoulliArms",
        "gaussian": "environments.arms.gaussian:GaussianArms",
        "piecewise": "environments.arms.piecewise:PiecewiseArms",
        "adversarial": "environments.arms.adversarial:AdversarialArms",
    },
    components=("environments.arms.priors:PRIORS", "environments.arms.tables:GENERATORS"),
    marks={
        "piecewise": "environments.arms.marks:piecewise",
        "adversarial": "environments.arms.marks:adversarial",
    },
    variants={
        "fixed_action": ({"arm": 0},),
        "gaussian_thompson": ({}, {"prior_deviation": 0.8}),
        "exp3": ({}, {"gamma": 0.3}),
        "exp3_ix": ({}, {"eta": "anytime"}, {"eta": 0.2}),
        "tsallis_inf": (
            {},
            {"step": "theory"},
            {"step": "theory_opt"},
            {"scale": "running_mean"},
            {"scale": 0.5, "on_exceed": "clip"},
            {"estimator": "rv"},
        ),
        "hedge": ({}, {"eta": "anytime"}, {"eta": 0.2}),
        "ftpl": ({}, {"eta": 0.2}),
    },
)
