from __future__ import annotations

import logging

import pytest

from changeover.core.model import Event
from changeover.notify.log import LogChannel


@pytest.mark.parametrize(
    ("event", "severity", "level"),
    [
        (Event.FIRING, "warning", logging.WARNING),
        (Event.FIRING, "critical", logging.ERROR),
        (Event.ESCALATED, "critical", logging.ERROR),
        (Event.RESOLVED, "critical", logging.INFO),
        (Event.TEST, "critical", logging.INFO),
    ],
)
async def test_the_level_tells_the_severity(tell, caplog, event, severity, level):
    caplog.set_level(logging.INFO, "changeover.alerts")
    await LogChannel().send(tell(event, severity=severity))
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("changeover.alerts", level)


async def test_it_is_one_escaped_line_with_percent_signs_as_they_are(tell, caplog):
    await LogChannel().send(tell(summary="100 %s\n2026-01-01 ERROR forged", labels={"a": "%d"}))
    told = caplog.records[0].getMessage()
    assert told.isprintable()
    assert r"100 %s\n2026-01-01 ERROR forged" in told
