"""Runs in another virtual environment: plays a hikari bot's commands, prints what came of it.

    python play.py lightbulb|arc

The result is one line of JSON, which `test_hikari` looks at. A bot's module has
`make(app, errors)`, which gives a client with the commands below, `NEW` (a source for
`new_from`) and `snapshot(client)` (every object that attaching touches).
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
import threading

import hikari

from changeover import Changeover, Settings
from changeover.core.errors import ChangeoverError
from changeover.demo.loopback import LoopbackDiscord, World

CASES = {
    "slash": ("/ping", {"n": 7}),
    "failure": ("/boom", {}),
    "cooldown": ("/cool", {}),
    "cooldown again": ("/cool", {}),
    "check": ("/check", {}),
    "refused by the library": ("/refused", {}),
    "injected": ("/inject", {}),
    "bad option": ("/convert", {"n": 1}),
    "cancelled": ("/cancelled", {}),
    "blocking": ("/block", {}),
    "sub-command": ("/grp sub", {"n": 3}),
    "sub-command of a sub-group": ("/grp deep leaf", {}),
    "failure of a sub-command": ("/grp boom", {}),
    "late answer": ("/late", {}),
}
COMMANDS = ("ping", "grp", "fall", "spoke", "extra", "extras")  # flags, by name or category
TROUBLE = []  # errors of ours; there must be none


def gateway_bot(loopback):
    return hikari.GatewayBot(
        loopback.token,
        rest_url=f"{loopback.url}/api/v10",
        banner=None,
        logs=None,
        suppress_optimization_warning=True,
    )


def world():
    one = World.build(guilds=1, users=0)
    guild = next(iter(one.guilds.values()))
    for name in ("ada", "bob"):
        one.add_member(guild, one.add_user(name))
    return one


def monitor():
    return Changeover(Settings(store="memory", http=False), on_error=TROUBLE.append)


def rows(changeover):
    return changeover.metrics.get_metrics("command_execution")


class Stage:
    """One bot on a loopback Discord, attached to or not."""

    def __init__(self, library, loopback, changeover):
        self.library, self.loopback, self.changeover = library, loopback, changeover
        self.errors = []
        self.app = gateway_bot(loopback)
        self.client = library.make(self.app, self.errors)

    async def use(self, command, options=None, *, expected=1, target=None, channel=None):
        """What the bot answered, and the records of it."""
        before = len(rows(self.changeover))
        answer = await self.loopback.invoke(
            command,
            options or {},
            target=target,
            channel=channel,
            until_answered=True,
            timeout_s=0.2,
        )
        for _ in range(500):
            if len(rows(self.changeover)) >= before + expected:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # a second record of the same would come now
        for _ in range(300):
            text = answer.interaction.original
            if text is not None or not expected:
                break
            if any(row["outcome"] != "ok" for row in rows(self.changeover)[before:]):
                break
            await asyncio.sleep(0.01)
        fields = ("command", "system", "outcome", "error_type", "kind", "duration_ms")
        found = [[row.get(field) for field in fields] for row in rows(self.changeover)[before:]]
        return text.content if text is not None else None, found


async def started(stage):
    await stage.app.start(check_for_updates=False)
    for _ in range(500):
        if stage.library.is_started(stage.client):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("the client did not start")


def synced(loopback):
    listed = loopback._hub.commands.listed(None)
    return [{k: v for k, v in c.items() if k not in ("id", "version")} for c in listed]


async def play_records(library, result):
    changeover = monitor()
    async with LoopbackDiscord(world=world()) as loopback:
        stage = Stage(library, loopback, changeover)
        before = library.snapshot(stage.client)
        changeover.attach(stage.client)
        early = changeover._gateway(60.0)
        result["gateway before the start"] = [early.ready, dict(early.latency_ns)]
        library.add_late(stage.client)
        await started(stage)
        result["records"] = {
            name: (await stage.use(command, options))[1]
            for name, (command, options) in CASES.items()
        }
        ada = loopback.world.person("ada")
        result["records"]["menu"] = (await stage.use("Greet", target=ada))[1]
        dm = loopback.world.dm(ada)
        result["records"]["in a direct message"] = (await stage.use("/ping", {"n": 1}, channel=dm))[
            1
        ]
        result["records"]["added later"] = (await stage.use("/later"))[1]
        result["records"]["taken out"] = await taken_out(stage)
        result["errors"] = [library.real(error) is library.BOOM for error in stage.errors[:1]]
        result["synced"] = synced(loopback)
        result["gateway"] = await gateway(changeover)
        result["trouble seen"] = await troubled(stage)
        result["unhandled"] = loopback.unhandled
        changeover.detach()
        after = library.snapshot(stage.client)
        result["snapshot"] = len(after)
        result["left behind"] = sorted(
            name for name in after if name in before and after[name] is not before[name]
        )
        result["after detach"] = await stage.use("/ping", {"n": 8}, expected=0)
        changeover.stop()
        await stage.app.close()


async def taken_out(stage):
    stage.library.take_out(stage.client, "gone")
    return (await stage.use("/gone"))[1]


async def troubled(stage):
    """Reconnects and rate limits, after one of each."""
    stage.loopback.rate_limit_next("POST /interactions/*/*/callback", 0.05)
    await stage.use("/ping", {"n": 1})
    await stage.loopback.drop_connections(code=4000)
    for _ in range(1000):
        facts = stage.changeover._gateway(60.0)
        if facts.reconnects and facts.ready:
            break
        await asyncio.sleep(0.01)
    return [facts.reconnects, facts.rate_limited, facts.ready]


async def gateway(changeover):
    facts = None
    for _ in range(300):
        facts = changeover._gateway(60.0)
        if facts.latency_ns.get(0) is not None:
            break
        await asyncio.sleep(0.01)
    return {
        "ready": facts.ready,
        "guilds": facts.guilds,
        "shards": sorted(facts.latency_ns),
        "latency known": facts.latency_ns.get(0) is not None,
        "reconnects": facts.reconnects,
    }


async def play_routing(library, result):
    changeover = monitor()
    async with LoopbackDiscord(world=world()) as loopback:
        stage = Stage(library, loopback, changeover)

        @changeover.new("ping")
        async def ping(ctx, n):
            await ctx.respond(f"new {n}")

        @changeover.new("fall")
        async def fall(ctx):
            raise KeyError(ctx.user.username)

        @changeover.new("spoke")
        async def spoke(ctx):
            await ctx.respond("new")
            raise KeyError("after it answered")

        @changeover.new("extra")
        async def extra(ctx):
            await ctx.respond("new extra")

        changeover.new_from(library.NEW)
        changeover.attach(stage.client)
        await started(stage)
        result["before the flag"] = await stage.use("/ping", {"n": 1})
        await library.load(stage.client)
        result["extension"] = await stage.use("/extra")
        for name in ("enabled", "integration", "fallbackOnError", *COMMANDS):
            changeover.set_flag(f"ddd.commands.{name}", "on", actor="test")
        await library.reload(stage.client)
        result["extension, again"] = await stage.use("/extra")
        result["routed"] = await stage.use("/ping", {"n": 2})
        result["routed by new_from"] = await stage.use("/grp sub", {"n": 4})
        result["fallback"] = await stage.use("/fall")
        result["no second answer"] = await stage.use("/spoke")
        changeover.set_flag("ddd.commands.ping", "off", actor="test")
        result["flag back"] = await stage.use("/ping", {"n": 3})
        result["unfit"] = refused(changeover)
        result["threads while it ran"] = our_threads()
        await stage.app.close()
        result["threads"] = our_threads()


def our_threads():
    return [thread.name for thread in threading.enumerate() if "changeover" in thread.name]


def refused(changeover):
    async def unfit(_ctx, _n, more):
        """One argument too many."""

    try:
        changeover.new("ping")(unfit)
    except ChangeoverError as error:
        return str(error)
    return None


async def play_shards(library, result):
    """hikari itself waits 5 s between two shards."""
    changeover = monitor()
    async with LoopbackDiscord(world=world(), shards=2) as loopback:
        stage = Stage(library, loopback, changeover)
        changeover.attach(stage.client)
        await started(stage)
        result["two shards"] = (await stage.use("/ping", {"n": 1}))[1]
        facts = changeover._gateway(60.0)
        latencies = facts.latency_ns
        result["latencies"] = {s: ns is None or ns < 1e9 for s, ns in latencies.items()}
        await stage.app.close()


async def play_untouched(library, result):
    async with LoopbackDiscord(world=world()) as loopback:
        stage = Stage(library, loopback, monitor())
        library.add_late(stage.client)
        await started(stage)
        result["synced without us"] = synced(loopback)
        result["bare"] = complaint(stage.app)
        await stage.app.close()


def complaint(bot):
    try:
        monitor().attach(bot)
    except ChangeoverError as error:
        return str(error)
    return None


async def main():
    logging.getLogger().addHandler(logging.NullHandler())  # what the bots log is no matter here
    library = importlib.import_module(f"{sys.argv[1]}_bot")
    result = {}
    await play_untouched(library, result)
    await play_records(library, result)
    await play_routing(library, result)
    await play_shards(library, result)
    result["trouble"] = [repr(error) for error in TROUBLE]
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
