"""The chart that goes with an alert, from what a running monitor has counted."""

from __future__ import annotations

from changeover import Changeover, Settings
from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.service.channels import picture_of


def test_what_the_monitor_counted_in_the_last_hour_is_drawn():
    clock = ManualClock()
    with Changeover(Settings(store="memory", http=False), clock=clock) as monitor:
        for minute in range(30):
            for number in range(20):
                failed = minute > 20 and number < 5
                monitor.metrics.record_command_execution("ping", "ddd", 0.01, not failed)
            clock.advance(60)
            monitor.tick()
        picture = picture_of(monitor.readings().timeline)
        alert = Alert(
            key="error_rate", rule="error_rate", phase=Phase.FIRING, severity="critical",
            summary="", value=0.25, threshold=0.01, unit="ratio",
        )  # fmt: skip
        now_ns = clock.wall_ns() // NS_PER_S
        drawn = picture(Notification(Event.FIRING, alert, "error_rate#1", "vm/1", now_ns))
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
