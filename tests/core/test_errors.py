import logging
import threading

import pytest

from changeover.core.clock import ManualClock
from changeover.core.errors import BadValueError, ChangeoverError, Guard, SettingsError


def test_the_guard_counts_every_error_of_every_place():
    guard = Guard(ManualClock())
    for where in ("a", "b", "a"):
        guard.caught(where, ValueError())
    assert guard.counts == {"a": 2, "b": 1}


def test_the_guard_logs_each_place_once_a_minute(caplog):
    clock = ManualClock()
    guard = Guard(clock)
    with caplog.at_level(logging.ERROR, logger="changeover"):
        for _ in range(100):
            guard.caught("a", ValueError("x"))
            guard.caught("b", ValueError("x"))
        assert len(caplog.records) == 2
        clock.advance(60)
        guard.caught("a", ValueError("x"))
        assert len(caplog.records) == 3


def test_a_test_may_have_our_errors_raised():
    def on_error(error):
        raise error

    with pytest.raises(KeyError):
        Guard(ManualClock(), on_error).caught("a", KeyError())


def test_a_log_that_raises_never_reaches_who_was_guarded():
    class BrokenHandler(logging.Handler):
        def emit(self, _record):
            raise OSError("the log is full")

    guard, handler = Guard(ManualClock()), BrokenHandler()
    logger = logging.getLogger("changeover")
    logger.addHandler(handler)
    try:
        guard.caught("a", ValueError())
    finally:
        logger.removeHandler(handler)
    assert guard.counts == {"a": 1, "log": 1}


def test_the_guard_loses_no_count_between_threads():
    guard = Guard(ManualClock())

    def catch():
        for _ in range(500):
            guard.caught("a", ValueError())

    threads = [threading.Thread(target=catch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert guard.counts == {"a": 2_000}


def test_a_secret_value_is_not_in_the_message():
    error = BadValueError("MONITORING_TOKEN", None, "16 characters or more", "a-long-random-text")
    assert "(hidden)" in str(error)
    assert isinstance(error, ChangeoverError)


def test_all_wrong_settings_are_named_in_one_message():
    problems = [BadValueError(name, "x", "a number", "1") for name in ("A", "B")]
    assert str(SettingsError(problems)).count("\n") == 2
    assert str(SettingsError(problems[:1])).startswith("1 setting is wrong")
