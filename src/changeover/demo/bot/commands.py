"""The 18 commands as discord.py sees them: names, arguments, checks, cooldowns.

Every callback is the legacy implementation. discord.py converts the arguments, so that what a user gets wrong
there never reaches a handler. A cooldown stands above its command: below it, on the bare
function, all bots of a process would share its counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from discord.ext import commands

from changeover.demo.bot.glue import Context, legacy
from changeover.demo.catalogue import COMMANDS
from changeover.demo.rules import MOST_PURGED

_PER_USER = commands.BucketType.user


def _hybrid(name: str) -> Callable[[Callable[..., Any]], Any]:
    """Both a prefix and a slash command."""
    decorate: Any = commands.hybrid_command  # its type cannot express keyword-only arguments
    decorator: Callable[[Callable[..., Any]], Any] = decorate(
        name=name, description=COMMANDS[name].summary
    )
    return decorator


class Utility(commands.Cog):
    """ping, status, help, notifications, debug, purgbot, volumetest."""

    @_hybrid("ping")
    async def ping(self, ctx: Context) -> None:
        """No arguments."""
        await legacy(ctx)

    @_hybrid("status")
    async def status(self, ctx: Context) -> None:
        """No arguments."""
        await legacy(ctx)

    @_hybrid("help")
    async def help(self, ctx: Context, command: str = "") -> None:
        """Of all commands, or of one.

        Args:
            ctx: of the call.
            command: Which one; all by default.
        """
        await legacy(ctx, command=command)

    @_hybrid("notifications")
    async def notifications(self, ctx: Context, setting: str = "status") -> None:
        """Of releases.

        Args:
            ctx: of the call.
            setting: status, on, off, major, minor or patch.
        """
        await legacy(ctx, setting=setting)

    @_hybrid("debug")
    @commands.check_any(commands.is_owner(), commands.has_permissions(administrator=True))
    async def debug(self, ctx: Context, topic: str = "database") -> None:
        """For administrators.

        Args:
            ctx: of the call.
            topic: database or channel.
        """
        await legacy(ctx, topic=topic)

    @commands.cooldown(2, 30, _PER_USER)
    @_hybrid("purgbot")
    async def purgbot(self, ctx: Context, limit: int = MOST_PURGED) -> None:
        """For moderators, and for everybody in direct messages.

        Args:
            ctx: of the call.
            limit: How many at most, from 1 to 100.
        """
        await legacy(ctx, limit=limit)

    @commands.cooldown(1, 30, _PER_USER)
    @_hybrid("volumetest")
    @commands.check_any(commands.is_owner(), commands.has_permissions(administrator=True))
    async def volumetest(self, ctx: Context, count: int = 50) -> None:
        """For administrators.

        Args:
            ctx: of the call.
            count: How many personalities, from 1 to 80.
        """
        await legacy(ctx, count=count)


class Authentication(commands.Cog):
    """auth, verify."""

    @commands.cooldown(6, 30, _PER_USER)
    @_hybrid("auth")
    async def auth(self, ctx: Context, action: str = "status", code: str = "") -> None:
        """In steps.

        Args:
            ctx: of the call.
            action: status, start, code or revoke.
            code: The code that start gave.
        """
        await legacy(ctx, action=action, code=code)

    @_hybrid("verify")
    async def verify(self, ctx: Context) -> None:
        """No arguments."""
        await legacy(ctx)


class Conversation(commands.Cog):
    """activate, deactivate, autorespond, reset."""

    @_hybrid("activate")
    async def activate(self, ctx: Context, *, personality: str) -> None:
        """For moderators.

        Args:
            ctx: of the call.
            personality: Its name or an alias.
        """
        await legacy(ctx, personality=personality)

    @_hybrid("deactivate")
    async def deactivate(self, ctx: Context) -> None:
        """No arguments."""
        await legacy(ctx)

    @_hybrid("autorespond")
    async def autorespond(self, ctx: Context, action: str = "status") -> None:
        """For the caller.

        Args:
            ctx: of the call.
            action: status, on or off.
        """
        await legacy(ctx, action=action)

    @commands.cooldown(3, 10, _PER_USER)
    @_hybrid("reset")
    async def reset(self, ctx: Context, *, personality: str = "") -> None:
        """In the channel.

        Args:
            ctx: of the call.
            personality: Its name or an alias; all by default.
        """
        await legacy(ctx, personality=personality)


class Personality(commands.Cog):
    """add, remove, info, alias, list."""

    @commands.cooldown(4, 20, _PER_USER)
    @_hybrid("add")
    async def add(self, ctx: Context, name: str, *, description: str = "") -> None:
        """For the caller.

        Args:
            ctx: of the call.
            name: One word, from 2 to 32 letters.
            description: What it is like.
        """
        await legacy(ctx, name=name, description=description)

    @_hybrid("remove")
    async def remove(self, ctx: Context, *, personality: str) -> None:
        """For its owner.

        Args:
            ctx: of the call.
            personality: Its name or an alias.
        """
        await legacy(ctx, personality=personality)

    @_hybrid("info")
    async def info(self, ctx: Context, *, personality: str) -> None:
        """For everybody.

        Args:
            ctx: of the call.
            personality: Its name or an alias.
        """
        await legacy(ctx, personality=personality)

    @_hybrid("alias")
    async def alias(self, ctx: Context, personality: str, *, alias: str) -> None:
        """For its owner.

        Args:
            ctx: of the call.
            personality: Its name or an alias.
            alias: Another name, of up to five words.
        """
        await legacy(ctx, personality=personality, alias=alias)

    @commands.cooldown(4, 10, _PER_USER)
    @_hybrid("list")
    async def list(self, ctx: Context, page: int = 1) -> None:
        """The caller's.

        Args:
            ctx: of the call.
            page: Ten are on each.
        """
        await legacy(ctx, page=page)


COGS: tuple[type[commands.Cog], ...] = (Utility, Authentication, Conversation, Personality)
