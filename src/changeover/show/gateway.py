"""How the bot is connected, for people and for programs."""

from __future__ import annotations

from changeover.core.model import Check, Gateway, Status
from changeover.show import units
from changeover.show.schema import GatewayView

CHECK = "gateway"


def gateway_view(gateway: Gateway | None) -> GatewayView | None:
    """What `/api/snapshot` says; None where no bot is attached."""
    if gateway is None:
        return None
    return {
        "ready": gateway.ready,
        "latency_ms": {
            str(shard): units.ms(latency_ns)
            for shard, latency_ns in sorted(gateway.latency_ns.items())
        },
        "guilds": gateway.guilds,
        "reconnects": gateway.reconnects,
        "rate_limited": gateway.rate_limited,
    }


def gateway_check(gateway: Gateway) -> Check:
    """What `/health` says. A bot that is not connected is degraded; a restart may not help it."""
    if not gateway.ready:
        return Check(CHECK, Status.DEGRADED, "The bot is not connected, or not ready yet.")
    told = [f"{gateway.guilds} guilds"]
    known = [ns for ns in gateway.latency_ns.values() if ns is not None]
    if known:
        told.append(f"latency {max(known) / 1e6:.0f} ms")
    if len(gateway.latency_ns) > 1:
        told.append(f"{len(gateway.latency_ns)} shards")
    if gateway.reconnects:
        told.append(f"reconnected {gateway.reconnects} times")
    if gateway.rate_limited:
        told.append(f"rate limited {gateway.rate_limited} times in 5 minutes")
    return Check(CHECK, Status.HEALTHY, ", ".join(told))
