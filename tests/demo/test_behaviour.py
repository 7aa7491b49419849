"""The bot's behaviour, promised by both implementations."""

from __future__ import annotations

import math

import pytest

from changeover.core.model import Kind, Outcome
from changeover.demo import rules
from changeover.demo.call import Channel
from changeover.demo.catalogue import COMMANDS
from changeover.demo.mistakes import (
    BadInputError,
    MistakeError,
    NotAllowedError,
    NotThereError,
    TooOftenError,
)

DAY_S = 86_400


def test_every_command_of_the_catalogue_has_a_handler(bench):
    assert set(bench.handlers) == set(COMMANDS)
    assert len(COMMANDS) == 18


# --- ping, status, help -----------------------------------------------------------------------


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


# --- notifications, debug, purgbot, volumetest ------------------------------------------------


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


# --- auth, verify -----------------------------------------------------------------------------


async def code_of(bench, **options):
    text = await bench.text("auth", action="start", at=bench.direct, **options)
    return text.split("`")[1]


async def test_nobody_is_signed_in_at_first(bench):
    assert "not signed in" in await bench.text("auth")


async def test_a_code_signs_in_for_thirty_days(bench):
    code = await code_of(bench)
    until = bench.now_s + 30 * DAY_S
    reply = await bench.text("auth", action="code", code=code, at=bench.direct)
    assert reply == f"You are signed in until <t:{until}:d>."
    bench.now_s = until - 1
    assert "signed in until" in await bench.text("auth")
    bench.now_s = until
    assert "not signed in" in await bench.text("auth")


async def test_a_code_is_read_whatever_its_case(bench):
    code = await code_of(bench)
    reply = await bench.text("auth", action="CODE", code=f" {code.lower()} ", at=bench.direct)
    assert "signed in until" in reply


async def test_a_code_works_once(bench):
    code = await code_of(bench)
    await bench.run("auth", action="code", code=code, at=bench.direct)
    with pytest.raises(BadInputError, match="no open code"):
        await bench.run("auth", action="code", code=code, at=bench.direct)


async def test_a_code_runs_out_after_ten_minutes(bench):
    code = await code_of(bench)
    bench.now_s += 600
    with pytest.raises(BadInputError, match="no open code"):
        await bench.run("auth", action="code", code=code, at=bench.direct)


async def test_a_new_code_makes_the_old_one_void(bench):
    old, new = await code_of(bench), await code_of(bench)
    assert old != new
    with pytest.raises(BadInputError, match="not the code"):
        await bench.run("auth", action="code", code=old, at=bench.direct)
    assert "until" in await bench.text("auth", action="code", code=new, at=bench.direct)


async def test_a_code_is_nobody_elses(bench):
    code = await code_of(bench)
    await code_of(bench, by=bench.bob)
    with pytest.raises(BadInputError, match="not the code"):
        await bench.run("auth", action="code", code=code, at=bench.direct, by=bench.bob)


async def test_the_fifth_wrong_code_makes_the_right_one_void(bench):
    code = await code_of(bench)
    for left in (4, 3, 2, 1):
        with pytest.raises(BadInputError, match=f"Tries left: {left}"):
            await bench.run("auth", action="code", code="WRONG", at=bench.direct)
    with pytest.raises(TooOftenError):
        await bench.run("auth", action="code", code="WRONG", at=bench.direct)
    with pytest.raises(BadInputError, match="no open code"):
        await bench.run("auth", action="code", code=code, at=bench.direct)


async def test_codes_are_never_asked_for_in_public(bench):
    for action in ("start", "code"):
        with pytest.raises(BadInputError, match="slash command"):
            await bench.run("auth", action=action, code="X", at=bench.general)


async def test_a_slash_command_in_a_server_is_private_enough_for_a_code(bench):
    reply = await bench.run("auth", action="start", at=bench.general, kind=Kind.SLASH)
    assert reply.ephemeral
    assert "`!tz auth code " in reply.text


async def test_auth_code_without_a_code_asks_for_it(bench):
    with pytest.raises(BadInputError, match="Which code"):
        await bench.run("auth", action="code", at=bench.direct)


async def test_revoke_signs_out_and_a_second_time_has_nothing_to_revoke(bench):
    code = await code_of(bench)
    await bench.run("auth", action="code", code=code, at=bench.direct)
    assert "signed out" in await bench.text("auth", action="revoke")
    with pytest.raises(BadInputError, match="not signed in"):
        await bench.run("auth", action="revoke")


async def test_auth_refuses_other_steps(bench):
    with pytest.raises(BadInputError, match="status, start, code, revoke"):
        await bench.run("auth", action="login")


async def test_the_file_keeps_neither_code_nor_token(bench):
    code = await code_of(bench)
    assert code not in str(bench.contents())
    await bench.run("auth", action="code", code=code, at=bench.direct)
    token = rules.token_for(bench.database.secret, bench.ann.id, 1)
    assert token not in str(bench.contents())


async def test_verify_works_in_an_age_restricted_channel(bench):
    assert "You are verified" in await bench.text("verify", at=bench.adults)
    assert "verified already" in await bench.text("verify", at=bench.general)


@pytest.mark.parametrize("place", ["general", "direct"])
async def test_verify_elsewhere_says_where(bench, place):
    with pytest.raises(BadInputError, match="age-restricted"):
        await bench.run("verify", at=getattr(bench, place))


# --- activate, deactivate, autorespond, reset -------------------------------------------------


async def test_an_active_personality_answers_everything_in_its_channel(bench):
    await bench.run("add", name="Tea")
    assert bench.hear("hello?") is None
    assert await bench.text("activate", personality="tea", by=bench.moderator) == (
        "**Tea** now speaks in this channel."
    )
    assert bench.hear("hello?").text == "**Tea:** That was message 1 between you and me."
    assert bench.hear("hello?", at=bench.adults) is None


async def test_activate_is_for_moderators(bench):
    await bench.run("add", name="Tea")
    with pytest.raises(NotAllowedError, match="Manage Messages"):
        await bench.run("activate", personality="Tea")


@pytest.mark.parametrize("person", ["moderator", "admin", "bot_owner"])
async def test_moderators_administrators_and_the_bots_owner_may_activate(bench, person):
    await bench.run("add", name="Tea")
    assert "Tea" in await bench.text("activate", personality="Tea", by=getattr(bench, person))


async def test_activate_replaces_who_spoke_before(bench):
    for name in ("Tea", "Coffee"):
        await bench.run("add", name=name)
        await bench.run("activate", personality=name, by=bench.moderator)
    assert bench.hear("hello").text.startswith("**Coffee:**")


async def test_activate_takes_an_alias_of_several_words(bench):
    await bench.run("add", name="Tea")
    await bench.run("alias", personality="Tea", alias="cup of tea")
    reply = await bench.text("activate", personality="Cup  Of Tea", by=bench.moderator)
    assert reply.startswith("**Tea**")


async def test_activate_of_nobody_known_says_whom(bench):
    with pytest.raises(NotThereError, match="`Ghost`"):
        await bench.run("activate", personality="Ghost", by=bench.moderator)


async def test_direct_messages_are_recognised_and_need_verification_instead_of_rights(bench):
    await bench.run("add", name="Tea")
    with pytest.raises(NotAllowedError, match="`verify`"):
        await bench.run("activate", personality="Tea", at=bench.direct)
    await bench.run("verify", at=bench.adults)
    assert "Tea" in await bench.text("activate", personality="Tea", at=bench.direct)
    assert "silent" in await bench.text("deactivate", at=bench.direct)


async def test_deactivate_silences_the_channel(bench):
    await bench.run("add", name="Tea")
    await bench.run("activate", personality="Tea", by=bench.moderator)
    assert "silent" in await bench.text("deactivate", by=bench.moderator)
    assert bench.hear("hello") is None


async def test_deactivate_where_nobody_speaks_says_so(bench):
    with pytest.raises(BadInputError, match="No personality is active"):
        await bench.run("deactivate", by=bench.moderator)


async def test_deactivate_is_for_moderators(bench):
    with pytest.raises(NotAllowedError):
        await bench.run("deactivate")


async def test_autorespond_goes_on_with_the_last_personality(bench):
    await bench.run("add", name="Tea")
    bench.hear("@Tea hello")
    assert bench.hear("and more") is None
    assert "is on" in await bench.text("autorespond", action="on")
    assert bench.hear("and more").text == "**Tea:** That was message 2 between you and me."
    assert bench.hear("me too", by=bench.bob) is None
    assert "is off" in await bench.text("autorespond", action="off")
    assert bench.hear("and more") is None


async def test_autorespond_shows_its_setting_without_changing_it(bench):
    before = bench.contents()
    assert "is off" in await bench.text("autorespond")
    assert bench.contents() == before


async def test_autorespond_refuses_other_words(bench):
    with pytest.raises(BadInputError, match="status, on, off"):
        await bench.run("autorespond", action="maybe")


async def test_autorespond_and_notifications_leave_each_other_alone(bench):
    await bench.run("notifications", setting="patch")
    await bench.run("autorespond", action="on")
    assert (await bench.text("notifications")).endswith("patch.")
    await bench.run("notifications", setting="off")
    assert "is on" in await bench.text("autorespond")


async def test_reset_forgets_the_callers_conversations_of_the_channel_only(bench):
    for name in ("Tea", "Coffee"):
        await bench.run("add", name=name)
        bench.hear(f"@{name} hello")
    bench.hear("@Tea hello", at=bench.adults)
    bench.hear("@Tea hello", by=bench.bob)
    assert await bench.text("reset") == "I forgot 2 conversations here."
    assert "message 1 " in bench.hear("@Tea hello").text
    assert "message 2 " in bench.hear("@Tea hello", at=bench.adults).text
    assert "message 2 " in bench.hear("@Tea hello", by=bench.bob).text


async def test_reset_of_one_personality_keeps_the_others(bench):
    for name in ("Tea", "Coffee"):
        await bench.run("add", name=name)
        bench.hear(f"@{name} hello")
    assert await bench.text("reset", personality="tea") == "I forgot 1 conversation here."
    assert "message 2 " in bench.hear("@Coffee hello").text


async def test_reset_with_nothing_to_forget_says_so(bench):
    assert await bench.text("reset") == "There was nothing to forget here."


async def test_reset_of_nobody_known_says_whom(bench):
    with pytest.raises(NotThereError):
        await bench.run("reset", personality="Ghost")


async def test_a_personality_is_spoken_to_by_an_alias_of_several_words(bench):
    await bench.run("add", name="Tea")
    await bench.run("alias", personality="Tea", alias="my cup of tea")
    assert bench.hear("@my cup of tea, how are you?").text.startswith("**Tea:**")


# --- add, remove, info, alias, list -----------------------------------------------------------


async def test_add_registers_a_personality(bench):
    assert (await bench.text("add", name="TestBot")).startswith("**TestBot** is registered.")
    assert (await bench.run("info", personality="TestBot")).title == "TestBot"


@pytest.mark.parametrize(
    "again", ["TestBot", "testbot", "TESTBOT", "\N{FULLWIDTH LATIN CAPITAL LETTER T}estBot"]
)
async def test_a_personality_is_never_stored_twice(bench, again):
    await bench.run("add", name="TestBot")
    before = bench.contents()
    with pytest.raises(BadInputError, match="already a personality"):
        await bench.run("add", name=again, by=bench.bob)
    assert bench.contents() == before


async def test_a_name_may_not_be_somebodys_alias(bench):
    await bench.run("add", name="Tea")
    await bench.run("alias", personality="Tea", alias="Cup")
    with pytest.raises(BadInputError, match="already"):
        await bench.run("add", name="cup")


@pytest.mark.parametrize("name", ["", "x", "two words", "a" * 33, "semi;colon", "a`b", "tab\tbed"])
async def test_unfit_names_are_refused(bench, name):
    with pytest.raises(BadInputError, match="cannot be a name"):
        await bench.run("add", name=name)


@pytest.mark.parametrize("name", ["Ж3", "日本", "o.k.", "under_score", "da-sh", "a" * 32])
async def test_letters_of_any_script_make_a_name(bench, name):
    assert name in await bench.text("add", name=name)


async def test_names_of_the_volume_test_are_reserved(bench):
    with pytest.raises(BadInputError, match="reserved"):
        await bench.run("add", name="VolumeTest-7")


@pytest.mark.parametrize("nasty", ["Robert'); DROP TABLE personality;--", '" OR 1=1 --'])
async def test_sql_in_a_description_stays_text(bench, nasty):
    await bench.run("add", name="Bobby", description=nasty)
    assert dict((await bench.run("info", personality="Bobby")).fields)["Description"] == nasty


async def test_a_description_has_a_limit(bench):
    with pytest.raises(BadInputError, match="500 characters"):
        await bench.run("add", name="Long", description="x" * 501)


async def test_the_eleventh_personality_needs_a_sign_in(bench):
    for index in range(10):
        await bench.run("add", name=f"bot{index}")
    with pytest.raises(NotAllowedError, match="10 personalities"):
        await bench.run("add", name="bot10")
    code = await code_of(bench)
    await bench.run("auth", action="code", code=code, at=bench.direct)
    assert "bot10" in await bench.text("add", name="bot10")


async def test_the_bots_owner_has_no_limit(bench):
    for index in range(11):
        await bench.run("add", name=f"bot{index}", by=bench.bot_owner)
    reply = await bench.run("list", by=bench.bot_owner)
    assert reply.fields[0][0] == "11 personalities"


async def test_remove_takes_aliases_activations_and_conversations_along(bench):
    before = bench.contents()
    await bench.run("add", name="Tea")
    await bench.run("alias", personality="Tea", alias="cup of tea")
    await bench.run("activate", personality="Tea", by=bench.moderator)
    bench.hear("hello")
    assert await bench.text("remove", personality="cup of tea") == "**Tea** is gone."
    assert bench.contents() == before


async def test_remove_is_for_the_owner(bench):
    await bench.run("add", name="Tea")
    with pytest.raises(NotAllowedError, match="somebody else"):
        await bench.run("remove", personality="Tea", by=bench.admin)


@pytest.mark.parametrize("command", ["remove", "alias"])
async def test_the_bots_owner_may_touch_every_personality(bench, command):
    await bench.run("add", name="Tea")
    await bench.run(command, personality="Tea", alias="cup", by=bench.bot_owner)


async def test_remove_of_nobody_known_says_whom(bench):
    with pytest.raises(NotThereError, match="`Ghost`"):
        await bench.run("remove", personality="Ghost")


async def test_a_removed_name_is_free_again(bench):
    await bench.run("add", name="Tea")
    await bench.run("remove", personality="Tea")
    assert "Tea" in await bench.text("add", name="Tea", by=bench.bob)


async def test_info_tells_everything_of_a_personality(bench):
    await bench.run("add", name="Tea", description="always  hot")
    await bench.run("alias", personality="Tea", alias="cup of tea")
    await bench.run("activate", personality="Tea", by=bench.moderator)
    reply = await bench.run("info", personality="CUP OF TEA", by=bench.bob)
    assert dict(reply.fields) == {
        "Owner": "Ann",
        "Since": f"<t:{bench.now_s}:d>",
        "Aliases": "cup of tea",
        "Active in": "1 channel",
        "Description": "always hot",
    }


async def test_info_of_nobody_known_says_whom_in_a_line(bench):
    with pytest.raises(NotThereError, match="`Gh'o st`"):
        await bench.run("info", personality="Gh`o\nst")


@pytest.mark.parametrize("alias", ["Cup", "cup of tea", "one two three four five", "  wide   gap "])
async def test_aliases_may_have_several_words(bench, alias):
    await bench.run("add", name="Tea")
    await bench.run("alias", personality="Tea", alias=alias)
    assert (await bench.run("info", personality=alias.upper())).title == "Tea"


@pytest.mark.parametrize("alias", ["", "x", "a b c d e f", "y" * 41, "bell\x07bell"])
async def test_unfit_aliases_are_refused(bench, alias):
    await bench.run("add", name="Tea")
    with pytest.raises(BadInputError, match="cannot be an alias"):
        await bench.run("alias", personality="Tea", alias=alias)


@pytest.mark.parametrize("alias", ["tea", "Coffee", "CUP  of tea"])
async def test_an_alias_means_one_personality_only(bench, alias):
    await bench.run("add", name="Tea")
    await bench.run("add", name="Coffee")
    await bench.run("alias", personality="Tea", alias="Cup of tea")
    with pytest.raises(BadInputError, match="already"):
        await bench.run("alias", personality="Coffee", alias=alias)


async def test_alias_is_for_the_owner(bench):
    await bench.run("add", name="Tea")
    with pytest.raises(NotAllowedError):
        await bench.run("alias", personality="Tea", alias="Cup", by=bench.bob)


async def test_ten_aliases_are_the_limit(bench):
    await bench.run("add", name="Tea")
    for index in range(10):
        await bench.run("alias", personality="Tea", alias=f"cup {index}")
    with pytest.raises(BadInputError, match="10 aliases"):
        await bench.run("alias", personality="Tea", alias="cup 10")


async def test_list_shows_the_callers_own_with_their_aliases(bench):
    await bench.run("add", name="Tea")
    await bench.run("alias", personality="Tea", alias="cup of tea")
    await bench.run("add", name="Coffee", by=bench.bob)
    reply = await bench.run("list")
    assert reply.title == "Your personalities, page 1 of 1"
    assert reply.fields == (("1 personality", "**Tea** (cup of tea)"),)


async def test_list_shows_ten_a_page(bench):
    for index in range(11):
        await bench.run("add", name=f"bot{index}", by=bench.bot_owner)
    first = await bench.run("list", by=bench.bot_owner)
    second = await bench.run("list", by=bench.bot_owner, page=2)
    assert len(first.fields[0][1].splitlines()) == 10
    assert second.fields[0][1] == "**bot10**"


async def test_list_of_nothing_tells_how_to_begin(bench):
    assert await bench.text("list") == "You have no personalities yet: `!tz add <name>` makes one."


@pytest.mark.parametrize("page", [2, 0, -1, 10**30])
async def test_list_refuses_pages_that_are_not_there(bench, page):
    with pytest.raises(BadInputError):
        await bench.run("list", page=page)


# --- both -------------------------------------------------------------------------------------


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
    code = await code_of(legacy)
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
