"""What was lost is trouble for ten minutes, and told for ever."""

from __future__ import annotations

from changeover.core.clock import ManualClock
from changeover.core.model import Status
from changeover.service.losses import Losses


def test_nothing_lost_is_healthy():
    losses = Losses(ManualClock())
    losses.note({"invalid": 0})
    assert losses.check("recorder").status is Status.HEALTHY


def test_a_loss_degrades_for_ten_minutes_after_the_last_one():
    clock = ManualClock()
    losses = Losses(clock)
    losses.note({"invalid": 1})
    clock.advance(599)
    assert losses.check("recorder").status is Status.DEGRADED
    losses.note({"invalid": 2})
    clock.advance(599)
    losses.note({"invalid": 2})
    check = losses.check("recorder")
    assert (check.status, check.age_s) == (Status.DEGRADED, 599)
    clock.advance(1)
    check = losses.check("recorder")
    assert check.status is Status.HEALTHY
    assert "invalid: 2" in check.detail
