"""Watch and steer the move of a bot's commands from one implementation to another.

`Changeover` is the monitor of one bot; everything else is reached through it. The names are
imported when first used: the pytest plugin lives in this package too, and every test run of a
project that has it installed loads that.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from changeover.act.manager import AlertManager
    from changeover.core.errors import ChangeoverError, SettingsError
    from changeover.core.model import Kind, Outcome
    from changeover.record.collector import MetricsCollector
    from changeover.route.adapter import CommandIntegrationAdapter
    from changeover.route.command import UnknownCommandError
    from changeover.route.flags import FeatureFlags
    from changeover.service import Changeover
    from changeover.settings import Settings

__all__ = [
    "AlertManager",
    "Changeover",
    "ChangeoverError",
    "CommandIntegrationAdapter",
    "FeatureFlags",
    "Kind",
    "MetricsCollector",
    "Outcome",
    "Settings",
    "SettingsError",
    "UnknownCommandError",
]

_HOMES = {
    "AlertManager": "act.manager",
    "Changeover": "service",
    "ChangeoverError": "core.errors",
    "CommandIntegrationAdapter": "route.adapter",
    "FeatureFlags": "route.flags",
    "Kind": "core.model",
    "MetricsCollector": "record.collector",
    "Outcome": "core.model",
    "Settings": "settings",
    "SettingsError": "core.errors",
    "UnknownCommandError": "route.command",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
