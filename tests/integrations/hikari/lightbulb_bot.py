"""A lightbulb bot with every kind of command that `play` uses."""

from __future__ import annotations

import asyncio
import time

import hikari
import lightbulb

BOOM = KeyError("boom")


@lightbulb.hook(lightbulb.ExecutionSteps.CHECKS)
def never(_pipeline, _ctx):
    raise RuntimeError("not today")


def refuse(_ctx, value):
    raise ValueError(value)


def simple(name, work, hooks=()):
    class Simple(lightbulb.SlashCommand, name=name, description="one of many", hooks=list(hooks)):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await work(ctx)

    return Simple


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
    await ctx.respond(f"legacy {ctx.command_data.qualified_name}")


class Panel(lightbulb.components.Menu):
    def __init__(self):
        style = hikari.ButtonStyle.PRIMARY
        self.add_interactive_button(style, self.go, label="Go")
        self.add_interactive_button(style, self.crash, label="Boom")
        self.add_interactive_button(
            style, lambda ctx: ctx.respond("x"), custom_id="own_id", label="Named"
        )
        self.add_interactive_button(style, self.shut, label="Shut")
        self.add_interactive_button(style, self.ask, label="Ask")

    async def predicate(self, ctx):
        return ctx.component.label != "Shut"

    async def go(self, ctx):
        await ctx.respond("gone")

    async def crash(self, _ctx):
        raise BOOM

    async def shut(self, _ctx):
        raise AssertionError

    async def ask(self, ctx):
        form = Form()
        await ctx.respond_with_modal("Form", "form", components=form)
        await form.attach(ctx.client, "form")


class Form(lightbulb.components.Modal):
    def __init__(self):
        self.name = self.add_short_text_input("Name", custom_id="name")

    async def on_submit(self, ctx):
        await ctx.respond(f"hello {ctx.value_for(self.name)}")


async def panel(ctx):
    menu = Panel()
    await ctx.respond("panel", components=menu)
    menu.attach_persistent(ctx.client, timeout=None)


def make(app, errors):
    client = lightbulb.client_from_app(app)

    async def start(_event: hikari.StartedEvent) -> None:
        await client.start()

    app.subscribe(hikari.StartedEvent, start)

    @client.register
    class Ping(lightbulb.SlashCommand, name="sping", description="answers"):
        n = lightbulb.integer("n", "a number")

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"legacy {self.n}")

    @client.register
    class Convert(lightbulb.SlashCommand, name="stransform", description="cannot"):
        n = lightbulb.string("n", "a word", converter=refuse)

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"never {self.n}")

    @client.register
    class Greet(lightbulb.UserCommand, name="Greet"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"hello {self.target.username}")

    @client.register
    class Inject(lightbulb.SlashCommand, name="inject", description="is given what it needs"):
        @lightbulb.invoke
        async def invoke(
            self, ctx: lightbulb.Context, rest: hikari.api.RESTClient = lightbulb.di.INJECTED
        ) -> None:
            await ctx.respond(f"rest {rest.is_alive}")

    for name, work in (("sboom", boom), ("cancelled", cancelled), ("block", block), ("late", late)):
        client.register(simple(name, work))
    for name in ("fall", "spoke", "gone"):
        client.register(simple(name, say))
    client.register(simple("scool", say, [lightbulb.prefab.fixed_window(60, 1, "user")]))
    client.register(simple("scheck", say, [never]))
    client.register(simple("refused", say, [lightbulb.prefab.owner_only]))
    client.register(simple("panel", panel))
    client.register(group())

    @client.error_handler
    async def on_error(error: lightbulb.exceptions.ExecutionPipelineFailedException) -> bool:
        errors.append(error)
        return True

    return client


def group():
    grp = lightbulb.Group("sgrp", "a group")
    deep = grp.subgroup("deep", "a group in it")

    @grp.register
    class Sub(lightbulb.SlashCommand, name="sub", description="answers"):
        n = lightbulb.integer("n", "a number")

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"legacy {self.n}")

    grp.register(simple("boom", boom))
    deep.register(simple("leaf", say))
    return grp


def new_group():
    grp = lightbulb.Group("sgrp", "the new one")

    @grp.register
    class NewSub(lightbulb.SlashCommand, name="sub", description="answers anew"):
        n = lightbulb.integer("n", "a number")

        @lightbulb.invoke
        async def run(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"new {self.n}")

    return grp


NEW = new_group()
HAS_COMPONENTS = True


def add_late(client):
    client.register(simple("later", say))


def take_out(client, name):
    found = next(c for c in client.registered_commands if c._command_data.name == name)
    client.unregister(found)


def is_started(client):
    return client._started


def real(error):
    return error.invocation_failure or error.hook_failures[0]


def snapshot(client):
    found = {"client": type(client), "rest": type(client.app.rest)}
    for number, handlers in client._error_handlers.items():
        found |= {f"handler {number} {i}": handler for i, handler in enumerate(handlers)}
    for paths in (client.registered_commands,):
        for command in paths:
            if isinstance(command, type):
                name = command._command_data.qualified_name
                found[name] = vars(command)[command._command_data.invoke_method]
    return found


async def load(client):
    await client.load_extensions("lightbulb_extension")
    await client.sync_application_commands()


async def reload(client):
    await client.reload_extensions("lightbulb_extension")
    await client.sync_application_commands()
