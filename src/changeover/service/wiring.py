"""How the rooms are made from the settings."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from changeover.act.rulebook import RuleBook
from changeover.core.clock import Clock
from changeover.core.errors import BadValueError, Guard, SettingsError, StoreUnavailableError
from changeover.core.order import Role
from changeover.core.ports import Channel, FlagSource, State, Telemetry
from changeover.route.flags import FeatureFlags
from changeover.route.names import FlagNames
from changeover.route.router import Router
from changeover.route.sources import EnvironmentFlags, FileFlags, StateFlags
from changeover.service.channels import every_channel
from changeover.settings import Settings
from changeover.settings.alert_rules import built_in_of
from changeover.store.retention import Retention
from changeover.store.sqlite import open_stores

if TYPE_CHECKING:
    from changeover.notify.discord import Picture
    from changeover.show.controls import Controls
    from changeover.show.readings import Readings
    from changeover.show.server import Server

logger = logging.getLogger("changeover")


class Stores(NamedTuple):
    """The two stores, and how to copy them where they are a file."""

    telemetry: Telemetry
    state: State
    file: Path | None = None
    backup: Callable[[Path], None] | None = None


def stores_of(settings: Settings, clock: Clock) -> Stores:
    """Where everything is kept. A file that cannot be used now is no error; its check says so."""
    history_s = settings.keep_history_s
    retention = Retention(
        executions_s=settings.keep_executions_s,
        minutes_s=max(settings.keep_executions_s, history_s),
        counts_s=max(settings.keep_executions_s, history_s),
        failures_s=history_s,
        resources_s=history_s,
        megabytes=settings.max_store_mb,
    )
    if settings.store == "memory" or not settings.enabled:
        from changeover.store.memory import (  # noqa: PLC0415  # 0.3 MB that few need
            MemoryState,
            MemoryTelemetry,
        )

        return Stores(MemoryTelemetry(retention=retention), MemoryState(clock))
    file = settings.folder / "changeover.db"
    stores = open_stores(file, clock=clock, retention=retention)
    return Stores(stores.telemetry, stores.state, stores.path, stores.backup)


def routing_of(
    settings: Settings,
    state: State,
    *,
    brakes: Sequence[FlagSource] = (),
    clock: Clock,
    guard: Guard,
) -> tuple[FeatureFlags, Router]:
    """The flags, brakes over store over environment over file, and the router that asks them."""
    names = FlagNames()
    sources = [*_written_flags(settings, names), StateFlags(state)]
    flags = FeatureFlags(sources, brakes=brakes, names=names, clock=clock, guard=guard)
    return flags, Router(flags, system=settings.system, guard=guard)


def check_flags(settings: Settings, names: FlagNames) -> None:
    """What people wrote must be right before the bot connects.

    Raises:
        SettingsError: naming every flag with a bad value.
    """
    problems: list[BadValueError] = []
    for source in _written_flags(settings, names):
        try:
            source.read()
        except SettingsError as error:
            problems += error.problems
        except StoreUnavailableError as error:  # of the file; said by the flags' check, too
            logger.warning("%s", error)
    if problems:
        raise SettingsError(problems)


def channels_of(
    settings: Settings, clock: Clock, picture: Picture | None = None
) -> dict[str, Channel]:
    """Every channel that is set up, by its name. `picture` draws the chart of an alert."""
    return {channel.name: channel for channel in every_channel(settings, clock, picture)}


def rules_of(settings: Settings, clock: Clock) -> RuleBook:
    """The built-in rules, and those of the file."""
    return RuleBook(built_in_of(settings), settings.config_file, clock=clock)


def server_of(
    settings: Settings, readings: Readings, controls: Controls, *, clock: Clock, guard: Guard
) -> Server:
    """A server, not started. Only this loads FastAPI, so that a bot without it stays small."""
    from changeover.show.access import Access  # noqa: PLC0415  # 20 MB, only where HTTP is on
    from changeover.show.api import create_app  # noqa: PLC0415  # as above
    from changeover.show.server import Server  # noqa: PLC0415  # as above

    access = Access(
        hosts=settings.allowed_hosts,
        token=settings.token.reveal() if settings.token else None,
        token_role=Role(settings.token_role),
        loopback_role=Role(settings.loopback_role),
        secure_cookie=settings.secure_cookie,
    )
    app = create_app(
        readings,
        controls=controls,
        access=access,
        clock=clock,
        guard=guard,
        dashboard=settings.dashboard,
    )
    return Server(app, host=settings.host, port=settings.port)


def set_apart() -> None:
    """Keep what a web server brought out of every later garbage collection.

    A full collection stops the whole process, the bot's loop too, and FastAPI's objects make
    it three times as long (65 ms instead of 20). They live as long as the process, so nothing
    is lost by not looking at them. The bot's own objects of this moment are set apart with
    them, which makes its pauses shorter than they were without us.
    """
    gc.collect()
    gc.freeze()


def _written_flags(settings: Settings, names: FlagNames) -> list[FlagSource]:
    return [FileFlags(settings.config_file), EnvironmentFlags(os.environ, names)]
