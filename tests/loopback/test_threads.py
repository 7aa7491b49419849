"""The loopback Discord in a thread of its own, and its door for bot authors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
import time

import discord
import pytest

import changeover.testing
from changeover.demo.loopback.errors import LoopbackError
from changeover.testing import LoopbackDiscord, UnknownCommandError


def setup(bot):
    @bot.command()
    async def ping(ctx):
        await ctx.send("Pong!")

    @bot.tree.command()
    async def add(interaction: discord.Interaction, name: str):
        await interaction.response.send_message(f"added {name}")

    @bot.command()
    async def block(ctx):
        time.sleep(0.2)  # noqa: ASYNC251 - a blocking handler is what this is about
        await ctx.send("unblocked")


async def test_everything_works_from_the_bots_loop(world, make_bot):
    bot = make_bot(setup)
    with LoopbackDiscord.in_thread(world=world) as loopback:
        async with loopback.running(bot):
            assert (await loopback.say("!ping")).content == "Pong!"
            assert (await loopback.invoke("/add", name="B")).content == "added B"
            with pytest.raises(UnknownCommandError):
                await loopback.invoke("/nosuch")
            assert (await loopback.say("no command", timeout_s=60)).finished
            await loopback.drop_connections()
            assert (await loopback.say("!ping")).content == "Pong!"


async def test_a_blocked_bot_does_not_block_the_people(world, make_bot):
    with LoopbackDiscord.in_thread(world=world) as loopback:
        async with loopback.running(make_bot(setup)):
            during = []

            def people():
                for _ in range(5):
                    loopback.post_message("!ping")
                    loopback.post_interaction("/add", name="B")
                while loopback.counters.messages < 6 or loopback.counters.interactions < 5:
                    time.sleep(0.001)
                during.append(loopback.counters.answers)

            thread = threading.Timer(0.05, people)
            thread.start()
            blocked = await loopback.say("!block")
            await asyncio.to_thread(thread.join)
            # What was sent during the block is older than this, but another handler's.
            async with asyncio.timeout(5):
                while loopback.counters.answers < 11:
                    await loopback.say("no command")
    assert blocked.finished
    assert during[0] <= 1
    assert loopback.counters.refused == loopback.counters.late == 0


async def test_what_people_may_not_do_is_only_counted(world, make_bot, guild):
    with LoopbackDiscord.in_thread(world=world) as loopback:
        async with loopback.running(make_bot(setup)):
            loopback.post_message("hi", user="ada", channel=guild.channel("news"))
            loopback.post_interaction("/nosuch")
            loopback.post_interaction("/add")
            await loopback.say("!ping")
    assert loopback.counters.refused == 3
    assert loopback.counters.messages == 1


async def test_what_is_not_running_says_so(world):
    loopback = LoopbackDiscord(world=world)
    with pytest.raises(LoopbackError, match="not running"):
        await loopback.say("hi")
    with pytest.raises(LoopbackError, match="not running"):
        loopback.post_message("hi")
    with pytest.raises(LoopbackError, match="not running"), loopback.redirected():
        pass


async def test_a_bot_that_never_gets_ready_is_given_up(world, make_bot):
    bot = make_bot()

    async def setup_hook():
        await asyncio.Event().wait()

    bot.setup_hook = setup_hook
    async with LoopbackDiscord(world=world) as loopback:
        with pytest.raises(LoopbackError, match=r"not ready within 0\.05 s"):
            async with loopback.running(bot, timeout_s=0.05):
                pytest.fail("it must not get here")


async def test_a_bot_that_stops_itself_ends_cleanly(world, make_bot):
    bot = make_bot()
    async with LoopbackDiscord(world=world) as loopback:
        async with loopback.running(bot):
            await bot.close()
        assert bot.is_closed()


async def test_a_bot_of_another_process_is_waited_for_by_its_answers(world, make_bot):
    bot = make_bot(setup, guild_ready_timeout=0.05)
    async with LoopbackDiscord(world=world) as loopback:
        with loopback.redirected():
            async with bot:
                task = asyncio.create_task(bot.start(loopback.token))
                await bot.wait_until_ready()
                assert (await loopback.say("!ping")).content == "Pong!"
                assert (await loopback.invoke("/add", name="B")).content == "added B"
                assert not (await loopback.say("chat", timeout_s=0.05)).finished
                await bot.close()
                await task


def test_the_fixture_is_in_a_thread_and_points_discord_py_at_it(loopback_discord):
    from discord.http import Route

    assert f"{loopback_discord.url}/api/v10" == Route.BASE
    assert loopback_discord.url.startswith("http://127.0.0.1:")


@pytest.mark.slow
def test_the_plugin_loads_neither_discord_py_nor_the_server():
    script = """
        import sys
        import changeover.testing.plugin
        loaded = [name for name in sys.modules if name.startswith("changeover.demo")]
        assert "discord" not in sys.modules and "aiohttp.web" not in sys.modules
        assert not loaded, loaded
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)


@pytest.mark.slow
def test_the_server_needs_no_discord_py():
    script = """
        import asyncio, sys
        from changeover.testing import LoopbackDiscord

        async def main():
            async with LoopbackDiscord() as loopback:
                exchange = await loopback.say("anybody there?")
                assert not exchange.delivered and loopback.counters.undelivered == 1
            assert "discord" not in sys.modules

        asyncio.run(main())
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)


def test_the_door_names_what_it_offers_in_order():
    names = changeover.testing.__all__
    assert names == sorted(names)
    assert len(names) <= 12
    for name in names:
        assert getattr(changeover.testing, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = changeover.testing.nosuch
