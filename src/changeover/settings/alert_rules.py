"""The built-in alert rules, as the settings make them."""

from __future__ import annotations

from collections.abc import Iterator

from changeover.act.built_in import with_move_rules
from changeover.act.rulebook import rules_of_file
from changeover.act.rules import Rule, built_in_rules
from changeover.core.errors import BadValueError, SettingsError
from changeover.settings.table import Settings


def built_in_of(settings: Settings) -> list[Rule]:
    """The rules of the environment's three thresholds, and those of the move."""
    reference = built_in_rules(
        error_ratio=settings.alert_error_ratio,
        response_time_ms=settings.alert_response_ms,
        memory_mb=settings.alert_memory_mb,
        min_executions=settings.alert_min_executions,
        for_s=settings.alert_for_s,
        keep_firing_s=settings.alert_keep_firing_s,
        repeat_s=settings.alert_repeat_s,
    )
    return with_move_rules(
        reference, system=settings.system, min_executions=settings.alert_min_executions
    )


def wrong_rules(settings: Settings) -> Iterator[BadValueError]:
    """What is wrong with the rules in the file; that it cannot be read is said elsewhere."""
    try:
        rules_of_file(settings.config_file, built_in_of(settings))
    except SettingsError as error:
        yield from error.problems
    except OSError:
        pass  # a file that cannot be read is complained of as a file of settings
