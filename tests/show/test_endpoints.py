async def test_health_answers(site):
    status, body = await site.get("/health")
    assert status == 200
    assert body["status"] == "healthy"


async def test_all(site):
    for p in (
        "/health/ready",
        "/health/features",
        "/health/commands",
        "/api/snapshot",
        "/health/metrics/command_execution",
        "/openapi.json",
    ):
        status, body = await site.get(p)
        assert status == 200, (p, body)
