"""Between discord.py and the neutral handlers: a context becomes a call, a reply a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

import discord
from discord.ext import commands

from changeover.core.model import Kind
from changeover.demo.call import Call, Channel, Handler, Person, Reply, Server

Context = commands.Context[Any]
BotHandler = Callable[..., Awaitable[None]]

_FIELD_MAX = 1024  # Source: Discord's reference, "Embed Limits"
_SCANNED = 200  # messages that purgbot looks at


async def legacy(ctx: Context, **arguments: object) -> None:
    """Let the legacy handler answer the command of a context. All that a callback does."""
    name = ctx.command.qualified_name if ctx.command else ""
    await ctx.bot.legacy[name](ctx, **arguments)


def kind_of(ctx: Context) -> Kind:
    """Whether somebody typed the prefix or used a slash command."""
    return Kind.PREFIX if ctx.interaction is None else Kind.SLASH


def answering(handler: Handler) -> BotHandler:
    """A neutral handler as discord.py calls one: with its context, and replying.

    Replying is part of the handler, so that an answer that Discord refuses is this call's
    failure, and the time it takes this call's time.
    """

    async def answer(ctx: Context, **arguments: object) -> None:
        result = handler(
            call_of(ctx), {name: _storable(value) for name, value in arguments.items()}
        )
        await send(ctx, await result if isawaitable(result) else result)

    return answer


def call_of(ctx: Context) -> Call:
    """What the handlers see of a context."""
    bot, author, channel = ctx.bot, ctx.author, ctx.channel
    rights = ctx.permissions
    in_server = ctx.guild is not None
    return Call(
        author=Person(
            id=author.id,
            name=author.display_name,
            is_admin=in_server and rights.administrator,
            can_manage=in_server and rights.manage_messages,
            is_bot_owner=author.id in (bot.owner_ids or ()),
        ),
        guild=Server(ctx.guild.id) if ctx.guild else None,
        channel=Channel(id=channel.id, is_nsfw=_is_nsfw(channel), purge=_purger(ctx)),
        bot=bot.facts(),
        now_s=bot.now_s(),
        kind=kind_of(ctx),
    )


async def send(ctx: Context, reply: Reply) -> None:
    """Say it where it was asked; what does not fit in an embed is cut."""
    options: dict[str, Any] = {"ephemeral": reply.ephemeral}
    if reply.fields:
        embed = discord.Embed(title=reply.title)
        for name, value in reply.fields:
            embed.add_field(name=name, value=_cut(value), inline="\n" not in value)
        options["embed"] = embed
    await ctx.send(reply.text or None, **options)


def _cut(value: str) -> str:
    return value if len(value) <= _FIELD_MAX else f"{value[: _FIELD_MAX - 1]}…"


def _is_nsfw(channel: Any) -> bool:
    return isinstance(channel, discord.TextChannel | discord.Thread) and channel.is_nsfw()


def _purger(ctx: Context) -> Callable[[int], Awaitable[int]]:
    async def purge(limit: int) -> int:
        if ctx.interaction is not None:
            await ctx.defer(ephemeral=True)  # reading and deleting may take more than 3 s
        own: list[discord.Message] = []
        async for message in ctx.channel.history(limit=_SCANNED):
            if message.author == ctx.me and len(own) < limit:
                own.append(message)
        await _delete(ctx.channel, own)
        return len(own)

    return purge


async def _delete(channel: Any, messages: list[discord.Message]) -> None:
    if isinstance(channel, discord.TextChannel | discord.Thread):
        await channel.delete_messages(messages)
        return
    for message in messages:  # direct messages cannot be deleted together
        await message.delete()


def _storable(value: object) -> object:
    """Text as it can be stored: JSON may bring halves of characters, which no file takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value
