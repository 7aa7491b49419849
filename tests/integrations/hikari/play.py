"""Runs in another virtual environment: plays a hikari bot's commands, prints what came of it.

    python play.py lightbulb|arc

The result is one line of JSON, which `test_hikari` looks at. A bot's module has
`make(app, errors)`, which gives a client with the commands below, `NEW` (a source for
`new_from`) and `snapshot(client)` (every object that attaching touches).
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import logging
import sys
import threading
from pathlib import Path

import hikari

from changeover import Changeover, Settings
from changeover.core.errors import ChangeoverError, ChannelError
from changeover.demo.loopback import LoopbackDiscord, World
from changeover.demo.loopback.conversation import Reply


def _load_conformance():
    path = Path(__file__).parents[1] / "conformance.py"
    spec = importlib.util.spec_from_file_location("conformance", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONFORMANCE = _load_conformance()
CASES = {
    "refused by the library": ("/refused", {}),
    "injected": ("/inject", {}),
    "cancelled": ("/cancelled", {}),
    "blocking": ("/block", {}),
    "sub-command of a sub-group": ("/sgrp deep leaf", {}),
    "failure of a sub-command": ("/sgrp boom", {}),
    "late answer": ("/late", {}),
}
COMMANDS = ("sping", "sgrp", "fall", "spoke", "extra", "extras")  # flags, by name or category
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
        fields = ("command", "system", "outcome", "error_type", "kind", "duration_ms", "shard")
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
        result["conformance"] = await play_conformance(stage)
        result["records"] = {
            name: (await stage.use(command, options))[1]
            for name, (command, options) in CASES.items()
        }
        ada = loopback.world.person("ada")
        result["records"]["menu"] = (await stage.use("Greet", target=ada))[1]
        dm = loopback.world.dm(ada)
        result["records"]["in a direct message"] = (
            await stage.use("/sping", {"n": 1}, channel=dm)
        )[1]
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
        result["after detach"] = await stage.use("/sping", {"n": 8}, expected=0)
        changeover.stop()
        await stage.app.close()


async def play_conformance(stage):
    """The records of each of the cases of every library that slash commands can play."""
    found = {}
    for name, case in CONFORMANCE.CASES.items():
        if case.kind == CONFORMANCE.SLASH:
            uses = [await stage.use(one, case.options) for one in case.does.split(";")]
            found[name] = [row for _, rows in uses for row in rows]
    return found


async def play_components(library, result):
    changeover = monitor()
    async with LoopbackDiscord(world=world()) as loopback:
        stage = Stage(library, loopback, changeover)
        changeover.attach(stage.client)
        await started(stage)
        answer = await loopback.invoke("/panel", until_answered=True)
        await until(lambda: answer.replies and rows(changeover))
        [panel] = answer.replies
        found = []
        for label in ("Go", "Boom", "Named", "Shut"):
            pressing = asyncio.ensure_future(panel.press(label, timeout_s=0.3))
            wanted = len(found) + 2
            await until(lambda wanted=wanted: len(rows(changeover)) >= wanted)
            found.append(rows(changeover)[-1])
            await pressing
        asked = await panel.press("Ask", until_answered=True, timeout_s=2)
        sent = await asked.modal.submit({"name": "Bob"}, timeout_s=0.3)
        await until(lambda: len(rows(changeover)) >= 7)
        result["modal answered"] = sent.content
        result["components"] = [
            [row[field] for field in ("command", "system", "outcome", "error_type", "kind")]
            for row in rows(changeover)[1:]
        ]
        await stage.app.close()


async def play_messages(library, result):
    """A message that the bot posts for us, and a press of its button."""
    changeover, presses = monitor(), []

    async def on_button(user_id, custom_id):
        presses.append([user_id, custom_id])
        return "rolled back"

    changeover._answer_buttons(on_button)
    async with LoopbackDiscord(world=world()) as loopback:
        stage = Stage(library, loopback, changeover)
        changeover.attach(stage.client)
        await started(stage)
        channel = next(iter(loopback.world.guilds.values())).channel("general")
        button = {"type": 2, "style": 4, "label": "Back", "custom_id": "changeover:back"}
        body = {"content": "fails", "components": [{"type": 1, "components": [button]}]}
        posted = await asyncio.to_thread(lambda: asyncio.run(changeover._post(channel.id, body)))
        message = loopback._hub.messages.get(channel.id, int(posted))
        ada = loopback.world.person("ada")
        pressed = await Reply(message, loopback._people).press("Back", user=ada, timeout_s=0.3)
        await until(lambda: pressed.interaction.followups)
        [told] = pressed.interaction.followups
        result["posted"] = [message.content, told.content, told.is_ephemeral]
        result["presses"] = [[user == ada.id, custom_id] for user, custom_id in presses]
        result["refused"] = await refusal(changeover)
        result["records of presses"] = len(rows(changeover))
        await stage.app.close()


async def refusal(changeover):
    try:
        await changeover._post(7, {"content": "x"})
    except ChannelError as error:
        return [str(error)[:12], error.permanent]
    return None


async def until(is_so):
    for _ in range(500):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("it did not come")


async def taken_out(stage):
    stage.library.take_out(stage.client, "gone")
    return (await stage.use("/gone"))[1]


async def troubled(stage):
    """Reconnects and rate limits, after one of each."""
    stage.loopback.rate_limit_next("POST /interactions/*/*/callback", 0.05)
    await stage.use("/sping", {"n": 1})
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

        @changeover.new("sping")
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
        result["before the flag"] = await stage.use("/sping", {"n": 1})
        await library.load(stage.client)
        result["extension"] = await stage.use("/extra")
        for name in ("enabled", "integration", "fallbackOnError", *COMMANDS):
            changeover.set_flag(f"ddd.commands.{name}", "on", actor="test")
        await library.reload(stage.client)
        result["extension, again"] = await stage.use("/extra")
        result["routed"] = await stage.use("/sping", {"n": 2})
        result["routed by new_from"] = await stage.use("/sgrp sub", {"n": 4})
        result["fallback"] = await stage.use("/fall")
        result["no second answer"] = await stage.use("/spoke")
        changeover.set_flag("ddd.commands.sping", "off", actor="test")
        result["flag back"] = await stage.use("/sping", {"n": 3})
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
        changeover.new("sping")(unfit)
    except ChangeoverError as error:
        return str(error)
    return None


async def play_shards(library, result):
    """hikari itself waits 5 s between two shards."""
    changeover = monitor()
    two = world()
    for _ in range(4):  # each shard has one
        two.add_member(two.add_guild("More"), two.person("ada"))
    async with LoopbackDiscord(world=two, shards=2) as loopback:
        stage = Stage(library, loopback, changeover)
        changeover.attach(stage.client)
        await started(stage)
        result["two shards"] = {}
        for guild in loopback.world.guilds.values():
            channel = guild.channel("general")
            shard = (guild.id >> 22) % 2
            found = (await stage.use("/sping", {"n": 1}, channel=channel))[1]
            result["two shards"].setdefault(shard, []).extend(found)
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
    await play_messages(library, result)
    if library.HAS_COMPONENTS:
        await play_components(library, result)
    await play_shards(library, result)
    result["trouble"] = [repr(error) for error in TROUBLE]
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
