"""Where the command line reads from: the running monitor, else the store itself."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from changeover.core.errors import ChangeoverError
from changeover.settings import Settings

if TYPE_CHECKING:
    from changeover.service import Changeover

EVERY_S = 2.0


def snapshot_of(settings: Settings, window: str) -> tuple[dict[str, Any], str]:
    """One snapshot, and where it is from."""
    if (answer := _ask(settings, window)) is not None:
        return answer
    return _read_store(settings, window)


def follow(settings: Settings, window: str) -> Iterator[tuple[dict[str, Any], str]]:
    """A snapshot now and every two seconds, until the reader stops or Ctrl-C."""
    pause = threading.Event()
    try:
        while True:
            yield snapshot_of(settings, window)
            pause.wait(EVERY_S)
    except KeyboardInterrupt:
        return


def viewer(settings: Settings) -> Changeover:
    """The store, for a process without a bot. To be stopped.

    Raises:
        ChangeoverError: the settings leave no store that another process could look into.
    """
    from changeover.service import Changeover

    if not settings.enabled:
        raise ChangeoverError("MONITORING_ENABLED is false: there is no store")
    if settings.store == "memory":
        raise ChangeoverError("MONITORING_STORE=memory: only the bot's own process has the store")
    return Changeover(settings, watching_only=True)


def local_address(settings: Settings) -> str:
    """The address at which this machine reaches the monitor."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what it listens on
    return loopback.get(settings.host, settings.host)


def authorization(settings: Settings) -> dict[str, str]:
    """The headers that a monitor with a token asks for."""
    return {"Authorization": f"Bearer {settings.token.reveal()}"} if settings.token else {}


def _ask(settings: Settings, window: str) -> tuple[dict[str, Any], str] | None:
    """The running monitor's answer; None where none listens."""
    address = local_address(settings)
    connection = http.client.HTTPConnection(address, settings.port, timeout=5)
    try:
        path = f"/api/snapshot?window={window}"
        connection.request("GET", path, headers=authorization(settings))
        answer = connection.getresponse()
        body = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    host = f"[{address}]" if ":" in address else address
    url = f"http://{host}:{settings.port}"
    if answer.status != http.client.OK:
        raise ChangeoverError(f"{url} answered {answer.status}: is MONITORING_TOKEN the same here?")
    return body, url


def _read_store(settings: Settings, window: str) -> tuple[dict[str, Any], str]:
    if settings.store == "memory":
        raise ChangeoverError(
            f"no monitor answers on port {settings.port}, and MONITORING_STORE=memory keeps no file"
        )
    monitor = viewer(settings)
    try:
        return monitor.catch_up().snapshot(window), str(monitor.store_file)
    finally:
        monitor.stop()
