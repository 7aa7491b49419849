"""Alerts that the bot itself posts, and the buttons under them, through a real client."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from discord.ext import commands

from changeover import Changeover, Settings
from changeover.core.clock import ManualClock
from changeover.demo.loopback.conversation import Reply
from changeover.testing import LoopbackDiscord

pytestmark = pytest.mark.slow

PLAN = '[rollout]\nmode = "approve"\nbaseline = 0\n'


def fail(error):
    """An error of ours on the bot's road fails the test."""
    raise error


async def until(is_so, within_s=8.0):
    deadline = asyncio.get_running_loop().time() + within_s
    while not (found := is_so()):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    return found


def title(message):
    return message.embeds[0]["title"].replace("\\", "")


def labels(message):
    return [button["label"] for button in message.controls() if "label" in button]


class Stage:
    """A bot with `ping` in two versions, whose monitor's time the test turns."""

    def __init__(self, changeover, loopback):
        self.changeover = changeover
        self.loopback = loopback

    def posted(self):
        """The bot's messages that nobody asked for, the oldest first."""
        messages = self.loopback._hub.messages._messages.values()
        return [m for m in messages if m.author.bot and m.origin is None and m.embeds]

    async def deliver(self, count):
        """Let what is owed come to be due, and wait for so many messages in all."""
        for _ in range(2):
            await self.step()
        self.changeover._clock.advance(11)  # what fires within 10 s goes together
        self.changeover._delivery.wake()
        return await until(lambda: len(found := self.posted()) >= count and found)

    async def press(self, message, label, name):
        """What the user is told, alone."""
        user = self.loopback.world.person(name)
        reply = Reply(message, self.loopback._people)
        answer = await reply.press(label, user=user, timeout_s=0.2)
        [told] = await until(lambda: answer.interaction.followups)
        assert told.is_ephemeral
        return told.content

    async def step(self, seconds=1):
        self.changeover._clock.advance(seconds)
        await asyncio.to_thread(self.changeover.tick)

    def share(self):
        return self.changeover.flags.share("ddd.commands.utility")

    def flips(self, subject):
        return self.changeover._state.flips(50, subject)


@pytest.fixture
def make(tmp_path, world):
    """Makes monitors on one folder, one after the other."""
    made = []
    channel = next(iter(world.guilds.values())).channel("general")
    (tmp_path / "changeover.toml").write_text(PLAN)

    def make_one(clock, operators=("ada",)):
        one = Changeover(
            Settings(
                data_dir=tmp_path,
                http=False,
                config_file=tmp_path / "changeover.toml",
                alert_bot_channel=channel.id,
                discord_operators=tuple(world.person(name).id for name in operators),
            ),
            clock=clock,
            on_error=fail,
        )
        one.new("ping", category="utility")(new_ping)
        made.append(one)
        return one

    yield make_one
    for one in made:
        one.stop()


async def new_ping(ctx):
    await ctx.send("new")


def add_ping(bot):
    @bot.command()
    async def ping(ctx):
        await ctx.send("legacy")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def play(make, clock, make_bot):
    """`async with play() as stage`: the monitor is attached, and the move may begin."""

    @contextlib.asynccontextmanager
    async def play(world, **options):
        changeover = make(clock, **options)
        bot = make_bot(add_ping, cls=commands.Bot)
        changeover.attach(bot)
        async with LoopbackDiscord(world=world) as loopback, loopback.running(bot):
            for name in ("enabled", "integration"):
                changeover.set_flag(f"ddd.commands.{name}", "on", actor="test")
            yield Stage(changeover, loopback)
            changeover.stop()

    return play


async def test_what_fires_is_posted_and_its_end_answers_it(play, world):
    async with play(world) as stage:
        [asked] = await stage.deliver(1)
        assert title(asked) == "Warning: approval"
        assert "0% to 1%" in asked.embeds[0]["description"]
        order = {"actor": "cli:ada", "reason": "not today"}
        stage.changeover.moving.act(lambda: stage.changeover.rollout.hold("utility", **order))
        _, over = await stage.deliver(2)
        assert title(over) == "Resolved: approval"
        assert over.reference_id == asked.id
        assert not over.components


async def test_a_listed_user_approves_and_the_audit_says_who(play, world):
    async with play(world) as stage:
        [asked] = await stage.deliver(1)
        assert labels(asked) == ["Approve utility", "Hold utility", "Roll back utility"]
        told = await stage.press(asked, "Approve utility", "ada")
        assert told.startswith("utility is approved")
        await stage.step()
        assert stage.share() == 1
        ada = f"discord:{world.person('ada').id}"
        approved = next(flip for flip in stage.flips("stage utility") if flip.new == "approved")
        assert (approved.actor, approved.reason) == (ada, "pressed in Discord")


async def test_a_listed_user_takes_back_what_went_up(play, world):
    async with play(world) as stage:
        [asked] = await stage.deliver(1)
        await stage.press(asked, "Approve utility", "ada")
        await stage.step()
        told = await stage.press(asked, "Roll back utility", "ada")
        assert told == "utility is on legacy until somebody resumes it."
        assert stage.share() == 0
        posted = {title(message): message for message in await stage.deliver(3)}
        assert labels(posted["Warning: rollback"]) == ["Hold utility", "Roll back utility"]
        assert labels(posted["Resolved: approval"]) == []


async def test_somebody_who_is_not_listed_changes_nothing_and_is_audited(play, world):
    async with play(world) as stage:
        [asked] = await stage.deliver(1)
        for label in ("Approve utility", "Roll back utility"):
            told = await stage.press(asked, label, "bob")
            assert told == "Nothing was done: you are not among those who may press this."
        await stage.step()
        await stage.step()
        assert not stage.share()
        assert not [flip for flip in stage.flips("stage utility") if flip.new == "approved"]
        bob = f"discord:{world.person('bob').id}"
        refused = [flip for flip in stage.flips(None) if flip.actor == bob]
        assert {flip.subject for flip in refused} == {
            "request button approve utility",
            "request button rollback utility",
        }
        assert all("refused" in flip.new for flip in refused)


async def test_a_press_on_what_has_changed_since_is_refused_and_says_what_changed(play, world):
    async with play(world) as stage:
        [asked] = await stage.deliver(1)
        rollout, order = stage.changeover.rollout, {"actor": "cli:bea", "reason": "a question"}
        stage.changeover.moving.act(lambda: rollout.hold("utility", **order))
        told = await stage.press(asked, "Approve utility", "ada")
        assert told.replace("\\", "") == (
            "Nothing was done: utility changed meanwhile: it is at 0%, held by cli:bea."
        )
        await stage.step()
        assert not stage.share()


async def test_the_buttons_of_before_a_restart_still_work(play, world, clock):
    async with play(world) as stage:
        [asked] = await stage.deliver(1)
    clock.advance(60)
    async with play(world) as stage:
        stage.loopback._hub.messages.add(asked)  # Discord itself forgets nothing
        await stage.step()
        told = await stage.press(asked, "Approve utility", "ada")
        assert told.startswith("utility is approved")
        await stage.step()
        assert stage.share() == 1


async def test_without_operators_there_are_no_buttons(play, world):
    async with play(world, operators=()) as stage:
        [asked] = await stage.deliver(1)
        assert not asked.components


async def test_a_detached_bot_posts_nothing_and_what_is_owed_waits(play, world):
    async with play(world) as stage:
        [channel] = [c for c in stage.changeover._channels.values() if c.name == "bot"]
        assert channel.post is not None
        stage.changeover.detach()
        assert channel.post is None
