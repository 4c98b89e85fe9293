"""Adapters: policies of this project in other people's programs, and theirs in ours. One module per program.

| module | other side | extra |
| --- | --- | --- |
| `regretlab.adapters.coba` | coba: learners, and environments both ways | `simulators` |
| `regretlab.adapters.river` | river: bandit policies and their evaluation, both ways | `simulators` |
| `regretlab.adapters.arms` | named arms with `fit`, `partial_fit`, `predict`, `predict_expectations` | none |
| `regretlab.adapters.gymnasium` | gymnasium: the agent's loop, vector environments included | none |
| `regretlab.adapters.games` | simulators with `startGame`, `choice` and `getReward` | none |
| `regretlab.adapters.libcachesim` | libCacheSim: eviction policies as its plug-ins | `caches` |
| `regretlab.adapters.baselines` | stable-baselines3: its agents in our environments, and as policies | `agents` |

Each is imported by its own name; where the other package is missing, the import says which extra brings it
(`pip install 'regretlab[simulators]'`). This package itself imports nothing. What the modules share stands in `seat`
(rounds in turn, names of arms), `players` and `columns`.
"""
