"""One action of a user is one record: what every library of discord.py's family plays alike."""

from __future__ import annotations

import pytest

from changeover.core.model import Kind, Outcome

OK = Outcome.OK


async def test_every_case_of_every_library_gives_its_records_and_no_others(
    run, rows, records, conformance
):
    async with run() as (loopback, _bot):
        for name, case in conformance.CASES.items():
            before = len(rows())
            await conformance.play(case, loopback)
            assert rows()[before:] == case.expected, name
            assert {record["kind"] for record in records()[before:]} <= {case.kind}, name


async def test_direct_messages_are_recorded_too(run, rows, world):
    async with run() as (loopback, _bot):
        dm = world.dm(world.person())
        await loopback.say("!ping 7", channel=dm)
        await loopback.invoke("/sping", n=7, channel=dm)
        assert rows() == [("ping", "legacy", OK, None), ("sping", "legacy", OK, None)]


async def test_context_menus_are_recorded_by_their_names(run, rows, records, world):
    async with run() as (loopback, _bot):
        user = world.person()
        assert (await loopback.invoke("Greet", target=user)).content == f"hello {user.name}"
        [reply] = (await loopback.say("!ping 7")).replies
        assert (await loopback.invoke("Quote", target=reply)).content == "> legacy 7"
        assert [row[:3] for row in rows()] == [
            ("Greet", "legacy", OK),
            ("ping", "legacy", OK),
            ("Quote", "legacy", OK),
        ]
        assert [record["kind"] for record in records()] == [Kind.SLASH, Kind.PREFIX, Kind.SLASH]


async def test_the_help_command_is_recorded(run, rows):
    async with run() as (loopback, _bot):
        assert "ping" in (await loopback.say("!help")).content
        assert rows() == [("help", "legacy", OK, None)]


async def test_durations_are_true_for_handlers_that_block_the_loop_and_for_those_that_wait(
    run, records, conformance
):
    async with run() as (loopback, _bot):
        for does in ("!block", "!nap", "/sblock"):
            await conformance.play(conformance.Case(does, []), loopback)
            record = records()[-1]
            assert record["command"] == does[1:]
            assert record["duration_ms"] == pytest.approx(conformance.BLOCK_S * 1000, rel=0.05)
