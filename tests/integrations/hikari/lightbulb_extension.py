"""An extension that is loaded, and loaded again, after the client was attached to."""

from __future__ import annotations

import lightbulb

loader = lightbulb.Loader()


@loader.command
class Extra(lightbulb.SlashCommand, name="extra", description="of an extension"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("legacy extra")
