"""A bot's processes on one store and one manual clock, and a judge that says what it is told."""

from __future__ import annotations

from collections import Counter

import pytest

from changeover.act.board import Teller
from changeover.act.brakes import Brakes, StopFile
from changeover.act.pending import PENDING_FILE, Pending
from changeover.act.plan import Criteria, Plan, Proof, ScopePlan
from changeover.act.rollout import Rollout
from changeover.act.taking_back import Facts
from changeover.core.clock import ManualClock
from changeover.core.errors import Guard, StoreUnavailableError
from changeover.core.move import Mode
from changeover.core.verdict import EVERYTHING, Arm, Decision, Evidence, Verdict
from changeover.route.flags import FeatureFlags
from changeover.route.router import Router
from changeover.route.sources import StateFlags, set_flag
from changeover.store.memory import MemoryState

COMMANDS = {"ping": "utility", "help": "utility", "auth": "authentication"}
HOUR, DAY = 3_600, 86_400


def scope(name, **changes):
    return ScopePlan(**{"name": name, "mode": Mode.AUTO, "min_time_s": HOUR} | changes)


PLAN = Plan(scopes=(scope("utility"), scope("authentication", after=("utility",))), cooldown_s=DAY)


class Flaky:
    """A store that can be away altogether, or full."""

    def __init__(self, state):
        self.state = state
        self.away = self.full = False
        self.before_commit = None  # called once, as another process would come in between

    def _reach(self, *, writes=False):
        if self.away or (writes and self.full):
            raise StoreUnavailableError("away")

    def read(self, kind):
        self._reach()
        return self.state.read(kind)

    def commit(self, puts, flips=()):
        self._reach(writes=True)
        meanwhile, self.before_commit = self.before_commit, None
        if meanwhile:
            meanwhile()
        self.state.commit(puts, flips)

    def flips(self, limit=100, subject=None):
        self._reach()
        return self.state.flips(limit, subject)

    def revision(self):
        self._reach()
        return self.state.revision()

    def lease(self, name, holder, ttl_s):
        self._reach(writes=True)
        return self.state.lease(name, holder, ttl_s)

    def close(self):
        self.state.close()


class Process:
    """One process of the bot: its own flags, its own brakes, the store of all."""

    def __init__(self, world, folder):
        self.world = world
        self.folder = folder
        self.state = world.state
        clock, guard = world.clock, world.guard
        self.brakes = Brakes(clock)
        self.stop_file = StopFile(folder, "ddd")
        self.flags = FeatureFlags(
            [StateFlags(self.state)],
            brakes=(self.stop_file, self.brakes),
            clock=clock,
            guard=guard,
        )
        self.router = Router(self.flags)
        for command, category in world.commands.items():
            self.router.register(command, category=category, has_new=True)
        self.flags.refresh()
        self.rollout = Rollout(
            self.state,
            world.plan,
            clock=clock,
            system="ddd",
            guard=guard,
            brakes=self.brakes,
            stop_file=self.stop_file,
            pending=Pending(folder / PENDING_FILE, guard=guard),
            facts=lambda: Facts(commands=self.router.registered(), shares=self.flags.shares),
            apply=self.flags.brake,
            teller=Teller(channels=("pager",), instance="host/1"),
        )

    def tick(self, verdicts, *, leads=True):
        self.flags.refresh()
        return self.rollout.step(verdicts, leads=leads)

    def share(self, command):
        """Percent of people whose call of a command goes to the new system in this process."""
        return next(s.share for s in self.router.states() if s.command == command)


class World:
    """The processes, and what the judge says."""

    def __init__(self, folder, plan=PLAN, commands=COMMANDS):
        self.clock = ManualClock()
        self.guard = Guard(self.clock)
        self.state = Flaky(MemoryState(self.clock))
        self.folder = folder
        self.plan = plan
        self.commands = dict(commands)
        self.verdicts = {}
        self.executions = Counter()
        self.processes = []
        for gate in ("enabled", "integration"):
            self.set_flag(f"ddd.commands.{gate}", 100)
        self.start()

    def set_flag(self, name, share):
        set_flag(self.state.state, name, share, actor="cli:ada", reason="by hand", clock=self.clock)

    def start(self, folder=None):
        self.processes.append(Process(self, folder or self.folder))
        return self.processes[-1]

    def restart(self):
        """`kill -9` of all; one starts anew."""
        self.processes.clear()
        return self.start()

    @property
    def bot(self):
        return self.processes[0]

    def say(self, decision, *scopes, new=1_000, errors=0, **changes):
        """The judge's verdict of some scopes, by default of all; counts grow with every word."""
        for name in scopes or (*self.commands, EVERYTHING):
            self.executions[name] += new
            self.verdicts[name] = Verdict(
                scope=name,
                decision=Decision(decision),
                code="said",
                reason=f"said {decision} of {name}",
                at_ns=self.clock.wall_ns(),
                legacy=changes.get("legacy", Arm(executions=1_000)),
                new=Arm(executions=self.executions[name], errors=errors),
                rollback=Evidence(name="rollback", value=400.0, threshold=200.0),
                concerns=changes.get("concerns", ()),
                missing=changes.get("missing"),
            )

    def tick(self, seconds=0.5):
        self.clock.advance(seconds)
        for number, process in enumerate(self.processes):
            process.tick(self.verdicts, leads=number == 0)

    def hours(self, count, decision="promote", **said):
        """So many hours with traffic, judged as good or bad; each with a few looks."""
        for _ in range(count):
            if decision:
                self.say(decision, **said)
            for _ in range(3):
                self.tick(HOUR / 3)

    def move(self, name):
        return next(m for m in self.bot.rollout.moves() if m.scope == name)

    def flips(self, name):
        """The flips of a scope's flag, the oldest first."""
        return list(reversed(self.state.state.flips(10_000, f"flag ddd.commands.{name}")))

    def owed(self, rule=None):
        documents = self.state.state.read("outbox").values()
        told = [(d.value["alert"]["rule"], d.value["event"]) for d in documents]
        return [one for one in told if rule in (None, one[0])]


@pytest.fixture
def make_world(tmp_path):
    def make(folder="data", **options):
        return World(tmp_path / folder, **options)

    return make


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def plan_of():
    """A plan with one scope, `utility`, and changes to it."""

    def make(**changes):
        whole = {name: changes.pop(name) for name in ("cooldown_s", "retries") if name in changes}
        proof = changes.pop("proof", Proof.POOLED)
        changes.setdefault("criteria", Criteria(proof=proof))
        return Plan(scopes=(scope("utility", **changes),), **whole)

    return make
