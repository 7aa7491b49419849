"""The bot itself posts messages for the monitor, and hands it the presses of its buttons."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from changeover.core.errors import ChannelError
from changeover.demo.loopback.conversation import Reply

BODY = {
    "embeds": [{"title": "ping fails", "color": 0xD03030}],
    "components": [
        {
            "type": 1,
            "components": [
                {"type": 2, "style": 4, "label": "Roll back", "custom_id": "changeover:back:7"}
            ],
        }
    ],
    "allowed_mentions": {"parse": []},
}


def channel_of(loopback):
    return next(iter(loopback.world.guilds.values())).channel("general")


def posted(loopback, message_id):
    message = loopback._hub.messages.get(channel_of(loopback).id, int(message_id))
    return Reply(message, loopback._people)


async def until(is_so, within_s=5.0):
    deadline = asyncio.get_running_loop().time() + within_s
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


async def test_the_bot_posts_from_its_own_loop_and_from_another_thread(run, changeover, rows):
    async with run() as (loopback, _bot):
        channel = channel_of(loopback)
        first = await changeover._post(channel.id, BODY)
        second = await asyncio.to_thread(
            lambda: asyncio.run(changeover._post(channel.id, {"content": "from afar"}))
        )
        assert posted(loopback, first).embeds[0]["title"] == "ping fails"
        assert posted(loopback, second).content == "from afar"
        assert rows() == []  # nobody used anything


async def test_what_discord_refuses_is_a_channels_error_for_good(run, changeover):
    async with run() as (loopback, _bot):
        for channel, body in ((channel_of(loopback).id, {"content": ""}), (7, BODY)):
            with pytest.raises(ChannelError, match=r"answered 40[034]") as caught:
                await changeover._post(channel, body)
            assert caught.value.permanent


async def test_the_rate_limit_is_kept_and_a_post_that_waits_too_long_ends(run, changeover):
    async with run() as (loopback, _bot):
        channel = channel_of(loopback)
        loopback.rate_limit_next("POST /channels/*/messages", 0.05)
        assert await changeover._post(channel.id, {"content": "late"})
        loopback.rate_limit_next("POST /channels/*/messages", 30)
        with pytest.raises(ChannelError, match=r"no answer within 0\.2 s") as caught:
            await changeover._bot.post(channel.id, {"content": "never"}, timeout_s=0.2)
        assert not caught.value.permanent


async def test_without_a_running_bot_nothing_is_posted(run, changeover):
    with pytest.raises(ChannelError, match="no bot is attached"):
        await changeover._post(7, BODY)
    async with run() as (_loopback, bot):
        pass
    with pytest.raises(ChannelError):
        await changeover._post(7, BODY)
    assert bot.is_closed()


async def test_a_press_of_our_button_is_answered_to_its_user_alone(run, changeover, rows):
    presses = []

    async def on_button(user_id, custom_id):
        presses.append((user_id, custom_id, threading.current_thread()))
        await asyncio.sleep(0)
        return "rolled back"

    changeover._answer_buttons(on_button)
    async with run() as (loopback, _bot):
        ada = loopback.world.person("ada")
        message_id = await changeover._post(channel_of(loopback).id, BODY)
        answer = await posted(loopback, message_id).press("Roll back", user=ada)
        await until(lambda: answer.interaction.followups)
        [told] = answer.interaction.followups
        assert told.content == "rolled back"
        assert told.is_ephemeral
        assert presses == [(ada.id, "changeover:back:7", threading.current_thread())]
        assert rows() == []  # no command, and no component of the bot


async def test_a_press_that_fails_is_told_and_logged_and_the_bot_goes_on(
    run, changeover, rows, caplog
):
    async def on_button(_user_id, _custom_id):
        raise KeyError("not rolled back")

    changeover._guard._on_error = None  # this error is meant
    changeover._answer_buttons(on_button)
    async with run() as (loopback, _bot):
        message_id = await changeover._post(channel_of(loopback).id, BODY)
        with caplog.at_level(logging.ERROR, "changeover"):
            answer = await posted(loopback, message_id).press("Roll back")
            await until(lambda: answer.interaction.followups)
        assert "did not work" in answer.interaction.followups[0].content
        assert "attach.button" in caplog.text
        assert (await loopback.say("!ping 7")).content == "legacy 7"
        assert [row[0] for row in rows()] == ["ping"]


async def test_detached_the_bot_hears_of_every_press_again(run, changeover):
    async def on_button(_user_id, _custom_id):
        raise AssertionError

    changeover._answer_buttons(on_button)
    async with run() as (loopback, bot):
        heard = []

        @bot.event
        async def on_interaction(interaction):
            heard.append(interaction.id)
            process = getattr(bot, "process_application_commands", None)
            if process is not None:
                await process(interaction)

        message_id = await changeover._post(channel_of(loopback).id, BODY)
        changeover.detach()
        answer = await posted(loopback, message_id).press("Roll back")
        assert answer.replies == []
        assert heard == [answer.interaction.id]
