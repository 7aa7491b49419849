"""The real discord.py client on the loopback Discord: every action is answered and recorded once."""

from __future__ import annotations

import asyncio

import pytest

from changeover.core.clock import ManualClock
from changeover.core.model import OTHER, UNKNOWN, Kind, Outcome
from changeover.demo.catalogue import COMMANDS
from changeover.demo.faults import FailRule, Faults, SlowRule

pytestmark = pytest.mark.slow


@pytest.fixture(params=["legacy", "ddd"])
async def stage(request, staged):
    async with staged(request.param) as one:
        yield one


async def test_every_command_answers_by_prefix_and_by_slash_with_one_record_each(stage):
    arguments = {
        "add": {"name": "Tea{}"},
        "alias": {"personality": "Tea1", "alias": "cup of tea {}"},
        "activate": {"personality": "Tea1"},
        "info": {"personality": "cup of tea 1"},
        "volumetest": {"count": 3},
    }
    order = ["add", "alias", "activate", *(set(COMMANDS) - {"add", "alias", "activate", "remove"})]
    asides = {"verify", "volumetest", "deactivate"}  # not from here, not twice
    for name in [*order, "remove"]:
        options = arguments.get(name, {})
        if name == "remove":
            options = {"personality": "Tea{}"}
        typed = {key: str(value).format(1) for key, value in options.items()}
        chosen = {k: v.format(2) if isinstance(v, str) else v for k, v in options.items()}
        said = await stage.discord.say(" ".join(["!tz", name, *typed.values()]), user=stage.admin)
        prefix_records = stage.took()
        answer = await stage.discord.invoke(f"/{name}", chosen, user=stage.admin)
        slash_records = stage.took()
        assert len(said.replies) == 1, name
        assert len(answer.replies) == 1, name
        for records, kind in ((prefix_records, Kind.PREFIX), (slash_records, Kind.SLASH)):
            assert len(records) == 1, name
            assert records[0].command == name
            assert records[0].kind is kind
            if name not in asides:
                assert records[0][1:3] == (stage.system, Outcome.OK), name


async def test_all_eighteen_commands_are_synced(stage):
    assert {command.name for command in await stage.bot.tree.fetch_commands()} == set(COMMANDS)


async def test_a_personality_added_by_prefix_is_listed_by_slash(stage):
    await stage.discord.say("!tz add TestBot likes long walks")
    answer = await stage.discord.invoke("/list")
    assert answer.embeds[0]["fields"][0]["value"] == "**TestBot**"


async def test_a_bad_argument_is_the_users_mistake_and_never_reaches_a_system(stage):
    exchange = await stage.discord.say("!tz list second")
    assert exchange.content.endswith("See `!tz help list`.")
    assert stage.took() == [("list", UNKNOWN, Outcome.USER_ERROR, Kind.PREFIX, "BadArgument")]


@pytest.mark.parametrize("typed", ["!tz add", '!tz add "Tea', "!tz alias Tea"])
async def test_missing_and_broken_arguments_are_answered_and_recorded_once(stage, typed):
    exchange = await stage.discord.say(typed)
    assert len(exchange.replies) == 1
    [record] = stage.took()
    assert record[1:3] == (UNKNOWN, Outcome.USER_ERROR)


@pytest.mark.parametrize("typed", ["!tz nosuch", "!tz lsit 2", "!tz `x`"])
async def test_an_unknown_command_is_no_series_of_its_own(stage, typed):
    exchange = await stage.discord.say(typed)
    assert "I have no command" in exchange.content
    assert stage.took() == [(OTHER, UNKNOWN, Outcome.NOT_FOUND, Kind.PREFIX, "CommandNotFound")]


async def test_a_slash_command_that_the_bot_has_lost_is_recorded_once(stage):
    stage.bot.tree.remove_command("ping")
    answer = await stage.discord.invoke("/ping")
    assert "I have no command `ping`" in answer.content
    assert stage.took() == [(OTHER, UNKNOWN, Outcome.NOT_FOUND, Kind.SLASH, "CommandNotFound")]


async def test_a_missing_permission_is_denied_before_any_system(stage):
    (said, typed), (answer, slashed) = await stage.both("debug")
    assert said.content == answer.content == "You may not do that here."
    assert [record[:4] for record in typed + slashed] == [
        ("debug", UNKNOWN, Outcome.DENIED, Kind.PREFIX),
        ("debug", UNKNOWN, Outcome.DENIED, Kind.SLASH),
    ]


async def test_the_bots_owner_may_debug_everywhere(stage):
    exchange = await stage.discord.say(
        "!tz debug", user=stage.world.owner, channel=stage.world.dm(stage.world.owner)
    )
    assert exchange.embeds[0]["title"] == "Debug: database"


async def test_a_cooldown_throttles_and_says_how_long(stage):
    for index in range(4):
        await stage.discord.say(f"!tz add Tea{index}")
    stage.took()
    exchange = await stage.discord.say("!tz add Tea4")
    answer = await stage.discord.invoke("/add", name="Tea5")
    assert exchange.content.startswith("Slow down: try again in ")
    assert answer.content.startswith("Slow down: try again in ")
    assert [record[:3] for record in stage.took()] == [("add", UNKNOWN, Outcome.THROTTLED)] * 2


async def test_a_mistake_found_by_a_handler_is_answered_in_its_own_words(stage):
    (said, typed), (answer, slashed) = await stage.both("info", personality="Ghost")
    assert said.content == answer.content == "I know no personality called `Ghost`."
    assert [record[1:3] for record in typed + slashed] == [(stage.system, Outcome.NOT_FOUND)] * 2
    assert answer.ephemeral


async def test_a_moderators_command_is_denied_to_others_by_the_system(stage):
    await stage.discord.say("!tz add Tea")
    stage.took()
    exchange = await stage.discord.say("!tz activate Tea")
    assert "Manage Messages" in exchange.content
    [record] = stage.took()
    assert record[:4] == ("activate", stage.system, Outcome.DENIED, Kind.PREFIX)


async def test_chat_makes_no_record_and_wakes_only_who_is_named(stage):
    await stage.discord.say("!tz add Tea")
    await stage.discord.say("!tz alias Tea my cup of tea")
    stage.took()
    assert (await stage.discord.say("hello everybody")).replies == []
    assert (await stage.discord.say("!tzadd Coffee")).replies == []
    exchange = await stage.discord.say("@my cup of tea, hello")
    assert exchange.content == "**Tea:** That was message 1 between you and me."
    assert stage.took() == []


async def test_direct_messages_are_recognised(stage):
    user = stage.world.person()
    exchange = await stage.discord.say("!tz auth start", user=user, channel=stage.world.dm(user))
    code = exchange.content.split("`")[1]
    exchange = await stage.discord.say(
        f"!tz auth code {code}", user=user, channel=stage.world.dm(user)
    )
    assert exchange.content.startswith("You are signed in until <t:")


async def test_a_code_is_shown_by_slash_to_the_caller_only_and_never_typed_in_public(stage):
    assert "slash command" in (await stage.discord.say("!tz auth start")).content
    answer = await stage.discord.invoke("/auth", action="start")
    assert answer.ephemeral
    assert answer.content.startswith("Your code is")


async def test_purgbot_deletes_what_the_bot_said(stage):
    user = stage.admin
    for _ in range(3):
        await stage.discord.say("!tz ping", user=user)
    exchange = await stage.discord.say("!tz purgbot 2", user=user)
    assert exchange.content == "I deleted 2 messages of mine."
    answer = await stage.discord.invoke("/purgbot", user=user)
    assert answer.content == "I deleted 2 messages of mine."


async def test_purgbot_works_in_direct_messages(stage):
    user = stage.world.person()
    for _ in range(2):
        await stage.discord.say("!tz ping", user=user, channel=stage.world.dm(user))
    exchange = await stage.discord.say("!tz purgbot", user=user, channel=stage.world.dm(user))
    assert exchange.content == "I deleted 2 messages of mine."


async def test_half_a_character_is_a_mistake_and_not_a_crash(stage):
    exchange = await stage.discord.say("!tz info \ud83d")
    assert exchange.content.startswith("I know no personality called")
    assert [record.outcome for record in stage.took()] == [Outcome.NOT_FOUND]


async def test_ping_and_help_speak_of_real_things(stage):
    assert "ms" in (await stage.discord.say("!tz ping")).content
    shown = (await stage.discord.say("!tz help")).embeds[0]["fields"]
    assert "`!tz add <name> [description]`" in shown[-1]["value"]


async def test_long_lists_are_cut_to_what_discord_takes(stage):
    database = stage.bot._database.connection
    owner = stage.world.person()
    for index in range(10):
        row = (index + 1, f"bot{index}", owner.id, owner.name, "", 0)
        database.execute("INSERT INTO personality VALUES (?, ?, ?, ?, ?, ?)", row)
        handles = [(f"{index} {n} {'x' * 35}", f"{n}", 0, index + 1) for n in range(10)]
        handles = [(key, key, is_name, of) for key, _, is_name, of in handles]
        database.executemany("INSERT INTO handle VALUES (?, ?, ?, ?)", handles)
    exchange = await stage.discord.say("!tz list", user=owner)
    assert len(exchange.embeds[0]["fields"][0]["value"]) == 1024
    assert [record.outcome for record in stage.took()] == [Outcome.OK]


async def test_a_failing_handler_is_recorded_once_with_its_own_error(staged):
    faults = Faults([FailRule("add", 1.0)])
    faults.start()
    async with staged("ddd", faults=faults) as stage:
        (said, typed), (answer, slashed) = await stage.both("add", name="Tea")
        assert "not your fault" in said.content
        assert "not your fault" in answer.content
        assert {record[:2] for record in typed + slashed} == {("add", "ddd")}
        assert len(typed) == len(slashed) == 1
        assert all(record.outcome.is_error for record in typed + slashed)
        names = {record.error for record in typed + slashed}
        assert not names & {"CommandInvokeError", "HybridCommandError"}


async def test_an_answer_after_three_seconds_is_a_failure_and_recorded_once(staged):
    clock = ManualClock()

    async def sleep(seconds):
        clock.advance(seconds)
        await asyncio.sleep(0)

    faults = Faults([], [SlowRule("list", 6_000)], clock=clock, sleep=sleep)
    faults.start()
    async with staged("ddd", faults=faults, clock=clock) as stage:
        answer = await stage.discord.invoke("/list")
        assert answer.replies == []
        assert stage.took() == [("list", "ddd", Outcome.FAILURE, Kind.SLASH, "NotFound")]
