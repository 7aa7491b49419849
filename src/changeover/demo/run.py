"""Runs the demo: the bot, the monitor, and either a made-up Discord with people or the real one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import discord

from changeover.core.errors import BadValueError, ChangeoverError
from changeover.demo.bot.bot import DemoBot, build_bot
from changeover.demo.catalogue import categories
from changeover.demo.database.opener import Database
from changeover.demo.faults import FailRule, Faults, SlowRule
from changeover.demo.loopback import LoopbackDiscord
from changeover.demo.people import People, demo_world
from changeover.demo.screen import Screen
from changeover.service import Changeover
from changeover.settings import Settings

ALERTS_EVERY_S = 5  # so that who watches need not wait for a minute
MENDED_AFTER_S = 45  # by then it was taken back, and somebody has found out why
AUTO_PLAN = Path(__file__).with_name("auto.toml")
_CLOSE_WITHIN_S = 1.0

_R = TypeVar("_R", FailRule, SlowRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the demo is to show.

    Attributes:
        share: percent of users whose commands the new system answers.
        enabled: the categories that it answers for everybody.
        fails, slows: how the new system misbehaves.
        rate: commands a second, on average.
        seed: of the people's dice and of the faults.
        duration_s: when to end; None for Ctrl-C.
        on_discord: run on the real Discord, with DISCORD_TOKEN and real people.
        auto: let the judge and the rollout move the share, by the plan of `auto.toml`; what
            fails from some second on is then mended `MENDED_AFTER_S` later.
    """

    share: float = 25.0
    enabled: Sequence[str] = ()
    fails: Sequence[FailRule] = ()
    slows: Sequence[SlowRule] = ()
    rate: float = 10.0
    seed: int = 1
    duration_s: float | None = None
    on_discord: bool = False
    auto: bool = False


def run(plan: Plan, settings: Settings) -> None:
    """Run the demo until its time is over or somebody ends it.

    Raises:
        ChangeoverError: it cannot run; the message says why.
    """
    token = _token() if plan.on_discord else None
    with tempfile.TemporaryDirectory(prefix="changeover-demo-") as scratch:
        if token:
            folder = settings.folder
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:  # people who start anew each time would find their names taken in an old file
            folder = Path(scratch)
            settings = _for_watching(settings, folder)
        if plan.auto:
            plan = replace(plan, fails=mended(plan.fails), slows=mended(plan.slows))
            if not settings.config_file.exists():
                settings = replace(settings, config_file=AUTO_PLAN)
        asyncio.run(_run(plan, settings, folder, token))


async def _run(plan: Plan, settings: Settings, folder: Path, token: str | None) -> None:
    faults = Faults(plan.fails, plan.slows, seed=plan.seed)
    monitor = Changeover(settings)
    database = Database(folder / "bot.db")
    screen = Screen(monitor, duration_s=plan.duration_s, tells_changes=plan.auto)
    try:
        monitor.start()  # before `attach` does: then it ends here, with a last line, not with the bot
        bot = build_bot(monitor, database, faults=faults)
        with screen.logging_here(), _asked_to_stop() as stop:
            where = _real(bot, token, stop) if token else _made_up(plan, bot, stop)
            if not token:
                _set_flags(plan, monitor)
            async with where:
                faults.start()
                await screen.show_until(stop)
    finally:
        monitor.stop()
        database.close()
    screen.say_farewell()


@contextlib.asynccontextmanager
async def _made_up(plan: Plan, bot: DemoBot, stop: asyncio.Event) -> AsyncIterator[None]:
    """The bot on a made-up Discord, in a thread of its own, with people who use it."""
    world = demo_world(seed=plan.seed)
    with LoopbackDiscord.in_thread(world=world) as made_up:
        async with made_up.running(bot):
            people = People(world, seed=plan.seed, rate=plan.rate)
            async with _beside(people.run(made_up, stop), stop):
                yield


@contextlib.asynccontextmanager
async def _real(bot: DemoBot, token: str, stop: asyncio.Event) -> AsyncIterator[None]:
    """The bot on the real Discord."""
    try:
        async with bot, _beside(bot.start(token), stop):
            yield
    except discord.LoginFailure as error:
        raise BadValueError("DISCORD_TOKEN", None, "the token of a bot", "MTIz.abc.xyz") from error
    except discord.DiscordException as error:
        raise ChangeoverError(f"Discord does not run this bot: {error}") from error


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> AsyncIterator[None]:
    """Do something in the background; when it fails, everything stops and its error is raised."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_CLOSE_WITHIN_S)
    if task.done() and not task.cancelled():
        task.result()


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C ends the process as usual."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        loop.call_soon_threadsafe(stop.set)

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _for_watching(settings: Settings, folder: Path) -> Settings:
    """What nobody set is chosen for somebody who looks on; the demo then leaves nothing behind."""
    changed: dict[str, Any] = {}
    if settings.data_dir is None:
        changed["data_dir"] = folder
    if settings.sources.get("alert_every_s") == "default":
        changed["alert_every_s"] = ALERTS_EVERY_S
    if settings.sources.get("port") == "default" and not _is_free(settings.host, settings.port):
        changed["port"] = 0
    return replace(settings, **changed)


def mended(rules: Sequence[_R]) -> list[_R]:
    """The faults, each with an end."""
    return [
        replace(rule, until_s=rule.after_s + MENDED_AFTER_S) if rule.until_s is None else rule
        for rule in rules
    ]


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return trial.connect_ex((host, port)) != 0


def _set_flags(plan: Plan, monitor: Changeover) -> None:
    """The shares that were asked for, as an operator would set them."""
    shares = {"enabled": 100.0, "integration": 100.0}
    for category in () if plan.auto else categories():
        shares[category] = 100.0 if category in plan.enabled else plan.share
    for name, share in shares.items():
        flag = f"{monitor.settings.system}.commands.{name}"
        monitor.set_flag(flag, f"{share:g}%", actor="demo", reason="asked for at the start")


def _token() -> str:
    token = os.environ.get("DISCORD_TOKEN", "").strip()
    if not token:
        raise BadValueError("DISCORD_TOKEN", "", "the token of a bot", "MTIz.abc.xyz")
    return token
