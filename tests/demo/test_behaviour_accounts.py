"""The bot's behaviour, promised by both implementations: signing in, verification, channels."""

from __future__ import annotations

import pytest

from changeover.core.model import Kind
from changeover.demo import rules
from changeover.demo.mistakes import (
    BadInputError,
    NotAllowedError,
    NotThereError,
    TooOftenError,
)

DAY_S = 86_400


# --- auth, verify --------------------------------------------------------------------------------


async def test_nobody_is_signed_in_at_first(bench):
    assert "not signed in" in await bench.text("auth")


async def test_a_code_signs_in_for_thirty_days(bench):
    code = await bench.ask_for_code()
    until = bench.now_s + 30 * DAY_S
    reply = await bench.text("auth", action="code", code=code, at=bench.direct)
    assert reply == f"You are signed in until <t:{until}:d>."
    bench.now_s = until - 1
    assert "signed in until" in await bench.text("auth")
    bench.now_s = until
    assert "not signed in" in await bench.text("auth")


async def test_a_code_is_read_whatever_its_case(bench):
    code = await bench.ask_for_code()
    reply = await bench.text("auth", action="CODE", code=f" {code.lower()} ", at=bench.direct)
    assert "signed in until" in reply


async def test_a_code_works_once(bench):
    code = await bench.ask_for_code()
    await bench.run("auth", action="code", code=code, at=bench.direct)
    with pytest.raises(BadInputError, match="no open code"):
        await bench.run("auth", action="code", code=code, at=bench.direct)


async def test_a_code_runs_out_after_ten_minutes(bench):
    code = await bench.ask_for_code()
    bench.now_s += 600
    with pytest.raises(BadInputError, match="no open code"):
        await bench.run("auth", action="code", code=code, at=bench.direct)


async def test_a_new_code_makes_the_old_one_void(bench):
    old, new = await bench.ask_for_code(), await bench.ask_for_code()
    assert old != new
    with pytest.raises(BadInputError, match="not the code"):
        await bench.run("auth", action="code", code=old, at=bench.direct)
    assert "until" in await bench.text("auth", action="code", code=new, at=bench.direct)


async def test_a_code_is_nobody_elses(bench):
    code = await bench.ask_for_code()
    await bench.ask_for_code(by=bench.bob)
    with pytest.raises(BadInputError, match="not the code"):
        await bench.run("auth", action="code", code=code, at=bench.direct, by=bench.bob)


async def test_the_fifth_wrong_code_makes_the_right_one_void(bench):
    code = await bench.ask_for_code()
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
    code = await bench.ask_for_code()
    await bench.run("auth", action="code", code=code, at=bench.direct)
    assert "signed out" in await bench.text("auth", action="revoke")
    with pytest.raises(BadInputError, match="not signed in"):
        await bench.run("auth", action="revoke")


async def test_auth_refuses_other_steps(bench):
    with pytest.raises(BadInputError, match="status, start, code, revoke"):
        await bench.run("auth", action="login")


async def test_the_file_keeps_neither_code_nor_token(bench):
    code = await bench.ask_for_code()
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


# --- activate, deactivate, autorespond, reset ----------------------------------------------------


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
