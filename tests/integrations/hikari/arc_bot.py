"""An arc bot with every kind of command that `play` uses."""

import asyncio
import time

import arc
import hikari

BOOM = KeyError("boom")


async def boom(_ctx):
    raise BOOM


async def cancelled(_ctx):
    raise asyncio.CancelledError


async def block(ctx):
    time.sleep(0.5)  # noqa: ASYNC251  # an author who does not know better
    await ctx.respond("late")


async def late(ctx):
    await asyncio.sleep(3.2)
    await ctx.respond("too late")


async def say(ctx):
    await ctx.respond(f"legacy {' '.join(ctx.command.qualified_name)}")


async def never(_ctx):
    raise arc.GuildOnlyError("not here")


async def abort(_ctx):
    return arc.HookResult(abort=True)


def alone(work):
    async def callback(ctx: arc.GatewayContext) -> None:
        await work(ctx)

    return callback


def simple(name, work):
    return arc.slash_command(name, "one of many", autodefer=False)(alone(work))


def make(app, errors):
    client = arc.GatewayClient(app)

    @client.include
    @arc.slash_command("sping", "answers")
    async def ping(ctx: arc.GatewayContext, n: arc.Option[int, arc.IntParams("a number")]) -> None:
        await ctx.respond(f"legacy {n}")

    @client.include
    @arc.slash_command("stransform", "cannot")
    async def convert(
        ctx: arc.GatewayContext, n: arc.Option[hikari.Color, arc.ColorParams("a colour")]
    ) -> None:
        await ctx.respond(f"never {n}")

    @client.include
    @arc.user_command("Greet")
    async def greet(ctx: arc.GatewayContext, user: hikari.User) -> None:
        await ctx.respond(f"hello {user.username}")

    client.set_type_dependency(type(app.rest), app.rest)

    @client.include
    @arc.slash_command("inject", "is given what it needs")
    async def inject(
        ctx: arc.GatewayContext,
        rest: hikari.impl.RESTClientImpl = arc.inject(),  # noqa: B008
    ) -> None:
        await ctx.respond(f"rest {rest.is_alive}")

    for name, work in (("sboom", boom), ("cancelled", cancelled), ("block", block), ("late", late)):
        client.include(simple(name, work))
    for name in ("fall", "spoke", "gone"):
        client.include(simple(name, say))
    client.include(simple("scool", say)).add_hook(arc.user_limiter(60, 1))
    client.include(simple("scheck", say)).add_hook(never)
    client.include(simple("refused", say)).add_hook(abort)
    add_group(client)

    @client.set_error_handler
    async def on_error(_ctx: arc.GatewayContext, error: Exception) -> None:
        errors.append(error)

    return client


def add_group(client):
    grp = client.include_slash_group("sgrp", "a group", autodefer=False)
    deep = grp.include_subgroup("deep", "a group in it")

    @grp.include
    @arc.slash_subcommand("sub", "answers")
    async def sub(ctx: arc.GatewayContext, n: arc.Option[int, arc.IntParams("a number")]) -> None:
        await ctx.respond(f"legacy {n}")

    for parent, name, work in ((grp, "boom", boom), (deep, "leaf", say)):
        parent.include(arc.slash_subcommand(name, "in a group")(alone(work)))


def new_plugin():
    plugin = arc.GatewayPlugin("new ones")
    grp = plugin.include_slash_group("sgrp", "the new one")

    @grp.include
    @arc.slash_subcommand("sub", "answers anew")
    async def sub(ctx: arc.GatewayContext, n: arc.Option[int, arc.IntParams("a number")]) -> None:
        await ctx.respond(f"new {n}")

    return plugin


NEW = new_plugin()
HAS_COMPONENTS = False


def add_late(client):
    client.include(simple("later", say))


def take_out(client, name):
    client._slash_commands.pop(name)


def is_started(client):
    return client.is_started


def real(error):
    return error


def snapshot(client):
    found = {"client": type(client), "rest": type(client.app.rest)}
    for commands in client._commands.values():
        for command in commands.values():
            for each in walk(command):
                name = " ".join(each.qualified_name)
                found[name] = getattr(each, "callback", None)
                found[f"class of {name}"] = type(each)
    return found


def walk(command):
    yield command
    for child in getattr(command, "children", {}).values():
        yield from walk(child)


async def load(client):
    client.load_extension("arc_extension")
    await client.resync_commands()


async def reload(client):
    client.unload_extension("arc_extension")
    await load(client)
