"""An extension that is loaded, and loaded again, after the client was attached to."""

import arc

plugin = arc.GatewayPlugin("Extras")


@plugin.include
@arc.slash_command("extra", "of an extension")
async def extra(ctx: arc.GatewayContext) -> None:
    await ctx.respond("legacy extra")


@arc.loader
def load(client):
    client.add_plugin(plugin)


@arc.unloader
def unload(client):
    client.remove_plugin(plugin)
