"""The bot's behaviour, promised by both implementations: the personality commands."""

from __future__ import annotations

import pytest

from changeover.demo.mistakes import (
    BadInputError,
    NotAllowedError,
    NotThereError,
)

# --- add, remove, info, alias, list --------------------------------------------------------------


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
    code = await bench.ask_for_code()
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
