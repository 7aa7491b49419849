"""The log as a channel: one line for each message, on the logger `changeover.alerts`."""

from __future__ import annotations

import logging

from changeover.core.model import Event, Notification
from changeover.notify.message import line

logger = logging.getLogger("changeover.alerts")


class LogChannel:
    """Writes alerts to Python's logging: criticals as ERROR, resolves as INFO, else WARNING."""

    name = "log"

    def __repr__(self) -> str:
        return f"LogChannel({logger.name!r})"

    async def send(self, notification: Notification) -> str | None:
        """Log one line; logging itself never raises."""
        logger.log(_level(notification), "%s", line(notification))
        return None

    async def close(self) -> None:
        """Nothing to give back."""


def _level(notification: Notification) -> int:
    if notification.event in (Event.RESOLVED, Event.TEST):
        return logging.INFO
    return logging.ERROR if notification.alert.severity == "critical" else logging.WARNING
