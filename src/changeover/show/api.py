"""The HTTP API: the reference's four endpoints, the snapshot, its stream, Prometheus and the page.

FastAPI routes without its validation of parameters, because ours must name what is allowed
and refuse what is unknown or repeated; `parameters.py` reads and describes them instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from changeover.core.clock import Clock, SystemClock
from changeover.core.errors import Guard
from changeover.core.model import MetricQuery
from changeover.show.access import Access
from changeover.show.application import Application, Responses, describe, reference
from changeover.show.assets import PAGE, Asset, packaged_assets
from changeover.show.bodies import EMPTY_SCHEMA, LOGIN_SCHEMA, ORDER_SCHEMA
from changeover.show.callers import Caller, Callers
from changeover.show.changes import FLIPS, Changes
from changeover.show.controls import Controls
from changeover.show.desk import Desk
from changeover.show.gate import BARE, CALLER, STREAM, Gate
from changeover.show.parameters import (
    COMMAND,
    CURSOR,
    LIMIT,
    SINCE,
    TYPE,
    WINDOW,
    parse_type,
    read_query,
)
from changeover.show.problems import RefusedError, encode
from changeover.show.prometheus import CONTENT_TYPE
from changeover.show.readings import Readings
from changeover.show.schema import (
    CommandDetailView,
    DoneView,
    FlagsDetail,
    FlipsView,
    HealthView,
    MeView,
    ProblemView,
    ReadyView,
    RecordsView,
    SnapshotView,
    SummaryView,
    VerbsView,
)
from changeover.show.stream import Streams
from changeover.show.views import health_view, ready_view

_RECORDS = (SINCE, LIMIT, CURSOR)


def create_app(
    readings: Readings,
    *,
    controls: Controls | None = None,
    access: Access | None = None,
    clock: Clock | None = None,
    guard: Guard | None = None,
    dashboard: bool = True,
    share_s: float = 1.0,
    stream_every_s: float = 2.0,
    most_streams: int = 100,
) -> FastAPI:
    """The whole application, ready to be served or mounted; it needs no lifespan.

    Whoever mounts it calls `app.state.streams.stop()` before the host's server stops, or open
    streams hold that up.

    Args:
        readings: where everything is read from.
        controls: how people change something; without them the application only reads.
        access: who may read; by default everybody who can connect, under local names.
        clock: for `as_of`, ages, sharing and limits.
        guard: counts and logs what goes wrong here.
        dashboard: whether to serve the page.
        share_s: how long one reading of a window serves all who ask.
        stream_every_s: how often a stream looks for news.
        most_streams: streams at a time.
    """
    clock = clock or SystemClock()
    guard = guard or Guard(clock)
    access = access or Access()
    desk = Desk(readings, clock=clock, guard=guard, share_s=share_s)
    streams = Streams(desk.snapshot, guard=guard, every_s=stream_every_s, most=most_streams)
    callers = Callers(access, controls, clock)
    app = Application(needs_token=access.token is not None, has_logins=controls is not None)
    app.state.streams = streams
    app.add_middleware(Gate, access=access, callers=callers, guard=guard, controls=controls)
    _add_endpoints(app, _Endpoints(desk, streams, clock))
    if controls is not None:
        _add_changes(app, Changes(controls, access=access, callers=callers, clock=clock))
    if dashboard:
        _add_page(app, packaged_assets())
    return app


class _Endpoints:
    """One method for each address; every one answers with bytes that are already encoded."""

    def __init__(self, desk: Desk, streams: Streams, clock: Clock) -> None:
        self._desk = desk
        self._streams = streams
        self._clock = clock

    async def health(self, request: Request) -> Response:
        """Whether the bot's process is alive. 503 only when its event loop is blocked."""
        report = await self._desk.health()
        status = HTTPStatus.SERVICE_UNAVAILABLE if report.loop_blocked else HTTPStatus.OK
        if request.scope.get(BARE):
            return _json({"status": report.status.value}, status)
        read_query(request.scope["query_string"], ())
        return _json(health_view(report, self._clock.wall_ns()), status)

    async def ready(self, request: Request) -> Response:
        """Whether the bot does its work yet: logged in, commands registered."""
        read_query(request.scope["query_string"], ())
        report = await self._desk.health()
        status = HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _json(ready_view(report, self._clock.wall_ns()), status)

    async def features(self, request: Request) -> Response:
        """Every flag, on or off; share, source and age under the reserved key `_flags`."""
        read_query(request.scope["query_string"], ())
        return _json_bytes(await self._desk.features())

    async def commands(self, request: Request) -> Response:
        """The executions of a window by system and command, the resources, and the migration."""
        query = read_query(request.scope["query_string"], (WINDOW,))
        return _json_bytes(await self._desk.summary(query["window"].text))

    async def records(self, request: Request) -> Response:
        """Single records: the newest page first, ascending inside; `next` leads to older ones."""
        metric_type = parse_type(request.path_params["type"])
        query = read_query(request.scope["query_string"], _RECORDS)
        asked = MetricQuery(metric_type, query["since"], query["limit"], query["cursor"])
        return _json_bytes(await self._desk.records(asked))

    async def snapshot(self, request: Request) -> Response:
        """Everything the page shows, in one answer."""
        query = read_query(request.scope["query_string"], (WINDOW,))
        return _json_bytes((await self._desk.snapshot(query["window"].text)).body)

    async def command(self, request: Request) -> Response:
        """One command closely: both systems' durations, failures and steps, and what steers it."""
        query = read_query(request.scope["query_string"], (WINDOW,))
        return _json_bytes(await self._desk.command(request.path_params["name"], query["window"]))

    async def stream(self, request: Request) -> Response:
        """The snapshot as server-sent events: at once, then whenever it has changed."""
        query = read_query(request.scope["query_string"], (WINDOW,))
        caller: Caller = request.scope[CALLER]
        return _StreamResponse(self._streams, query["window"].text, caller)

    async def metrics(self, request: Request) -> Response:
        """The figures for Prometheus."""
        read_query(request.scope["query_string"], ())
        return Response(await self._desk.exposition(), headers={"content-type": CONTENT_TYPE})


class _StreamResponse(Response):
    """Hands the connection to the streams.

    Not Starlette's StreamingResponse: when a client goes while a piece is being sent, that one
    leaves the generator to the garbage collector, and the watcher would still be counted.
    """

    def __init__(self, streams: Streams, window: str, caller: Caller) -> None:
        super().__init__()
        self._streams = streams
        self._window = window
        self._caller = caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI
        is_welcome = self._caller.is_still_known  # a token may be revoked while it watches
        await self._streams.answer(self._window, receive, send, is_welcome=is_welcome)


def _add_endpoints(app: Application, endpoints: _Endpoints) -> None:
    add = app.add_endpoint
    add(
        "/health",
        endpoints.health,
        _ok(HealthView) | {503: describe(HealthView, "The bot's event loop is blocked.")},
    )
    add(
        "/health/ready",
        endpoints.ready,
        _ok(ReadyView) | {503: describe(ReadyView, "Not ready yet.")},
    )
    flags = {"anyOf": [{"type": "boolean"}, reference(FlagsDetail)]}
    features = {"type": "object", "additionalProperties": flags}
    add("/health/features", endpoints.features, _ok(features))
    add("/health/commands", endpoints.commands, _ok(SummaryView), (WINDOW,))
    add(
        "/health/metrics/{type}",
        endpoints.records,
        _ok(RecordsView) | {404: describe(ProblemView, "There are no records of this type.")},
        (TYPE, *_RECORDS),
    )
    add("/api/snapshot", endpoints.snapshot, _ok(SnapshotView), (WINDOW,))
    add(
        "/api/commands/{name:path}",
        endpoints.command,
        _ok(CommandDetailView) | {404: describe(ProblemView, "Nobody knows this command.")},
        (COMMAND, WINDOW),
    )
    add(STREAM, endpoints.stream, _text("text/event-stream", "Events named `snapshot`."), (WINDOW,))
    add("/metrics", endpoints.metrics, _text("text/plain", "The text format 0.0.4."))


def _add_changes(app: Application, changes: Changes) -> None:
    app.add_endpoint("/api/me", changes.me, _ok(MeView))
    app.add_endpoint("/api/orders", changes.verbs, _ok(VerbsView))
    app.add_endpoint("/api/flips", changes.flips, _ok(FlipsView), FLIPS)
    app.add_change(
        "/api/orders",
        changes.order,
        ORDER_SCHEMA,
        _ok(DoneView)
        | {
            404: describe(ProblemView, "There is no such verb."),
            409: describe(ProblemView, "Somebody else was first; it says what is there now."),
            422: describe(ProblemView, "Not possible as things are."),
        },
    )
    app.add_change("/api/login", changes.log_in, LOGIN_SCHEMA, _ok(MeView), is_open=True)
    app.add_change("/api/logout", changes.log_out, EMPTY_SCHEMA, _ok(MeView), is_open=True)


def _add_page(app: Application, assets: Mapping[str, Asset]) -> None:
    async def page(_: Request) -> Response:
        return _asset(assets, PAGE)

    async def asset(request: Request) -> Response:
        return _asset(assets, request.path_params["path"])

    for path in ("/", "/monitoring-dashboard.html"):
        app.add_route(path, page, methods=["GET"], include_in_schema=False)
    app.add_route("/static/{path:path}", asset, methods=["GET"], include_in_schema=False)


def _asset(assets: Mapping[str, Asset], path: str) -> Response:
    asset = assets.get(path)
    if asset is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, "not_found", "there is no such file")
    return Response(asset.body, headers={"content-type": asset.type})


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return _json_bytes(encode(value), status)


def _json_bytes(body: bytes, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(body, status_code=status, media_type="application/json")


def _ok(shape: type | dict[str, Any]) -> Responses:
    return {200: describe(shape, "As asked.")}


def _text(media_type: str, description: str) -> Responses:
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}}
