"""Policies whose index of an arm changes only when it is played: golden sequences, decisions, mean regrets, bounds."""

import pytest
from arms_runs import sequence

from bandits.arms.bayes_ucb import BayesUCB
from bandits.arms.kl_ucb_h import KLUCBH
from bandits.arms.kl_ucb_plus import KLUCBPlus
from bandits.arms.kl_ucb_pp import KLUCBPP
from bandits.arms.kl_ucb_switch import KLUCBSwitch
from bandits.arms.ucb_horizon import UCBHorizon

GOLDEN = {
    UCBHorizon: "012120012121021201212200210210210222222122002001120120120122",
    KLUCBH: "012121220020011012222222222222012222222222222222222001101222",
    KLUCBPP: "012121220020011012222200112200112012012222001122001101121222",
    KLUCBSwitch: "012111222220011012222222210222112110122122222222222222222222",
    KLUCBPlus: "012121220020011012222222222222012222222222222222220122222222",
    BayesUCB: "012121222220001222222222222222222012222222222222222222222222",
}
POLICIES = [UCBHorizon(), KLUCBH(), KLUCBPP(), KLUCBSwitch(), KLUCBSwitch(empirical=True), KLUCBPlus(), BayesUCB()]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_golden_sequence(policy):
    assert sequence(policy) == GOLDEN[type(policy)]
