"""FastAPI as we want it: no CDN, no telemetry of the host's, and an OpenAPI that tells the truth."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Never

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

from changeover.show.health import installed_version
from changeover.show.parameters import Parameter
from changeover.show.problems import RefusedError
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

Endpoint = Callable[..., Awaitable[Response]]
Responses = dict[int | str, dict[str, Any]]

SHAPES: tuple[Any, ...] = (
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
_REFERENCE = "#/components/schemas/{model}"
_REFUSALS = {
    400: "A parameter is wrong, unknown or repeated.",
    403: "The host name is not one of ours, or another site's page asked.",
    413: "The request has a body.",
    431: "The headers are too large.",
    503: "The store cannot answer now, or too many ask.",
}
_WAYS: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "Any user name."},
}
_LOGIN: dict[str, Any] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "changeover_session_3001",
        "description": "Set by /api/login; it ends with the port that is listened on.",
    }
}
_TOKEN_REFUSALS = {401: "The token is missing or wrong.", 429: "Too many wrong tokens."}
_CHANGE_REFUSALS = _TOKEN_REFUSALS | {
    403: "Another site's page asked, or the role is too small.",
    408: "The body does not come.",
    413: "The body is too large.",
    415: "The body is not JSON.",
}


class Application(FastAPI):
    """An application whose endpoints answer with ready responses.

    Args:
        needs_token: whether readers must present a token, for the schema.
        has_logins: whether a login will do as well.
    """

    def __init__(self, *, needs_token: bool, has_logins: bool = False) -> None:
        super().__init__(
            title="Changeover",
            summary="What a bot's two command systems do, side by side.",
            version=installed_version(),
            docs_url=None,  # its page loads scripts from a CDN
            redoc_url=None,
            redirect_slashes=False,
            generate_unique_id_function=_name_of,
            **without_telemetry(FastAPI),
        )
        self._needs_token = needs_token
        self._has_logins = has_logins
        self._methods: dict[str, list[str]] = {}
        self.add_exception_handler(HTTPException, _refuse)

    def openapi(self) -> dict[str, Any]:
        """The schema; with the token's two ways where one is needed.

        The shapes are worked out when somebody asks: FastAPI's own `model=` would do it at
        every start, for some 50 ms and a megabyte or two.
        """
        schema = super().openapi()
        _, shapes = TypeAdapter.json_schemas(
            [(shape, "serialization", TypeAdapter(shape)) for shape in SHAPES],
            ref_template=_REFERENCE,
        )
        schema.setdefault("components", {})["schemas"] = shapes["$defs"]
        ways = _WAYS | (_LOGIN if self._has_logins else {})
        if self._needs_token or self._has_logins:
            schema["components"]["securitySchemes"] = ways
        if self._needs_token:
            schema["security"] = [{way: []} for way in ways]
            schema["paths"]["/health"]["get"]["security"] = [{}, *schema["security"]]
        return schema

    def allowed(self, path: str) -> str:
        """The methods of a path, for the `Allow` header."""
        methods = self._methods.get(path, ["GET"])
        return ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])

    def add_endpoint(
        self,
        path: str,
        endpoint: Endpoint,
        responses: Responses,
        parameters: Sequence[Parameter] = (),
    ) -> None:
        """Serve a GET and describe it; `responses` win over the refusals that all share."""
        shared = _REFUSALS | (_TOKEN_REFUSALS if self._needs_token else {})
        told = {"parameters": [parameter.openapi() for parameter in parameters]}
        self._add("GET", path, endpoint, _refusals(shared) | responses, told)

    def add_change(
        self,
        path: str,
        endpoint: Endpoint,
        body: Mapping[str, Any],
        responses: Responses,
        *,
        is_open: bool = False,
    ) -> None:
        """Serve a POST of JSON and describe it; `is_open` to those who present nothing as well."""
        content = {"application/json": {"schema": dict(body)}}
        told: dict[str, Any] = {"requestBody": {"required": True, "content": content}}
        ways: list[dict[str, list[str]]] = [{way: []} for way in _WAYS | _LOGIN]
        told["security"] = [{}, *ways] if is_open else ways
        self._add("POST", path, endpoint, _refusals(_REFUSALS | _CHANGE_REFUSALS) | responses, told)

    def _add(
        self,
        method: str,
        path: str,
        endpoint: Endpoint,
        responses: Responses,
        told: dict[str, Any],
    ) -> None:
        self._methods.setdefault(path, []).append(method)
        self.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_class=Response,
            response_model=None,
            responses=responses,
            openapi_extra=told,
        )


def _refusals(shared: Mapping[int, str]) -> Responses:
    return {status: describe(ProblemView, text) for status, text in shared.items()}


def reference(shape: type) -> dict[str, Any]:
    """Where the schema describes one of `SHAPES`."""
    return {"$ref": _REFERENCE.format(model=shape.__name__)}


def describe(shape: type | dict[str, Any], text: str) -> dict[str, Any]:
    """One JSON response for OpenAPI: one of `SHAPES`, or a schema, and what it means."""
    schema = shape if isinstance(shape, dict) else reference(shape)
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def without_telemetry(framework: Callable[..., Any]) -> dict[str, Any]:
    """The arguments that keep FastAPI from recording into the host's OpenTelemetry providers.

    It does so by itself from 0.143 on; before, it does not know the argument. Source:
    `fastapi.telemetry.TelemetryConfig`.
    """
    if "telemetry" not in inspect.signature(framework).parameters:
        return {}
    kinds = ("tracing", "metrics", "logs", "operation_spans", "auto_configure")
    return {"telemetry": dict.fromkeys(kinds, False)}


def _name_of(route: APIRoute) -> str:
    return route.name


def _refuse(request: Request, error: Exception) -> Never:
    """What the router itself refuses (404, 405), in the shape of all our refusals."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if "allow" in headers:
        route = request.scope.get("route")
        headers["allow"] = request.app.allowed(getattr(route, "path", ""))
    code = status.phrase.lower().replace(" ", "_")
    raise RefusedError(status, code, status.phrase, headers=headers) from None
