"""Where the command line reads from: the running monitor, else the store itself."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

from changeover.core.errors import ChangeoverError
from changeover.settings import Settings

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


def local_address(settings: Settings) -> str:
    """The address at which this machine reaches the monitor."""
    return "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - read


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
    url = f"http://{address}:{settings.port}"
    if answer.status != http.client.OK:
        raise ChangeoverError(f"{url} answered {answer.status}: is MONITORING_TOKEN the same here?")
    return body, url


def _read_store(settings: Settings, window: str) -> tuple[dict[str, Any], str]:
    from changeover.service import Changeover

    if settings.store == "memory":
        raise ChangeoverError(
            f"no monitor answers on port {settings.port}, and MONITORING_STORE=memory keeps no file"
        )
    viewer = Changeover(settings, watching_only=True)
    try:
        return viewer.catch_up().snapshot(window), str(viewer.store_file)
    finally:
        viewer.stop()
