"""A test message through each channel, and what its receiver said."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import NamedTuple

from changeover.core.clock import NS_PER_MS, Clock
from changeover.core.errors import ChannelError
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.ports import Channel

_LONGEST_S = 15.0  # a channel's own time-out is shorter


class Trial(NamedTuple):
    """How one channel did.

    Attributes:
        channel: its name.
        accepted: whether its receiver took the message.
        status: what the receiver said, in words and without secrets.
        latency_ms: from the call to the answer.
    """

    channel: str
    accepted: bool
    status: str
    latency_ms: float


async def try_channels(
    channels: Mapping[str, Channel], *, clock: Clock, link: str | None = None
) -> list[Trial]:
    """Send one test message through each channel, all at the same time, and close them."""
    told = _message(clock.wall_ns(), link)
    return list(
        await asyncio.gather(*(_try(name, channels[name], told, clock) for name in channels))
    )


async def _try(name: str, channel: Channel, told: Notification, clock: Clock) -> Trial:
    began_ns = clock.monotonic_ns()
    accepted, status = False, ""
    try:
        async with asyncio.timeout(_LONGEST_S):
            await channel.send(told)
        answered = getattr(channel, "answered", None)
        accepted, status = True, f"answered {answered}" if answered else "accepted"
    except ChannelError as error:
        status = str(error)
    except Exception as error:  # noqa: BLE001 - the others are to be tried too
        status = type(error).__name__  # its text may hold a secret
    finally:
        await channel.close()
    return Trial(name, accepted, status, (clock.monotonic_ns() - began_ns) / NS_PER_MS)


def _message(at_ns: int, link: str | None) -> Notification:
    alert = Alert(
        key="test",
        rule="test",
        phase=Phase.INACTIVE,
        severity="warning",
        summary="This is a test of the alert channel. Nothing is wrong",
        value=0.0,
        threshold=1.0,
        unit="ratio",
        since_ns=at_ns,
        fired_ns=at_ns,
    )
    instance = f"{socket.gethostname()}/{os.getpid()}"
    return Notification(Event.TEST, alert, f"test#{at_ns}", instance, at_ns, link)
