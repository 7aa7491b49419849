"""Watch and steer the move of a bot's commands from one implementation to another.

`Changeover` is the monitor of one bot; everything else is reached through it.
"""

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
