"""A discord.py bot to be measured: `python -m bench.bot MODE URL TOKEN FOLDER`.

`bare` is the bot without us; `off` and `on` route and monitor it through the adapter, without
and with HTTP. `plain` is a bot with slash commands and replies, without us; `watched` is the same
with `attach`; `attached` has new handlers too, which half of the calls go to. What it used is printed when somebody writes `!report`, and the clock for the next report starts.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

COMMANDS = [f"c{number}" for number in range(18)]
GAP_EVERY_S = 0.005


class Bot(commands.Bot):
    """18 empty commands, and a report."""

    def __init__(self, adapter: Any | None) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__("!", intents=intents, guild_ready_timeout=0.1)
        self.adapter = adapter
        self.handled = 0
        self.worst_gap_s = 0.0
        self.loop_cpu_s = time.thread_time()
        self.cpu_s = time.process_time()
        for name in COMMANDS:
            self.add_command(commands.Command(self._callback(name), name=name))
        self.is_synced = False
        self.command(name="report")(report)
        self.command(name="block")(block)

    def _callback(self, name: str) -> Any:
        async def work(_message: Any, _args: Any) -> None:
            self.handled += 1

        if self.adapter is None:

            async def direct(ctx: commands.Context[Any]) -> None:
                await work(ctx, ())

            return direct
        self.adapter.register(name, legacy=work, new=work, category="utility")

        async def routed(ctx: commands.Context[Any]) -> None:
            await self.adapter.process_command(ctx, name)

        return routed

    async def setup_hook(self) -> None:
        if self.is_synced:
            await self.tree.sync()
        self.watcher = asyncio.create_task(self._watch_gaps())

    async def on_ready(self) -> None:
        tell({"ready": True})

    async def _watch_gaps(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(GAP_EVERY_S)
            self.worst_gap_s = max(self.worst_gap_s, time.perf_counter() - before - GAP_EVERY_S)


def add_more_commands(bot: Bot) -> None:
    """A slash command, and a prefix command that replies, beside each of the 18."""
    bot.is_synced = True
    for name in COMMANDS:
        slash, reply = more_handlers(bot)
        bot.tree.command(name=f"s{name}", description="x")(slash)
        bot.command(name=f"r{name}")(reply)


def more_handlers(bot: Bot) -> tuple[Any, Any]:
    async def slash(_interaction: discord.Interaction) -> None:
        bot.handled += 1

    async def reply(ctx: commands.Context[Any]) -> None:
        await ctx.send("x")
        bot.handled += 1

    return slash, reply


def attach(monitor: Any, bot: Bot) -> None:
    """Attach, and give every command a new handler."""
    monitor.attach(bot)
    for name in COMMANDS:

        async def work(_ctx: Any) -> None:
            bot.handled += 1

        slash, reply = more_handlers(bot)
        for command, handler in ((name, work), (f"s{name}", slash), (f"r{name}", reply)):
            monitor.new(command, category="utility")(handler)


async def report(ctx: commands.Context[Any]) -> None:
    bot, cpu_s, loop_cpu_s = ctx.bot, time.process_time(), time.thread_time()
    tell({
        "loop_cpu_s": loop_cpu_s - bot.loop_cpu_s,
        "cpu_s": cpu_s - bot.cpu_s,
        "rss_mb": rss_mb(),
        "handled": bot.handled,
        "worst_gap_s": bot.worst_gap_s,
    })  # fmt: skip
    bot.cpu_s, bot.loop_cpu_s, bot.worst_gap_s = cpu_s, loop_cpu_s, 0.0


async def block(_ctx: commands.Context[Any]) -> None:
    time.sleep(5)  # an author who does not know better; the whole loop stands still


def tell(facts: dict[str, Any]) -> None:
    print(json.dumps(facts), flush=True)


def rss_mb() -> float:
    """Resident memory, from the kernel."""
    text = Path("/proc/self/smaps_rollup").read_text("ascii")
    return int(re.search(r"Rss:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def main() -> None:
    mode, url, token, folder = sys.argv[1:]
    Route.BASE = f"{url}/api/v10"
    with urllib.request.urlopen(f"{url}/api/v10/gateway") as answer:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(json.loads(answer.read())["url"])
    database = sqlite3.connect(Path(folder) / "bot.db")  # as bots have one
    database.execute("CREATE TABLE IF NOT EXISTS t (x)")
    monitor = None
    if mode not in ("bare", "plain"):
        from changeover import Changeover, Settings  # noqa: PLC0415  # `bare` must not pay for it

        before = time.process_time()
        settings = Settings(
            data_dir=Path(folder), port=0, http=mode == "on", config_file=Path(folder) / "none"
        )
        monitor = Changeover(settings).start()
        monitor.wait_until_served()
        for flag, value in (("enabled", "on"), ("integration", "on"), ("utility", "50%")):
            monitor.set_flag(f"ddd.commands.{flag}", value, actor="bench")
        tell({"url": monitor.url, "start_cpu_s": time.process_time() - before})
    bot = Bot(monitor.adapter if monitor and mode not in ("watched", "attached") else None)
    if mode in ("plain", "watched", "attached"):
        add_more_commands(bot)
    if mode == "watched":
        monitor.attach(bot)
    if mode == "attached":
        attach(monitor, bot)
    try:
        bot.run(token, log_handler=None)
    finally:
        if monitor:
            monitor.stop()


if __name__ == "__main__":
    main()
