"""The bot's behaviour, promised by both implementations: all commands, utility, and both at once."""

from __future__ import annotations

import math

import pytest

from changeover.core.model import Outcome
from changeover.demo.call import Channel
from changeover.demo.catalogue import COMMANDS
from changeover.demo.mistakes import (
    BadInputError,
    MistakeError,
    NotAllowedError,
    NotThereError,
    TooOftenError,
)


def test_every_command_of_the_catalogue_has_a_handler(bench):
    assert set(bench.handlers) == set(COMMANDS)
    assert len(COMMANDS) == 18


# --- ping, status, help --------------------------------------------------------------------------


async def test_ping_tells_the_latency_in_milliseconds(bench):
    assert "42 ms" in await bench.text("ping", facts={"latency_s": 0.042})


async def test_ping_is_never_negative(bench):
    assert "answers me in 0 ms" in await bench.text("ping", facts={"latency_s": -0.001})


@pytest.mark.parametrize("unmeasured", [math.nan, math.inf])
async def test_ping_before_the_first_heartbeat_says_so(bench, unmeasured):
    assert "not measured" in await bench.text("ping", facts={"latency_s": unmeasured})


async def test_status_counts_what_is_there(bench):
    await bench.run("add", name="One")
    await bench.run("add", name="Two", by=bench.bob)
    await bench.run("activate", personality="One", by=bench.moderator)
    bench.now_s += 2 * 3600 + 7 * 60
    fields = dict((await bench.run("status")).fields)
    assert fields == {
        "Up": "2 h 07 min",
        "Servers": "5",
        "Personalities": "2, 1 of them yours",
        "Active channels": "1",
        "You": "not signed in, not verified",
    }


async def test_status_never_shows_a_negative_uptime(bench):
    bench.now_s -= 5
    assert dict((await bench.run("status")).fields)["Up"] == "0 h 00 min"


async def test_status_knows_who_is_verified(bench):
    await bench.run("verify", at=bench.adults)
    assert dict((await bench.run("status")).fields)["You"] == "not signed in, verified"


async def test_help_shows_all_commands_by_category(bench):
    reply = await bench.run("help")
    assert [name for name, _ in reply.fields] == [
        "Utility",
        "Authentication",
        "Conversation",
        "Personality",
    ]
    assert sum(len(value.splitlines()) for _, value in reply.fields) == 18


async def test_help_keeps_the_space_after_the_prefix(bench):
    shown = "\n".join(value for _, value in (await bench.run("help")).fields)
    assert all(f"`!tz {name}" in shown for name in COMMANDS)
    assert "!tzadd" not in shown


async def test_help_uses_the_prefix_of_the_day(bench):
    assert await bench.text("help", command="ping", facts={"prefix": "?"}) == (
        "`?ping`: Say how fast I am."
    )


async def test_help_explains_one_command_whatever_its_case(bench):
    assert (await bench.text("help", command="ADD")).startswith("`!tz add <name> [description]`:")


async def test_help_for_an_unknown_command_says_which(bench):
    with pytest.raises(NotThereError, match="`nosuch`"):
        await bench.run("help", command="nosuch")


async def test_every_field_fits_in_an_embed(bench):
    reply = await bench.run("help")
    assert all(len(value) <= 1024 for _, value in reply.fields)


# --- notifications, debug, purgbot, volumetest ---------------------------------------------------


async def test_notifications_are_off_until_asked_for(bench):
    assert await bench.text("notifications") == "You hear of no releases."


async def test_notifications_on_starts_with_minor_releases(bench):
    assert (await bench.text("notifications", setting="on")).endswith("major, minor.")


@pytest.mark.parametrize(
    ("level", "heard"),
    [("major", "major."), ("minor", "major, minor."), ("patch", "major, minor, patch.")],
)
async def test_a_level_switches_notifications_on(bench, level, heard):
    assert (await bench.text("notifications", setting=level)).endswith(f": {heard}")


async def test_notifications_off_keeps_the_level_for_later(bench):
    for setting in ("patch", "off"):
        await bench.run("notifications", setting=setting)
    assert await bench.text("notifications") == "You hear of no releases."
    assert (await bench.text("notifications", setting="on")).endswith("minor, patch.")


async def test_notifications_refuse_other_words_and_name_the_choices(bench):
    with pytest.raises(BadInputError, match="`loud` is no setting: use status, on, off, major"):
        await bench.run("notifications", setting="loud")


async def test_debug_is_for_administrators(bench):
    with pytest.raises(NotAllowedError):
        await bench.run("debug", by=bench.moderator)


async def test_debug_counts_the_tables(bench):
    await bench.run("add", name="One")
    await bench.run("alias", personality="One", alias="first of all")
    fields = dict((await bench.run("debug", by=bench.admin)).fields)
    assert fields["Personalities"] == "1"
    assert fields["Aliases"] == "1"
    assert fields["Signed in"] == "0"


async def test_debug_of_a_channel_counts_who_spoke(bench):
    await bench.run("add", name="One")
    bench.hear("@One hello")
    bench.hear("@One hello again")
    bench.hear("@One hi", by=bench.bob)
    fields = dict((await bench.run("debug", topic="channel", by=bench.admin)).fields)
    assert fields == {"Active": "nobody", "People": "2", "Messages": "3"}


async def test_debug_refuses_other_topics(bench):
    with pytest.raises(BadInputError, match="topic"):
        await bench.run("debug", topic="secrets", by=bench.admin)


class Messages:
    """A channel's own messages of the bot."""

    def __init__(self, count):
        self.count = count
        self.channel = Channel(id=700, purge=self.purge)
        self.direct = Channel(id=702, purge=self.purge)

    async def purge(self, limit):
        deleted = min(limit, self.count)
        self.count -= deleted
        return deleted


async def test_purgbot_deletes_the_bots_messages(bench):
    messages = Messages(3)
    assert await bench.text("purgbot", by=bench.moderator, at=messages.channel) == (
        "I deleted 3 messages of mine."
    )
    assert messages.count == 0


async def test_purgbot_deletes_no_more_than_asked(bench):
    messages = Messages(3)
    reply = await bench.text("purgbot", by=bench.moderator, at=messages.channel, limit=1)
    assert reply == "I deleted 1 message of mine."
    assert messages.count == 2


async def test_purgbot_is_for_moderators_in_a_server(bench):
    messages = Messages(3)
    with pytest.raises(NotAllowedError):
        await bench.run("purgbot", at=messages.channel)
    assert messages.count == 3


async def test_purgbot_is_for_everybody_in_direct_messages(bench):
    assert "2 messages" in await bench.text("purgbot", at=Messages(2).direct)


async def test_purgbot_with_nothing_to_delete_says_so(bench):
    assert "no messages" in await bench.text("purgbot", by=bench.moderator)


@pytest.mark.parametrize("limit", [0, -1, 101])
async def test_purgbot_refuses_limits_out_of_range(bench, limit):
    with pytest.raises(BadInputError, match="from 1 to 100"):
        await bench.run("purgbot", by=bench.moderator, limit=limit)


async def test_volumetest_leaves_nothing_behind(bench):
    before = bench.contents()
    reply = await bench.text("volumetest", count=80, by=bench.admin)
    assert reply == "I created 80 personalities and removed 80."
    assert bench.contents() == before


async def test_volumetest_touches_nobody_elses_personalities(bench):
    await bench.run("add", name="volume", by=bench.admin)
    await bench.run("volumetest", count=2, by=bench.admin)
    assert "volume" in str((await bench.run("list", by=bench.admin)).fields)


async def test_volumetest_is_for_administrators(bench):
    with pytest.raises(NotAllowedError):
        await bench.run("volumetest", count=1)


@pytest.mark.parametrize("count", [0, -5, 81])
async def test_volumetest_refuses_counts_out_of_range(bench, count):
    with pytest.raises(BadInputError, match="from 1 to 80"):
        await bench.run("volumetest", count=count, by=bench.admin)


# --- both ----------------------------------------------------------------------------------------


async def test_what_one_system_stores_the_other_sees(shared):
    legacy, ddd = shared
    await legacy.run("add", name="Old")
    await ddd.run("add", name="New")
    await legacy.run("alias", personality="New", alias="newer one")
    assert (await ddd.run("info", personality="newer one")).title == "New"
    assert (await ddd.run("list")).fields == (await legacy.run("list")).fields
    with pytest.raises(BadInputError, match="already"):
        await ddd.run("add", name="OLD")
    with pytest.raises(BadInputError, match="already"):
        await legacy.run("add", name="new")


async def test_a_sign_in_begun_in_one_system_ends_in_the_other(shared):
    legacy, ddd = shared
    code = await legacy.ask_for_code()
    assert "until" in await ddd.text("auth", action="code", code=code, at=ddd.direct)
    assert "until" in await legacy.text("auth")


@pytest.mark.parametrize(
    ("mistake", "outcome"),
    [
        (BadInputError, Outcome.USER_ERROR),
        (NotAllowedError, Outcome.DENIED),
        (TooOftenError, Outcome.THROTTLED),
        (NotThereError, Outcome.NOT_FOUND),
    ],
)
def test_mistakes_tell_their_outcome_and_none_is_an_error_of_the_bot(mistake, outcome):
    assert issubclass(mistake, MistakeError)
    assert mistake.changeover_outcome is outcome
    assert not mistake.changeover_outcome.is_error
