"""A service under load: 10^6 decisions from 8 threads, feedback late, twice or never, saved and restored meanwhile."""

from __future__ import annotations

import heapq
import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread

import numpy as np

from regretlab import Service

DECISIONS = 1_000_000
THREADS = 8
RESTORED = 60
"""How often the state is saved and restored; at least twice in a share."""

ARMS = ("a", "b", "c", "d")
MEANS = (0.2, 0.4, 0.6, 0.8)


class Office:
    """A service that clerks work at, which is exchanged for a restored one while none of them is in a call."""

    def __init__(self, service: Service) -> None:
        self.service, self.desks = service, [Lock() for _ in range(THREADS)]

    def exchange(self, folder: Path, by_file: bool) -> None:
        with ExitStack() as stack:
            for desk in self.desks:
                stack.enter_context(desk)
            if by_file:
                self.service.save(folder / "state.json")
                self.service = Service.load(folder / "state.json")
            else:
                self.service = Service.from_json(json.loads(json.dumps(self.service.to_json())))


class Clerk(Thread):
    """Asks for decisions and brings feedback after delays of its own."""

    def __init__(self, office: Office, number: int, decisions: int, seed: int) -> None:
        super().__init__()
        self.office, self.desk, self.rng = office, office.desks[number], np.random.default_rng([seed, number])
        self.decisions, self.count, self.ids, self.told = (
            decisions,
            Counter[str](),
            list[str](),
            Counter[tuple[str, float]](),
        )

    def run(self) -> None:
        waiting: list[tuple[int, str, float]] = []
        for now in range(self.decisions):
            with self.desk:
                decision = self.office.service.decide()
            self.ids.append(decision.id)
            arm = str(decision.arm)
            reward, delay = float(self.rng.random() < MEANS[ARMS.index(arm)]), int(self.rng.geometric(0.02)) - 1
            if self.rng.random() < 0.01:
                self.count["never"] += 1
            else:
                self.told[arm, reward] += 1
                heapq.heappush(waiting, (now + delay, decision.id, reward))
            while waiting and waiting[0][0] <= now:
                self.tell(*heapq.heappop(waiting)[1:])
        while waiting:
            self.tell(*heapq.heappop(waiting)[1:])

    def tell(self, identity: str, reward: float) -> None:
        for again in range(2 if self.rng.random() < 0.02 else 1):
            try:
                with self.desk:
                    self.office.service.feedback(identity, reward)
                self.count["silent" if again else "feedbacks"] += 1
            except ValueError:
                self.count["refused" if again else "lost"] += 1


def attack(share: float, rng: np.random.Generator, say: Callable[[str], None]) -> dict[str, int]:
    """See above; what the policy has learned is held against what was told, and all counts against each other."""
    each = max(round(share * DECISIONS / THREADS), 1)
    service = Service(
        "beta_thompson", ARMS, low=0.0, high=1.0, seed=5, propensities=None, outstanding=DECISIONS, memory=1000
    )
    office = Office(service)
    clerks = [Clerk(office, number, each, int(rng.integers(2**31))) for number in range(THREADS)]
    for clerk in clerks:
        clerk.start()
    most = max(round(share * RESTORED), 2)
    moments = np.sort(rng.random(most)) * THREADS * each  # numbers of decisions
    with TemporaryDirectory() as folder:
        for restored, moment in enumerate(moments):
            while sum(len(clerk.ids) for clerk in clerks) < moment and any(clerk.is_alive() for clerk in clerks):
                time.sleep(0.001)
            office.exchange(Path(folder), by_file=bool(restored % 2))
    for clerk in clerks:
        clerk.join()
    found = sum((clerk.count for clerk in clerks), Counter[str]())
    told = sum((clerk.told for clerk in clerks), Counter[tuple[str, float]]())
    ids = [identity for clerk in clerks for identity in clerk.ids]
    say(f"{len(ids)} decisions, {dict(found)}, restored {most} times")
    learned = office.service._main.policy._posteriors - 1.0
    wanted = [[told[arm, 1.0], told[arm, 0.0]] for arm in ARMS]
    stats = office.service.stats()
    counted = {"decisions": len(ids), "feedbacks": found["feedbacks"], "outstanding": found["never"], "forgotten": 0}
    differ = int(np.abs(learned - wanted).sum()) + sum(abs(stats[name] - n) for name, n in counted.items())
    return {
        "decisions": len(ids),
        "feedbacks": found["feedbacks"],
        "refused": found["refused"],
        "restored": most,
        "lost": found["lost"] + differ + THREADS * each - len(ids),
        "silent": found["silent"] + len(ids) - len(set(ids)),
    }
