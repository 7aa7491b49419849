"""Prefix commands and plain messages, through the real discord.py client."""

from __future__ import annotations

import asyncio
import io

import discord
import pytest
from discord.ext import commands

from changeover.testing import ManualClock, NotAllowedError


def talk(bot):
    @bot.command()
    async def ping(ctx, number: int = 1):
        await ctx.send(f"Pong {number}!")

    @bot.command()
    async def silent(_ctx):
        pass

    @bot.command()
    async def boom(_ctx):
        raise ZeroDivisionError

    @bot.group(invoke_without_command=True)
    async def grp(ctx):
        await ctx.send("group")

    @grp.command()
    async def sub(ctx):
        await ctx.send("sub")

    @bot.command()
    async def whisper(ctx):
        await ctx.author.send("psst")

    @bot.command()
    async def reply(ctx):
        await ctx.reply("to you")


async def test_a_prefix_command_is_answered(run):
    async with run(talk) as (loopback, _):
        exchange = await loopback.say("!ping 7", user="ada")
    assert exchange.content == "Pong 7!"
    assert (exchange.delivered, exchange.finished) == (True, True)
    assert loopback.unhandled == []


@pytest.mark.parametrize("text", ["!silent", "hello there", "!nosuch", "!boom"])
async def test_no_answer_is_known_as_soon_as_the_handler_is_done(run, text):
    async with run(talk) as (loopback, _):
        # The default timeout is far above what a test may take: this must not wait for it.
        exchange = await loopback.say(text, timeout_s=60)
    assert exchange.content is None
    assert exchange.finished


async def test_a_group_and_its_subcommand_are_two_commands(run):
    async with run(talk) as (loopback, _):
        assert (await loopback.say("!grp")).content == "group"
        assert (await loopback.say("!grp sub")).content == "sub"


async def test_errors_of_the_bot_reach_the_bots_own_handler(run):
    async with run(talk) as (loopback, bot):
        await loopback.say("!boom")
        await loopback.say("!ping x")
    assert [type(error) for error in bot.errors] == [ZeroDivisionError, commands.BadArgument]


async def test_an_answer_by_direct_message_belongs_to_the_exchange(run, world):
    async with run(talk) as (loopback, _):
        exchange = await loopback.say("!whisper", user="bob")
    assert exchange.content == "psst"
    assert exchange.replies[0].message.channel == world.dm(world.person("bob"))


async def test_commands_work_in_direct_messages(run, world):
    async with run(talk) as (loopback, _):
        exchange = await loopback.say("!ping", channel=world.dm(world.person("bob")))
    assert exchange.content == "Pong 1!"
    assert exchange.message.author.name == "bob"


async def test_a_closed_door_is_50007(run, world):
    shy = world.add_user("shy", accepts_dms=False)
    async with run(talk) as (_, bot):
        with pytest.raises(discord.Forbidden) as caught:
            await (await bot.fetch_user(shy.id)).send("hi")
    assert caught.value.code == 50007


async def test_a_reply_points_at_its_message(run):
    async with run(talk) as (loopback, _):
        exchange = await loopback.say("!reply")
    assert exchange.replies[0].message.reference_id == exchange.message.id


async def test_replies_come_back_early_when_asked_for(run):
    def setup(bot):
        @bot.command()
        async def ask(ctx):
            await ctx.send("sure?")
            answer = await bot.wait_for("message", check=lambda m: m.author == ctx.author)
            await ctx.send(f"you said {answer.content}")

    async with run(setup) as (loopback, _):
        asked = await loopback.say("!ask", user="ada", replies=1)
        told = await loopback.say("yes", user="ada", replies=1)
    assert (asked.content, told.content) == ("sure?", "you said yes")


async def test_a_handler_that_hangs_ends_the_wait_unfinished(run):
    def setup(bot):
        @bot.command()
        async def hang(ctx):
            await ctx.send("wait")
            await asyncio.Event().wait()

    async with run(setup) as (loopback, _):
        exchange = await loopback.say("!hang", timeout_s=0.05)
    assert (exchange.content, exchange.finished) == ("wait", False)


async def test_without_the_content_intent_only_mentions_and_dms_are_readable(run, make_bot, world):
    seen = []
    bot = make_bot(intents=discord.Intents.default())

    @bot.listen()
    async def on_message(message):
        seen.append(message.content)
        if message.author != bot.user and "echo" in message.content:
            await message.channel.send("own words")

    async with run(bot=bot) as (loopback, _):
        await loopback.say("secret")
        await loopback.say(f"{world.bot.mention} echo")
        await loopback.say("private", channel=world.dm(world.person("bob")))
    assert seen == ["", f"{world.bot.mention} echo", "own words", "private"]


async def test_without_the_messages_intent_nothing_arrives(run, make_bot):
    intents = discord.Intents.default()
    intents.guild_messages = False
    async with run(bot=make_bot(talk, intents=intents)) as (loopback, _):
        exchange = await loopback.say("!ping", timeout_s=60)
        assert not exchange.delivered
        assert loopback.counters.undelivered == 1


@pytest.mark.parametrize(("channel", "code"), [("news", 50013), ("backstage", 50001)])
async def test_a_bot_without_permission_is_forbidden(run, guild, channel, code):
    async with run() as (_, bot):
        with pytest.raises(discord.Forbidden) as caught:
            await bot.get_channel(guild.channel(channel).id).send("hello")
    assert caught.value.code == code


@pytest.mark.parametrize(("content", "code"), [("x" * 2001, 50035), ("", 50006), ("   ", 50006)])
async def test_a_message_too_long_or_empty_is_refused(run, guild, content, code):
    async with run() as (loopback, bot):
        with pytest.raises(discord.HTTPException) as caught:
            await bot.get_channel(guild.channel("general").id).send(content)
        assert (caught.value.status, caught.value.code) == (400, code)
        assert loopback.counters.errors == 1


async def test_2000_characters_are_fine(run, guild):
    async with run() as (_, bot):
        sent = await bot.get_channel(guild.channel("general").id).send("x" * 2000)
    assert len(sent.content) == 2000


async def test_people_cannot_write_where_they_may_not(run, world, guild):
    async with run() as (loopback, _):
        with pytest.raises(NotAllowedError, match="SEND_MESSAGES"):
            await loopback.say("hi", user="ada", channel=guild.channel("news"))
        with pytest.raises(NotAllowedError, match="VIEW_CHANNEL"):
            await loopback.say("hi", user=world.add_user("stranger"), channel=guild.channel("news"))
        await loopback.say("hi", user="mod", channel=guild.channel("news"))


async def test_edits_show_in_the_exchange(run):
    def setup(bot):
        @bot.command()
        async def slow(ctx):
            message = await ctx.send("...")
            await message.edit(content="done", embed=discord.Embed(title="T"))

    async with run(setup) as (loopback, _):
        exchange = await loopback.say("!slow")
    assert exchange.content == "done"
    assert exchange.embeds[0]["title"] == "T"
    assert len(exchange.replies) == 1


async def test_the_bot_reads_reacts_and_cleans_up(run, guild):
    async with run() as (loopback, bot):
        channel = bot.get_channel(guild.channel("general").id)
        first = await channel.send("first")
        theirs = await loopback.say("theirs", user="ada", channel=guild.channel("general"))
        await first.add_reaction("\N{THUMBS UP SIGN}")
        fetched = await channel.fetch_message(first.id)
        assert [str(reaction.emoji) for reaction in fetched.reactions] == ["\N{THUMBS UP SIGN}"]
        await first.remove_reaction("\N{THUMBS UP SIGN}", bot.user)
        assert [m.content async for m in channel.history()] == ["theirs", "first"]
        assert [m.content async for m in channel.history(after=first)] == ["theirs"]
        async with channel.typing():
            await channel.get_partial_message(theirs.message.id).delete()
        await first.delete()
        assert [m async for m in channel.history()] == []
        with pytest.raises(discord.NotFound) as caught:
            await channel.fetch_message(first.id)
        assert caught.value.code == 10008
    assert loopback.unhandled == []


async def test_reactions_of_people_reach_a_bot_that_waits_for_them(run, world):
    def setup(bot):
        @bot.command()
        async def vote(ctx):
            message = await ctx.send("vote")
            reaction, user = await bot.wait_for("reaction_add")
            await message.edit(content=f"{user.name} said {reaction.emoji}")

    async with run(setup) as (loopback, bot):
        done = asyncio.Event()

        async def on_message_edit(_before, _after):
            done.set()

        bot.add_listener(on_message_edit)
        exchange = await loopback.say("!vote", replies=1)
        assert await exchange.replies[0].react("\N{SNOWMAN}", user=world.person("cleo"))
        await asyncio.wait_for(done.wait(), 5)
        assert exchange.content == "cleo said \N{SNOWMAN}"


async def test_the_bot_cannot_edit_what_others_wrote(run, guild):
    async with run() as (loopback, bot):
        theirs = await loopback.say("theirs", channel=guild.channel("general"))
        channel = bot.get_channel(guild.channel("general").id)
        with pytest.raises(discord.Forbidden) as caught:
            await channel.get_partial_message(theirs.message.id).edit(content="mine")
    assert caught.value.code == 50005


async def test_files_are_kept_and_can_be_read_again(run, guild):
    async with run() as (_, bot):
        channel = bot.get_channel(guild.channel("general").id)
        sent = await channel.send("see", file=discord.File(io.BytesIO(b"film"), "reel.txt"))
        assert sent.attachments[0].filename == "reel.txt"
        assert await sent.attachments[0].read() == b"film"
        edited = await sent.edit(content="still there")
        assert len(edited.attachments) == 1
        edited = await sent.edit(attachments=[])
        assert edited.attachments == []


async def test_mentions_and_members_resolve(run, world):
    def setup(bot):
        @bot.command()
        async def who(ctx, member: discord.Member):
            names = [user.name for user in ctx.message.mentions]
            await ctx.send(f"{member.name} {names} {ctx.author.joined_at.year}")

    async with run(setup) as (loopback, _):
        exchange = await loopback.say(f"!who {world.person('cleo').mention}")
    assert exchange.content == "cleo ['cleo'] 2020"


async def test_permission_checks_see_the_roles(run):
    def setup(bot):
        @bot.command()
        @commands.has_permissions(manage_messages=True)
        async def purge(ctx):
            await ctx.send("purged")

    async with run(setup) as (loopback, bot):
        assert (await loopback.say("!purge", user="ada")).content is None
        assert (await loopback.say("!purge", user="mod")).content == "purged"
    assert isinstance(bot.errors[0], commands.MissingPermissions)


async def test_the_owner_of_the_bot_is_known(run, world, guild):
    world.add_member(guild, world.owner)

    def setup(bot):
        @bot.command()
        @commands.is_owner()
        async def debug(ctx):
            await ctx.send("secrets")

    async with run(setup) as (loopback, _):
        assert (await loopback.say("!debug", user="ada")).content is None
        assert (await loopback.say("!debug", user=world.owner)).content == "secrets"


async def test_cooldowns_follow_the_clock_in_the_message_ids(run):
    def setup(bot):
        @bot.command()
        @commands.cooldown(1, 30, commands.BucketType.user)
        async def rare(ctx):
            await ctx.send("now")

    clock = ManualClock()
    async with run(setup, clock=clock) as (loopback, bot):
        assert (await loopback.say("!rare")).content == "now"
        assert (await loopback.say("!rare")).content is None
        clock.advance(31)
        assert (await loopback.say("!rare")).content == "now"
    assert [type(error) for error in bot.errors] == [commands.CommandOnCooldown]


async def test_a_burst_of_200_messages_is_answered_whole(run):
    async with run(talk) as (loopback, _):
        for number in range(200):
            loopback.post_message(f"!ping {number}", user="ada")
        last = await loopback.say("!ping 200", user="bob")
        history = [reply.content for reply in last.replies]
        assert last.finished
        assert loopback.counters.messages == 201
        assert loopback.counters.answers == 201
        assert "Pong 200!" in history
        assert loopback.counters.errors == loopback.counters.refused == 0


async def test_two_conversations_at_once_do_not_mix(run, world):
    async with run(talk) as (loopback, _):
        people = [world.person(name) for name in ("ada", "bob", "cleo", "mod")]
        exchanges = await asyncio.gather(
            *(
                loopback.say(f"!ping {number}", channel=world.dm(person))
                for number, person in enumerate(people)
            )
        )
    assert [e.content for e in exchanges] == ["Pong 0!", "Pong 1!", "Pong 2!", "Pong 3!"]
    assert all(len(exchange.replies) == 1 for exchange in exchanges)
