"""A bot of discord.py or of a fork posts our messages and hands us the presses of our buttons.

Both go by what Discord itself sends and takes, the same in each library; so the bot's own views,
which hear of an interaction after this, are not touched, and never see a press of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from changeover.core.errors import Guard
from changeover.integrations.messages import Json, OnButton, Press, answer, post, press_of

_EVENT = "INTERACTION_CREATE"


class Messenger:
    """The messages of one client.

    Args:
        client: which.
        discord: its library.

    Attributes:
        on_button: who handles presses; None where nobody does.
    """

    def __init__(self, client: Any, discord: Any) -> None:
        self.on_button: OnButton | None = None
        self._client = client
        self._route = discord.http.Route
        self._guard = Guard()
        self._before: Any = None
        self._parse: Any = None
        self._answers: set[asyncio.Task[None]] = set()  # the loop itself holds tasks weakly

    def start(self, guard: Guard) -> None:
        """Look at each interaction that comes in; not ours, it goes on as it came."""
        self._guard = guard
        parsers = self._client._connection.parsers  # noqa: SLF001  # nothing public comes so early
        before = parsers.get(_EVENT)
        if before is None:
            return

        def parse(data: Mapping[str, Any]) -> Any:
            press = self._press(data)
            return before(data) if press is None else self._take(press)

        self._before, self._parse = before, parse
        parsers[_EVENT] = parse

    def stop(self) -> None:
        """Look no more."""
        parsers = self._client._connection.parsers  # noqa: SLF001  # as above
        if self._parse is not None and parsers.get(_EVENT) is self._parse:
            parsers[_EVENT] = self._before
        self._before = self._parse = None

    async def post(
        self,
        loop: asyncio.AbstractEventLoop | None,
        channel_id: int,
        body: Json,
        timeout_s: float,
    ) -> str:
        """See `Integration.post`."""
        return await post(loop, self._request, channel_id, body, timeout_s=timeout_s)

    async def _request(self, path: str, body: Json, **ids: int | str) -> Any:
        return await self._client.http.request(self._route("POST", path, **ids), json=body)

    def _press(self, data: Mapping[str, Any]) -> Press | None:
        if self.on_button is None:
            return None
        try:
            return press_of(data)
        except Exception as trouble:  # noqa: BLE001  # what we cannot read is not ours
            self._guard.caught("attach.button", trouble)
            return None

    def _take(self, press: Press) -> None:
        if self.on_button is not None:
            work = answer(press, self.on_button, self._request, self._guard)
            task = asyncio.get_running_loop().create_task(work)
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
