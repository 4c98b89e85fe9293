"""A study with an experiment of every family gives the same bytes in one process, two, in shards and on a cluster."""

import json

import pytest

import experiments
from bandits.registry import POLICIES
from experiments.run.merge import merge
from experiments.run.runner import run
from experiments.study.config import parse_study

pytestmark = pytest.mark.slow

STUDY = """\
name: families
seed: 11
batch: 2
checkpoints: 12
horizon: 400
replicates: 4
experiments:
  - name: arms
    environment: {name: bernoulli, parameters: {means: [0.2, 0.5, 0.8]}}
    policies: [ucb1, kl_ucb, beta_thompson, exp3, tsallis_inf, clairvoyant]
  - name: adversarial
    environment:
      name: adversarial
      parameters: {source: {name: bursts, parameters: {period: 50, length: 10}}, n_arms: 3}
    policies: [exp3_ix]
  - name: delayed
    environment:
      name: delayed
      parameters:
        environment: {name: bernoulli, parameters: {means: [0.3, 0.7]}}
        delay: {name: geometric, parameters: {mean: 5}}
    policies:
      - {name: qpm_d, parameters: {policy: ucb1}}
      - {name: bold, parameters: {policy: tsallis_inf}}
  - name: solvers
    horizon: 100
    environment: {name: sor, parameters: {shifts: low_variance, spectral_points: 7}}
    policies:
      - {name: cheb_cb, parameters: {interval: [-0.15, 0.65]}}
      - {name: tsallis_inf_cb, parameters: {interval: [-0.15, 0.65]}}
      - lin_ts
      - {name: tsallis_inf, parameters: {scale: running_mean}}
  - name: paging
    environment:
      name: paging
      parameters:
        cache_size: 10
        sequence: {name: zipf, parameters: {N: 100, a: 0.8}}
        predictions: {name: flip, parameters: {kind: discard, p: 0.05}}
    policies: [flush_when_all_zeros, mark0, marker, lru]
  - name: groups
    environment: {name: synthetic_groups, parameters: {label: min, order: shuffled}}
    policies:
      - {name: groupwise, parameters: {clip: [0.0, 1.0]}}
      - {name: global_learner, parameters: {clip: [0.0, 1.0]}}
  - name: paths
    environment: {name: grouped_paths, parameters: {size: 3, instance_seed: 3}}
    policies: [groupwise_ftpl]
  - name: stream
    horizon: 100000
    environment: {name: stream, parameters: {means: clear_cut, n_arms: 16, memory: 3}}
    policies: [uniform_exploration, tuned_etc, eps_best_single, tower_logstar]
  - name: tallying
    environment:
      name: tallying
      parameters:
        weights: [1.0, 0.5, 0.25]
        losses:
          - {name: practice, parameters: {a: 0.9, b: 0.1}}
          - {name: practice, parameters: {a: 0.45, b: 0.4}}
    policies: [{name: repeated_exposure_elimination, parameters: {memory: 3}}, batched_exp3]
  - name: recovering
    environment:
      name: recovering
      parameters: {plays: 1, curves: {name: geometric, parameters: {a: [1.0, 0.8], q: [0.5, 0.7], recovery: 4}}}
    policies: [ppp_ucb, greedy_ucb, random_pulls]
  - name: linear
    environment:
      name: misspecified_linear
      parameters:
        actions: {name: sphere, parameters: {n_actions: 8, dimension: 3}}
        nu: random_signs
    policies: [oful, linear_ts, ucb1]
  - name: changing
    environment: {name: changing_linear, parameters: {actions: {name: drift, parameters: {n_actions: 4, dimension: 2}}}}
    policies: [linear_ids, linear_epsilon_greedy]
  - name: turning
    environment: {name: adversarial_linear, parameters: {thetas: stochastic}}
    policies: [exp2, log_barrier_ftrl]
  - name: life
    environment: {name: average_mdp, parameters: {model: riverswim, noise: bernoulli}}
    policies: [kl_ucrl, psrl, differential_q]
  - name: episodes
    environment: {name: episodic_mdp, parameters: {model: {name: deepsea, parameters: {N: 4, slip: 0.1}}}}
    policies: [ucbvi, episodic_psrl, uniform_policy]
  - name: losses
    environment: {name: adversarial_mdp, parameters: {source: aggregated}}
    policies: [o_reps, reduced_po]
  - name: contexts
    environment: {name: latent_mdp, parameters: {mixture: treasure}}
    policies: [latent_optimism, latent_greedy, latent_blind]
  - name: answers
    environment: {name: identification, parameters: {means: [0.9, 0.1], family: bernoulli, delta: 0.1}}
    policies: [track_and_stop, top_two, lucb]
  - name: log
    environment: {name: synthetic_log, parameters: {logging: uniform}}
    policies:
      - {name: off_policy, parameters: {policy: ucb1}}
      - {name: replay, parameters: {policy: lin_ucb}}
      - fixed_target
  - name: stocks
    environment: {name: log_normal, parameters: {n_assets: 3}}
    policies:
      - {name: universal, parameters: {samples: 100}}
      - online_newton_step
      - {name: ensemble, parameters: {components: [olmar, buy_and_hold]}}
  - name: race
    environment: {name: race, parameters: {law: nml, n_assets: 3}}
    policies: [log_barrier]
"""


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "jobs").iterdir()}


@pytest.fixture(scope="module")
def study():
    return parse_study(STUDY)


@pytest.fixture(scope="module")
def alone(study, tmp_path_factory):
    """The folder of an undisturbed run in this process."""
    folder = tmp_path_factory.mktemp("alone")
    assert [d.error for d in run(study, folder, jobs=1).failed] == []
    return folder


def test_no_family_is_left_out(study):
    """Of every folder of policies, at least one plays; a new family is a reason to add an experiment above."""
    played = {
        POLICIES.load(p.name).__module__.split(".")[1] for experiment in study.experiments for p in experiment.policies
    }
    ours = {POLICIES.load(name).__module__ for name in POLICIES}
    assert played == {module.split(".")[1] for module in ours if module.startswith("bandits.")}


def test_results_are_there(study, alone):
    results = experiments.load(alone)
    for name, experiment in results.experiments.items():
        assert experiment.missing == (), name
        assert len(experiment.replicates) == 4
        assert list(experiment.series) == [
            p.title for p in study.all_experiments()[list(results.experiments).index(name)].policies
        ]


def test_two_processes(study, alone, tmp_path):
    run(study, tmp_path, jobs=2)
    assert contents(tmp_path) == contents(alone)


def test_shards_with_other_jobs(study, alone, tmp_path):
    folders = [tmp_path / f"{i}" for i in (1, 2, 3)]
    for i, folder in enumerate(folders, 1):
        run(study, folder, jobs=2 if i == 2 else 1, shard=(i, 3))
    assert merge(folders, tmp_path / "all") == []
    assert contents(tmp_path / "all") == contents(alone)
    assert json.loads((tmp_path / "all/manifest.json").read_bytes()) == json.loads(
        (alone / "manifest.json").read_bytes()
    )


def test_a_cluster(study, alone, tmp_path):
    pytest.importorskip("distributed")
    assert not run(study, tmp_path, cluster="local:2").failed
    assert contents(tmp_path) == contents(alone)
