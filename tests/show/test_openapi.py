from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from changeover.core.order import Role
from changeover.show.application import without_telemetry

PATHS = {
    "/health", "/health/ready", "/health/features", "/health/commands",
    "/health/metrics/{type}", "/api/snapshot", "/api/stream", "/metrics",
    "/api/commands/{name}",
}  # fmt: skip

CHANGES = {
    "/api/me": {"get"}, "/api/orders": {"get", "post"}, "/api/flips": {"get"},
    "/api/login": {"post"}, "/api/logout": {"post"},
}  # fmt: skip
STEERED = [
    (path, method.upper(), mode)
    for path, methods in sorted(CHANGES.items())
    for method in sorted(methods)
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if method == "post" or path == "/api/flips" or mode is GenerationMode.POSITIVE
]

WITH_PARAMETERS = ["/health/commands", "/health/metrics/{type}", "/api/snapshot"]
EXPLORED = [  # without the stream, which has no end to check
    *((path, GenerationMode.POSITIVE) for path in sorted(PATHS - {"/api/stream"})),
    *((path, GenerationMode.NEGATIVE) for path in WITH_PARAMETERS),
]


async def test_every_endpoint_is_described_and_only_reads(site):
    _, schema = await site.get("/openapi.json")
    assert set(schema["paths"]) == PATHS
    assert all(set(methods) == {"get"} for methods in schema["paths"].values())


async def test_what_changes_something_is_described_where_it_is_there(steered):
    _, schema = await steered.get("/openapi.json")
    assert {
        path: set(methods) for path, methods in schema["paths"].items() if path not in PATHS
    } == CHANGES
    order = schema["paths"]["/api/orders"]["post"]
    assert {"400", "401", "403", "404", "408", "409", "413", "415", "422", "503"} <= set(
        order["responses"]
    )
    assert {} not in order["security"]
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "basic", "session"}


async def test_every_endpoint_says_how_it_refuses(site):
    _, schema = await site.get("/openapi.json")
    for path in PATHS:
        assert {"200", "400", "403", "503"} <= set(schema["paths"][path]["get"]["responses"])


async def test_parameters_are_described_with_what_is_allowed(site):
    _, schema = await site.get("/openapi.json")
    parameters = schema["paths"]["/health/metrics/{type}"]["get"]["parameters"]
    assert [entry["name"] for entry in parameters] == ["type", "since", "limit", "cursor"]
    assert parameters[0]["schema"]["enum"][0] == "command_execution"


async def test_without_a_token_no_security_is_claimed_and_with_one_it_is(open_site):
    _, schema = await open_site().get("/openapi.json")
    assert "security" not in schema
    headers = {"Authorization": "Bearer abc"}
    _, schema = await open_site("abc").get("/openapi.json", headers=headers)
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "basic"}
    assert {} in schema["paths"]["/health"]["get"]["security"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_no_page_loads_anything_from_a_cdn(site, path):
    assert (await site.get(path))[0] == 404


def test_a_framework_that_knows_no_telemetry_is_told_nothing_about_it():
    def older(*, title: str) -> str:
        return title

    def newer(*, title: str, telemetry: dict) -> tuple:
        return title, telemetry

    assert older(title="a", **without_telemetry(older)) == "a"
    assert newer(title="a", **without_telemetry(newer))[1]["tracing"] is False


@pytest.mark.slow
def test_nothing_is_recorded_into_the_hosts_telemetry():
    pytest.importorskip("opentelemetry.trace")
    probe = """
        import asyncio
        from opentelemetry import trace
        from changeover.show.application import Application

        spans = []

        class Provider(trace.TracerProvider):
            def get_tracer(self, *args, **kwargs):
                return Tracer()

        class Tracer(trace.NoOpTracer):
            def start_span(self, name, *args, **kwargs):
                spans.append(name)
                return super().start_span(name, *args, **kwargs)

            def start_as_current_span(self, name, *args, **kwargs):
                spans.append(name)
                return super().start_as_current_span(name, *args, **kwargs)

        trace.set_tracer_provider(Provider())

        async def ask(app):
            async def receive():
                return {"type": "http.request"}
            async def send(message):
                pass
            scope = {"type": "http", "method": "GET", "path": "/openapi.json", "headers": [],
                     "query_string": b"", "root_path": "", "scheme": "http",
                     "server": ("127.0.0.1", 1), "client": None, "http_version": "1.1"}
            await app(scope, receive, send)

        asyncio.run(ask(Application(needs_token=False)))
        print(spans)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(probe)], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(("path", "mode"), EXPLORED)
def test_schemathesis_finds_no_answer_that_the_schema_does_not_promise(
    site, world, make, path, mode
):
    world.records = [("a1", make.execution(seconds)) for seconds in range(1, 5)]
    schema = schemathesis.openapi.from_url(f"{site.server.url}openapi.json")
    cases = schema[path]["GET"].as_strategy(generation_mode=mode)

    @given(case=cases)
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=HealthCheck)
    def explore(case):
        # not `positive_data_acceptance`: 31 February fits every schema and is no date
        case.call_and_validate(
            checks=[
                not_a_server_error,
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_schema_conformance,
                checks.negative_data_rejection,
            ]
        )

    explore()


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method", "mode"), STEERED)
def test_schemathesis_finds_nothing_among_the_changes_either(steered, rights, path, method, mode):
    schema = schemathesis.openapi.from_url(f"{steered.server.url}openapi.json")
    cases = schema[path][method].as_strategy(generation_mode=mode)
    headers = rights.bearer(Role.ADMIN) | {"Sec-Fetch-Site": "same-origin"}

    @given(case=cases)
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=HealthCheck)
    def explore(case):
        case.call_and_validate(
            headers=headers,
            checks=[
                not_a_server_error,
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_schema_conformance,
                checks.negative_data_rejection,
            ],
        )
        rights.clock.advance(60)  # so that the limit on wrong tokens lets the next one in

    explore()
