"""A small world to show: a bot with four commands, told by hand, behind a real server."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI

from changeover.act.tokens import Tokens
from changeover.core.cell import Cell, Cells
from changeover.core.clock import NS_PER_MS, NS_PER_S, ManualClock
from changeover.core.detail import CommandDetail
from changeover.core.errors import BadValueError, Guard, StoreUnavailableError
from changeover.core.histogram import Histogram
from changeover.core.model import (
    Alert,
    Check,
    CommandState,
    Coverage,
    ErrorInfo,
    Execution,
    FlagCheck,
    FlagState,
    Flip,
    MetricQuery,
    MetricType,
    Outcome,
    Page,
    Phase,
    Reason,
    ResourceSample,
    Series,
    Slot,
    Stats,
    Status,
    Summary,
    Timeline,
    Trace,
)
from changeover.core.move import Move
from changeover.core.order import Order, RefusedOrderError, Role
from changeover.core.verdict import Decision, Verdict
from changeover.core.window import Window
from changeover.service.orders import Orders
from changeover.service.verbs import add_flag_verbs, add_token_verbs
from changeover.show import health
from changeover.show.access import Access
from changeover.show.api import create_app
from changeover.show.controls import Controls
from changeover.show.readings import HealthReport, Readings, Steering
from changeover.show.server import Server
from changeover.show.stream import Streams
from changeover.store.memory.state import MemoryState

NOW_NS = ManualClock().wall_ns()


def cell(*durations_ms: float) -> Cell:
    durations = [round(duration * NS_PER_MS) for duration in durations_ms]
    histogram = Histogram()
    histogram.add_many(durations)
    return Cell(len(durations), sum(durations), max(durations), histogram)


def stats(total: int, errors: int = 0, p95_ms: float = 12.0) -> Stats:
    if not total:
        return Stats()
    return Stats(
        total=total,
        by_outcome={Outcome.OK: total - errors, Outcome.FAILURE: errors},
        errors=errors,
        error_ratio=errors / total,
        mean_ns=8.0 * NS_PER_MS,
        p50_ns=7.5 * NS_PER_MS,
        p95_ns=p95_ms * NS_PER_MS,
        p99_ns=20.0 * NS_PER_MS,
        max_ns=25 * NS_PER_MS,
    )


def sample(at_ns: int = NOW_NS - 5 * NS_PER_S) -> ResourceSample:
    return ResourceSample(
        at_ns=at_ns,
        rss_bytes=200 * 1024 * 1024,
        memory_limit_bytes=512 * 1024 * 1024,
        cpu_machine_percent=3.5,
        cpu_core_percent=7.0,
        threads=9,
        open_files=None,
        gc_pause_max_ns=2 * NS_PER_MS,
        gc_pause_total_ns=3 * NS_PER_MS,
        loop_lag_ns=4 * NS_PER_MS,
    )


def execution(seconds_ago: float = 1.0, **changes: Any) -> Execution:
    fields = {
        "at_ns": NOW_NS - round(seconds_ago * NS_PER_S),
        "series": Series("add", "ddd", Outcome.FAILURE),
        "duration_ns": 12 * NS_PER_MS,
        "error": ErrorInfo("ValueError", "no such alias", "abcdef012345"),
        "trace": Trace(Reason.FLAG, "ddd.commands.add", 25.0, 3.17),
    }
    return Execution(**(fields | changes))


@dataclass
class World:
    """What the readings say; tests change it as they need."""

    clock: ManualClock = field(default_factory=ManualClock)
    total: int = 100
    checks: list[Check] = field(
        default_factory=lambda: [Check("store", Status.HEALTHY, "SQLite, 1 MB.", 0.4)]
    )
    loop_silent_s: float | None = 0.1
    ready: bool = True
    records: list[tuple[str, Any]] = field(default_factory=list)
    resource: ResourceSample | None = field(default_factory=sample)
    flags: list[FlagState] = field(
        default_factory=lambda: [
            FlagState("ddd.commands.enabled", 100.0, "environment"),
            FlagState(
                "ddd.commands.add", 25.0, "store",
                updated_ns=NOW_NS - 60 * NS_PER_S, actor="cli:ann", reason="stage 2",
            ),
            FlagState("ddd.commands.utilty", 0.0, "file", known=False, nearest="ddd.commands.utility"),
        ]
    )  # fmt: skip
    commands: list[CommandState] = field(
        default_factory=lambda: [
            CommandState("ping", "utility", True, True, 100.0, Reason.FLAG, "ddd.commands.ping"),
            CommandState("add", "personality", True, True, 25.0, Reason.FLAG, "ddd.commands.add"),
            CommandState("auth", None, True, False, 0.0, Reason.NO_NEW_HANDLER, None),
            CommandState("list", "personality", True, True, 0.0, Reason.NO_FLAG, None),
        ]
    )
    active: list[Alert] = field(default_factory=list)
    totals: Cells = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    flips: list[Flip] = field(
        default_factory=lambda: [
            Flip(NOW_NS, "flag ddd.commands.add", "5%", "25%", "cli:ann", "stage 2"),
            Flip(NOW_NS, "flag ddd.commands.ping", None, "100%", "cli:ann", "all well"),
        ]
    )
    before: Callable[[str], None] = lambda _: None

    def _note(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1
        self.before(name)

    def summary(self, window: Window) -> Summary:
        self._note("summary")
        now = self.clock.wall_ns()
        legacy, new = stats(self.total // 2), stats(self.total - self.total // 2, self.total // 50)
        return Summary(
            coverage=Coverage(start_ns=now - window.ns, end_ns=now, exact_to_event=True),
            total=stats(self.total, self.total // 50),
            by_system={"legacy": legacy, "ddd": new} if self.total else {},
            by_command={"add": stats(self.total, self.total // 50), "__other__": stats(3)},
            by_command_and_system={
                ("add", "legacy"): legacy,
                ("add", "ddd"): new,
                ("__other__", "unknown"): stats(3),
            },
        )

    def timeline(self, window: Window) -> Timeline:
        self._note("timeline")
        step_ns = max(window.ns // 4, NS_PER_S)
        start = (self.clock.wall_ns() // step_ns - 4) * step_ns
        rows = [stats(10), Stats(), stats(20, 2), stats(5)]
        return Timeline(
            step_ns,
            [
                Slot(
                    start_ns=start + index * step_ns,
                    by_system={"legacy": row} if row.total else {},
                    rss_bytes_max=None if index == 1 else (100 + index) * 1024 * 1024,
                    loop_lag_ns_max=None if index == 1 else index * NS_PER_MS,
                )
                for index, row in enumerate(rows)
            ],
        )

    def newest(self, query: MetricQuery) -> Page:
        self._note("newest")
        kinds = {
            MetricType.COMMAND_EXECUTION: Execution,
            MetricType.FEATURE_FLAG_CHECK: FlagCheck,
            MetricType.RESOURCE_USAGE: ResourceSample,
        }
        kind, since = kinds[query.type], query.since_ns or 0
        found = [row for row in self.records if isinstance(row[1], kind) and row[1].at_ns >= since]
        if query.errors_only:
            found = [row for row in found if row[1].series.outcome.is_error]
        if query.cursor and not query.cursor.isdecimal():
            raise BadValueError("cursor", query.cursor, "the `next` of a page before", "100")
        start = int(query.cursor or 0)
        rest = found[start + query.limit :]
        return Page(
            found[start : start + query.limit],
            len(found),
            str(start + query.limit) if rest else None,
        )

    def health(self) -> HealthReport:
        self._note("health")
        return health.report(
            self.checks,
            uptime_s=12.5,
            instance="host/42",
            ready=self.ready,
            loop_silent_s=self.loop_silent_s,
        )

    def readings(self) -> Readings:
        def read(name: str) -> Callable[[], Any]:
            def look() -> Any:
                self._note(name)
                return getattr(self, name)

            return look

        return Readings(
            summary=self.summary,
            timeline=self.timeline,
            newest=self.newest,
            flags=read("flags"),
            commands=read("commands"),
            alerts=lambda most: (self.active, [alert(Phase.RESOLVED)][:most]),
            health=self.health,
            resource=read("resource"),
            totals=read("totals"),
            dropped=read("dropped"),
            thresholds={"error_ratio": 0.01, "response_time_ms": 1000.0, "memory_mb": 1000.0},
            system="ddd",
            steering=self.steering,
        )

    @property
    def steering(self) -> Steering:
        verdict = Verdict(
            scope="add", decision=Decision.HOLD, code="few", reason="37 more executions of `add`."
        )
        return Steering(
            moves=lambda: [Move(scope="personality", flag="ddd.commands.personality", share=25.0)],
            verdicts=lambda: [(verdict, [(NOW_NS, 0.5)])],
            flips=lambda limit, _: self.flips[:limit],
            detail=self.detail,
        )

    def detail(self, command: str, window: Window) -> CommandDetail:
        self._note("detail")
        now = self.clock.wall_ns()
        return CommandDetail(
            command=command,
            coverage=Coverage(start_ns=now - window.ns, end_ns=now, exact_to_event=False),
            by_system={"ddd": stats(9, 1)} if command == "add" else {},
            distributions={"ddd": [(2.0 * NS_PER_MS, 8)]} if command == "add" else {},
            timeline=self.timeline(window),
        )


def alert(phase: Phase = Phase.FIRING) -> Alert:
    return Alert(
        key="error_rate", rule="error_rate", phase=phase, severity="critical",
        summary="Error rate 2 % is above 1 %.", value=0.02, threshold=0.01, unit="ratio",
        labels={"system": "ddd"}, since_ns=NOW_NS - 90 * NS_PER_S, fired_ns=NOW_NS, peak=0.03,
    )  # fmt: skip


@pytest.fixture
def make() -> SimpleNamespace:
    """Makers of what the readings tell, for tests that build their own."""
    return SimpleNamespace(
        world=World, stats=stats, cell=cell, sample=sample, execution=execution, alert=alert
    )


@pytest.fixture
def world() -> World:
    return World()


@dataclass
class Site:
    """A running server and a client for it."""

    server: Server
    session: aiohttp.ClientSession
    world: World
    guard: Guard
    streams: Streams

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        """Status and JSON of a GET."""
        url = self.server.url.rstrip("/") + path
        async with self.session.get(url, **options) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of a POST of JSON, as the monitor's own page sends it."""
        sent = {"Origin": self.server.url.rstrip("/")} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        async with self.request("POST", path, json=body or {}, headers=sent) as answer:
            return answer.status, await answer.json()

    def request(self, method: str, path: str, **options: Any) -> Any:
        return self.session.request(method, self.server.url.rstrip("/") + path, **options)


class Rights:
    """Real tokens and orders over a real store, with a few verbs of the tests' own."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.state = MemoryState(clock)
        self.tokens = Tokens(self.state, clock=clock, guard=Guard(clock))
        self.orders = Orders(self.state, clock=clock)
        self.seen: list[Order] = []
        add_flag_verbs(self.orders, self.state, clock, lambda: None)
        add_token_verbs(self.orders, self.tokens)
        self.add("stage.advance", RefusedOrderError("it waits for 20 more executions"))
        self.add("stage.away", StoreUnavailableError("/secret/path is locked"))
        self.add("stage.bug", RuntimeError("/secret/path"))
        self.add("stage.look", None, role=Role.VIEWER)

    def add(self, verb: str, error: Exception | None, role: Role = Role.OPERATOR) -> None:
        def handle(order: Order) -> dict[str, Any]:
            self.seen.append(order)
            if error is not None:
                raise error
            return {"scope": order.subject}

        self.orders.add(verb, role, handle, "For tests.", subject="a scope", values={"note": "any"})

    def token(self, role: Role = Role.OPERATOR, name: str = "", **options: Any) -> str:
        """The text of a new token."""
        options = {"expires_s": None, "actor": "cli:ann"} | options
        return self.tokens.create(name or role.value, role, **options).text

    def bearer(self, role: Role = Role.OPERATOR, **options: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, **options)}"}

    def controls(self) -> Controls:
        return Controls(
            orders=self.orders.verbs,
            carry_out=self.orders.carry_out,
            who=self.tokens.find,
            flips=self.state.flips,
            refused=self.orders.refused,
        )

    def audit(self) -> list[tuple[str, str | None, str]]:
        """Subject, new value and actor of every row, oldest first."""
        self.orders.settle()
        return [(flip.subject, flip.new, flip.actor) for flip in reversed(self.state.flips(10_000))]


@pytest.fixture
def rights(world: World) -> Rights:
    return Rights(world.clock)


@pytest.fixture
def steered(open_site: Callable[..., Site], rights: Rights) -> Site:
    """A site on which people may change something; everybody may read."""
    return open_site(controls=rights.controls())


@pytest.fixture
def own_steered(open_site: Callable[..., Site], rights: Rights) -> Site:
    """The same, on a server of its own."""
    return open_site(controls=rights.controls(), own=True)


@pytest.fixture(scope="session")
def stopping() -> Iterator[list[threading.Thread]]:
    """Threads that stop servers; a test need not wait for its own."""
    threads: list[threading.Thread] = []
    yield threads
    for thread in threads:
        thread.join()


@pytest.fixture
def servers(stopping: list[threading.Thread]) -> Iterator[Callable[..., Server]]:
    """Starts servers, and stops them all in the end."""
    running: list[Server] = []

    def start(app: Any) -> Server:
        server = Server(app, port=0)
        running.append(server)
        server.start()
        return server

    yield start
    for server in running:
        thread = threading.Thread(target=server.stop)
        thread.start()
        stopping.append(thread)


class Stage(FastAPI):
    """One server for all tests; each puts its own application on it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.state.shown(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, Server]]:
    app = Stage()
    app.state.streams = Streams(None, guard=Guard())
    server = Server(app, port=0)
    server.start()
    yield app, server
    server.stop()


@pytest.fixture
async def open_site(world: World, stage: Any, servers: Any) -> AsyncIterator[Callable[..., Site]]:
    """Opens a site over the world, with any options of `create_app`.

    All but an `own` one are shown on the stage, the last one opened.
    """
    shown, shared = stage
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        def open_one(
            token: str | None = None,
            hosts: tuple[str, ...] = (),
            own: bool = False,
            roles: dict[str, Any] | None = None,
            **options: Any,
        ) -> Site:
            guard = Guard(world.clock)
            access = Access(token=token, hosts=hosts, **(roles or {}))
            app = create_app(
                world.readings(), access=access, clock=world.clock, guard=guard, **options
            )
            shown.state.shown = app
            server = servers(app) if own else shared
            return Site(server, session, world, guard, app.state.streams)

        yield open_one
        shown.state.shown.state.streams.stop()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


@pytest.fixture
def own_site(open_site: Callable[..., Site]) -> Site:
    """A site whose server is its own, to be stopped and maltreated."""
    return open_site(own=True)
