"""FastAPI as we want it: no CDN, no telemetry of the host's, and an OpenAPI that tells the truth."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
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
    FlagsDetail,
    HealthView,
    ProblemView,
    ReadyView,
    RecordsView,
    SnapshotView,
    SummaryView,
)

Endpoint = Callable[..., Awaitable[Response]]
Responses = dict[int | str, dict[str, Any]]

SHAPES: tuple[Any, ...] = (
    FlagsDetail,
    HealthView,
    ProblemView,
    ReadyView,
    RecordsView,
    SnapshotView,
    SummaryView,
)
_REFERENCE = "#/components/schemas/{model}"
_REFUSALS = {
    400: "A parameter is wrong, unknown or repeated.",
    403: "The host name is not one of ours, or another site's page asked.",
    413: "The request has a body.",
    431: "The headers are too large.",
    503: "The store cannot answer now, or too many ask.",
}
_TOKEN_REFUSALS = {401: "The token is missing or wrong.", 429: "Too many wrong tokens."}


class Application(FastAPI):
    """An application whose endpoints answer with ready responses.

    Args:
        needs_token: whether readers must present a token, for the schema.
    """

    def __init__(self, *, needs_token: bool) -> None:
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
        if self._needs_token:
            schema["components"]["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "Any user name."},
            }
            schema["security"] = [{"bearer": []}, {"basic": []}]
            schema["paths"]["/health"]["get"]["security"] = [{}, {"bearer": []}, {"basic": []}]
        return schema

    def add_endpoint(
        self,
        path: str,
        endpoint: Endpoint,
        responses: Responses,
        parameters: Sequence[Parameter] = (),
    ) -> None:
        """Serve a GET and describe it; `responses` win over the refusals that all share."""
        shared = _REFUSALS | (_TOKEN_REFUSALS if self._needs_token else {})
        refusals: Responses = {
            status: describe(ProblemView, text) for status, text in shared.items()
        }
        self.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            response_class=Response,
            response_model=None,
            responses={**refusals, **responses},
            openapi_extra={"parameters": [parameter.openapi() for parameter in parameters]},
        )


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


def _refuse(_: Request, error: Exception) -> Never:
    """What the router itself refuses (404, 405), in the shape of all our refusals."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if headers.get("allow") == "GET":
        headers["allow"] = "GET, HEAD"
    code = status.phrase.lower().replace(" ", "_")
    raise RefusedError(status, code, status.phrase, headers=headers) from None
