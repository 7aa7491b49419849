"""Application commands, through the real discord.py client."""

from __future__ import annotations

from typing import Literal

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from changeover.testing import (
    BadOptionError,
    ManualClock,
    NotAllowedError,
    UnknownCommandError,
)

Interaction = discord.Interaction


def slashes(bot):
    tree = bot.tree
    add_options(tree)
    add_searches(tree)
    add_menus(tree)
    add_rules(tree)

    @bot.hybrid_command()
    async def both(ctx, word: str = "nothing"):
        await ctx.send(f"{word} by {'slash' if ctx.interaction else 'prefix'}")

    @tree.command()
    async def mute(_interaction: Interaction):
        pass

    @tree.command()
    async def boom(_interaction: Interaction):
        raise ZeroDivisionError


def add_options(tree):
    @tree.command()
    async def greet(
        interaction: Interaction,
        name: str,
        times: app_commands.Range[int, 1, 5] = 1,
        loud: bool = False,
    ):
        text = " ".join([f"hi {name}"] * times)
        await interaction.response.send_message(text.upper() if loud else text)

    @tree.command()
    async def whois(
        interaction: Interaction, member: discord.Member, role: discord.Role | None = None
    ):
        roles = [each.name for each in member.roles]
        await interaction.response.send_message(f"{member.name} {roles} {role and role.name}")

    @tree.command()
    async def pick(interaction: Interaction, size: Literal["small", "big"]):
        await interaction.response.send_message(size)


def add_searches(tree):
    @tree.command()
    async def song(interaction: Interaction, title: str, by: str = ""):
        await interaction.response.send_message(f"{title} {by}")

    @song.autocomplete("title")
    async def titles(_interaction: Interaction, current: str):
        found = [title for title in ("Metropolis", "M", "Nosferatu") if current in title]
        return [app_commands.Choice(name=title, value=title) for title in found]

    group = app_commands.Group(name="alias", description="names")

    @group.command()
    async def add(interaction: Interaction, name: str):
        await interaction.response.send_message(f"alias {name}")

    tree.add_command(group)


def add_menus(tree):
    @tree.context_menu(name="Report")
    async def report(interaction: Interaction, member: discord.Member):
        await interaction.response.send_message(f"{member.name} reported", ephemeral=True)

    @tree.context_menu(name="Quote")
    async def quote(interaction: Interaction, message: discord.Message):
        await interaction.response.send_message(f"> {message.content}")


def add_rules(tree):
    @tree.command()
    @app_commands.default_permissions(manage_messages=True)
    async def sweep(interaction: Interaction):
        await interaction.response.send_message("swept")

    @tree.command()
    @app_commands.guild_only()
    async def house(interaction: Interaction):
        await interaction.response.send_message("in the house")

    @tree.command()
    async def later(interaction: Interaction, hidden: bool = False):
        await interaction.response.defer(ephemeral=hidden, thinking=True)
        await interaction.followup.send("first")
        await interaction.followup.send("second", ephemeral=True)


async def test_options_arrive_with_their_types(run):
    async with run(slashes) as (loopback, _):
        assert (await loopback.invoke("/greet", name="Bob")).content == "hi Bob"
        answer = await loopback.invoke("/greet", {"name": "Bob"}, times="2", loud=True)
    assert answer.content == "HI BOB HI BOB"
    assert (answer.error, answer.ephemeral, answer.deferred) == (None, False, False)
    assert loopback.unhandled == []


async def test_members_and_roles_are_resolved(run, world, guild):
    async with run(slashes) as (loopback, _):
        moderator, role = world.person("mod"), guild.role("Moderator")
        answer = await loopback.invoke("/whois", member=moderator, role=role)
    assert answer.content == "mod ['@everyone', 'Moderator'] Moderator"


async def test_choices_are_found_by_name_and_enforced(run):
    async with run(slashes) as (loopback, _):
        assert (await loopback.invoke("/pick", size="big")).content == "big"
        with pytest.raises(BadOptionError, match="one of small, big"):
            await loopback.invoke("/pick", size="huge")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "'name' is required"),
        ({"name": "B", "times": 6}, "expected 1 to 5"),
        ({"name": "B", "times": "many"}, "expected a whole number"),
        ({"name": "B", "loud": "perhaps"}, "expected true or false"),
        ({"name": "B", "colour": "red"}, "no option 'colour'"),
    ],
)
async def test_what_discords_client_would_refuse_never_reaches_the_bot(run, options, complaint):
    async with run(slashes) as (loopback, _):
        with pytest.raises(BadOptionError, match=complaint):
            await loopback.invoke("/greet", options)
        assert loopback.counters.interactions == 0


async def test_only_synced_commands_can_be_used(run, make_bot):
    bot = make_bot()

    @bot.event
    async def setup_hook():
        slashes(bot)

    async with run(bot=bot) as (loopback, _):
        with pytest.raises(UnknownCommandError, match=r"tree\.sync"):
            await loopback.invoke("/greet", name="Bob")
        await bot.tree.sync()
        with pytest.raises(UnknownCommandError, match="/greet"):
            await loopback.invoke("/gret", name="Bob")
        assert (await loopback.invoke("/greet", name="Bob")).content == "hi Bob"


async def test_commands_of_one_guild_are_only_there(run, world, guild):
    elsewhere = world.add_guild("Elsewhere", owner=world.person("ada"))

    async with run(slashes) as (loopback, bot):
        here = discord.Object(guild.id)
        bot.tree.clear_commands(guild=None)
        await bot.tree.sync()

        @bot.tree.command(guild=here)
        async def local(interaction: Interaction):
            await interaction.response.send_message("local")

        synced = await bot.tree.sync(guild=here)
        assert [command.guild_id for command in synced] == [guild.id]
        assert [c.id for c in await bot.tree.fetch_commands(guild=here)] == [synced[0].id]
        answer = await loopback.invoke("/local", channel=guild.channel("general"))
        assert answer.content == "local"
        with pytest.raises(UnknownCommandError):
            await loopback.invoke("/local", user="ada", channel=elsewhere.channel("general"))


async def test_a_second_sync_keeps_the_ids(run):
    async with run(slashes) as (_, bot):
        first = {command.name: command.id for command in await bot.tree.sync()}
        second = {command.name: command.id for command in await bot.tree.sync()}
    assert first == second


async def test_what_discord_would_not_register_fails_the_sync(run):
    def setup(bot):
        @bot.tree.command(description="x")
        async def fine(_interaction: Interaction):
            pass

    async with run(setup) as (_, bot):
        bot.tree.get_command("fine").description = "x" * 101
        with pytest.raises(app_commands.CommandSyncFailure) as caught:
            await bot.tree.sync()
    assert caught.value.code == 50035
    assert "description" in str(caught.value)


async def test_autocomplete_offers_choices(run):
    async with run(slashes) as (loopback, _):
        answer = await loopback.autocomplete("/song", "title", "M")
        assert [choice["value"] for choice in answer.choices] == ["Metropolis", "M"]
        with pytest.raises(NotAllowedError, match="no autocomplete"):
            await loopback.autocomplete("/song", "by", "L", {"title": "M"})


async def test_subcommands_are_reached_through_their_group(run):
    async with run(slashes) as (loopback, bot):
        answer = await loopback.invoke("/alias add", name="x")
        assert answer.content == "alias x"
        assert answer.interaction.name == "alias add"
        with pytest.raises(UnknownCommandError, match="only a group"):
            await loopback.invoke("/alias")
        with pytest.raises(UnknownCommandError, match="no subcommand 'del'"):
            await loopback.invoke("/alias del")
    assert bot.errors == []


async def test_menus_of_users_and_messages_work(run, world):
    async with run(slashes) as (loopback, _):
        answer = await loopback.invoke("Report", target=world.person("bob"))
        assert (answer.content, answer.ephemeral) == ("bob reported", True)
        said = await loopback.say("to be or not")
        assert (await loopback.invoke("Quote", target=said.message)).content == "> to be or not"


async def test_default_member_permissions_hide_a_command(run):
    async with run(slashes) as (loopback, _):
        with pytest.raises(NotAllowedError, match="MANAGE_MESSAGES"):
            await loopback.invoke("/sweep", user="ada")
        assert (await loopback.invoke("/sweep", user="mod")).content == "swept"


async def test_direct_messages_have_global_commands_but_no_guild_only_ones(run, world):
    dm = world.dm(world.person("bob"))
    async with run(slashes) as (loopback, _):
        assert (await loopback.invoke("/greet", name="B", channel=dm)).content == "hi B"
        with pytest.raises(NotAllowedError, match="direct messages"):
            await loopback.invoke("/house", channel=dm)


@pytest.mark.parametrize("hidden", [True, False])
async def test_the_first_follow_up_becomes_the_deferred_answer(run, hidden):
    async with run(slashes) as (loopback, _):
        answer = await loopback.invoke("/later", hidden=hidden)
    assert (answer.deferred, answer.ephemeral, answer.error) == (True, hidden, None)
    assert [reply.content for reply in answer.replies] == ["first", "second"]
    assert answer.replies[1].ephemeral


async def test_a_deferral_without_an_answer_stays_thinking(run):
    def setup(bot):
        @bot.tree.command()
        async def forget(interaction: Interaction):
            await interaction.response.defer()

    async with run(setup) as (loopback, _):
        answer = await loopback.invoke("/forget")
    assert (answer.content, answer.error) == (None, "The application is still thinking")


async def test_answers_can_be_edited_read_and_deleted(run):
    def setup(bot):
        @bot.tree.command()
        async def work(interaction: Interaction):
            await interaction.response.defer()
            await interaction.edit_original_response(content="half")
            message = await interaction.original_response()
            await interaction.edit_original_response(content=message.content + " and whole")
            more = await interaction.followup.send("gone soon", wait=True)
            await more.edit(content="nearly gone")
            await more.delete()

    async with run(setup) as (loopback, bot):
        answer = await loopback.invoke("/work")
        assert [reply.content for reply in answer.replies] == ["half and whole"]
        assert bot.errors == []


async def test_a_hybrid_command_works_both_ways(run):
    async with run(slashes) as (loopback, _):
        assert (await loopback.say("!both film")).content == "film by prefix"
        assert (await loopback.invoke("/both", word="film")).content == "film by slash"


@pytest.mark.parametrize("command", ["/mute", "/boom"])
async def test_no_answer_is_what_the_person_reads(run, command):
    async with run(slashes) as (loopback, _):
        answer = await loopback.invoke(command, timeout_s=60)
    assert answer.error == "The application did not respond"
    assert answer.finished


async def test_an_answer_after_3_seconds_is_10062(run):
    clock = ManualClock()

    def setup(bot):
        @bot.tree.command()
        async def slow(interaction: Interaction, seconds: float):
            clock.advance(seconds)
            await interaction.response.send_message("at last")

    async with run(setup, clock=clock) as (loopback, bot):
        assert (await loopback.invoke("/slow", seconds=2.9)).content == "at last"
        answer = await loopback.invoke("/slow", seconds=3.2)
        assert answer.error == "The application did not respond in time"
        assert loopback.counters.late == 1
    assert isinstance(bot.errors[0], discord.NotFound)
    assert bot.errors[0].code == 10062


async def test_a_second_answer_is_40060(run):
    def setup(bot):
        @bot.tree.command()
        async def twice(interaction: Interaction):
            await interaction.response.send_message("one")
            interaction.response._response_type = None  # as another process would
            await interaction.response.send_message("two")

    async with run(setup) as (loopback, bot):
        assert (await loopback.invoke("/twice")).content == "one"
    assert bot.errors[0].code == 40060
    assert bot.errors[0].status == 400


async def test_follow_ups_end_after_15_minutes(run):
    clock = ManualClock()

    def setup(bot):
        @bot.tree.command()
        async def long(interaction: Interaction, seconds: float):
            await interaction.response.defer()
            clock.advance(seconds)
            await interaction.followup.send("done")

    async with run(setup, clock=clock) as (loopback, bot):
        assert (await loopback.invoke("/long", seconds=899)).content == "done"
        assert (await loopback.invoke("/long", seconds=901)).content is None
    assert (bot.errors[0].status, bot.errors[0].code) == (401, 50027)


async def test_an_invalid_answer_can_be_followed_by_a_better_one(run):
    def setup(bot):
        @bot.tree.command()
        async def long(interaction: Interaction):
            try:
                await interaction.response.send_message("x" * 2001)
            except discord.HTTPException as error:
                await interaction.response.send_message(f"refused {error.code}")

    async with run(setup) as (loopback, _):
        assert (await loopback.invoke("/long")).content == "refused 50035"


async def test_answers_need_no_permission_in_the_channel(run, guild):
    async with run(slashes) as (loopback, _):
        news = guild.channel("news")
        answer = await loopback.invoke("/greet", name="B", user="mod", channel=news)
    assert answer.content == "hi B"


async def test_checks_and_cooldowns_of_slash_commands_hold(run):
    def setup(bot):
        @bot.tree.command()
        @app_commands.checks.has_permissions(manage_messages=True)
        async def purge(interaction: Interaction):
            await interaction.response.send_message("purged")

    async with run(setup) as (loopback, bot):
        assert (await loopback.invoke("/purge", user="ada")).content is None
        assert (await loopback.invoke("/purge", user="mod")).content == "purged"
    assert isinstance(bot.errors[0], app_commands.MissingPermissions)


async def test_people_are_named_in_what_the_bot_sees(run, world):
    def setup(bot):
        @bot.tree.command()
        async def me(interaction: Interaction):
            where = f"{interaction.user.name} in {interaction.channel} of {interaction.guild}"
            await interaction.response.send_message(where)

    async with run(setup) as (loopback, _):
        answer = await loopback.invoke("/me", user=world.person("cleo"))
    assert answer.content == "cleo in general of Projection Room"


async def test_commands_can_come_and_go_one_by_one(run):
    async with run(slashes) as (loopback, bot):
        found = {command.name: command for command in await bot.tree.fetch_commands()}
        await found["greet"].delete()
        with pytest.raises(UnknownCommandError):
            await loopback.invoke("/greet", name="B")
        with pytest.raises(discord.NotFound) as caught:
            await found["greet"].delete()
        assert caught.value.code == 10063
        edited = await found["pick"].edit(name="choose")
        assert edited.name == "choose"
    assert loopback.unhandled == []


async def test_a_cog_full_of_commands_is_no_different(run):
    class Reel(commands.Cog):
        @commands.hybrid_group(fallback="show")
        async def reel(self, ctx):
            await ctx.send("reel")

        @reel.command()
        async def change(self, ctx, number: int):
            await ctx.send(f"changed to {number}")

    def setup(bot):
        async def load():
            await bot.add_cog(Reel())
            await bot.tree.sync()

        bot.setup_hook = load

    async with run(setup) as (loopback, _):
        assert (await loopback.say("!reel change 2")).content == "changed to 2"
        assert (await loopback.invoke("/reel show")).content == "reel"
        assert (await loopback.invoke("/reel change", number=3)).content == "changed to 3"
