"""Whatever people do, both implementations answer the same and keep the same."""

from __future__ import annotations

import asyncio
import math
import tempfile
from pathlib import Path
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.core.model import Kind
from changeover.demo.mistakes import MistakeError

HANDLES = [
    "Tea",
    "tea",
    "Coffee",
    "my cup of tea",
    "x",
    "volumetest-1",
    "a" * 33,
    "Ж3",
    "",
    "straße",
]
handles = st.sampled_from(HANDLES)
numbers = st.none() | st.integers(-1, 12)
people = st.sampled_from(["ann", "bob", "moderator", "admin", "bot_owner"])
places = st.sampled_from(["general", "adults", "direct"])


def step(command, /, **arguments):
    return st.tuples(st.just(command), st.fixed_dictionaries(arguments))


steps = st.one_of(
    step("ping"),
    step("status"),
    step("help", command=st.sampled_from([None, "add", "LIST", "nosuch"])),
    step("notifications", setting=st.sampled_from([None, "on", "off", "PATCH", "major", "loud"])),
    step("debug", topic=st.sampled_from([None, "database", "channel", "secrets"])),
    step("purgbot", limit=numbers),
    step("volumetest", count=numbers),
    step("auth", action=st.sampled_from([None, "status", "start", "revoke", "login"])),
    step("auth", action=st.just("code"), code=st.sampled_from([None, "WRONG", "the last one"])),
    step("verify"),
    step("activate", personality=handles),
    step("deactivate"),
    step("autorespond", action=st.sampled_from([None, "on", "off", "status", "maybe"])),
    step("reset", personality=st.none() | handles),
    step("add", name=handles, description=st.none() | st.text(max_size=20)),
    step("remove", personality=handles),
    step("info", personality=handles),
    step("alias", personality=handles, alias=handles | st.text(max_size=50)),
    step("list", page=numbers),
    step("hear", text=st.sampled_from(["hello", "@Tea hello", "@my cup of tea, well", "@"])),
)
scripts = st.lists(
    st.tuples(
        steps, people, places, st.sampled_from([Kind.PREFIX, Kind.SLASH]), st.integers(0, 400)
    ),
    max_size=40,
)


async def answer_of(bench, command, arguments, person, place, kind):
    """The reply, or the mistake with its words."""
    who, where = getattr(bench, person), getattr(bench, place)
    if command == "hear":
        return bench.hear(arguments["text"], by=who, at=where)
    facts = {"latency_s": math.nan if bench.now_s % 2 else bench.now_s % 97 / 1000 - 0.01}
    try:
        return await bench.run(command, by=who, at=where, kind=kind, facts=facts, **arguments)
    except MistakeError as mistake:
        return type(mistake), str(mistake)


async def play(bench, script):
    """All answers. Codes given out are put in for `the last one`."""
    answers, code = [], "NONE"
    for (command, arguments), person, place, kind, pause_s in script:
        bench.now_s += pause_s
        filled = {
            key: code if value == "the last one" else value for key, value in arguments.items()
        }
        answer = await answer_of(bench, command, filled, person, place, kind)
        if getattr(answer, "text", "").startswith("Your code"):
            code = answer.text.split("`")[1]
        answers.append(answer)
    return answers


@settings(max_examples=120, deadline=None)
@given(script=scripts)
def test_any_sequence_of_commands_gives_equal_replies_and_equal_contents(script, benches_in):
    with tempfile.TemporaryDirectory() as folder:
        legacy, ddd = benches_in(Path(folder))
        played = SimpleNamespace(
            legacy=asyncio.run(play(legacy, script)), ddd=asyncio.run(play(ddd, script))
        )
        try:
            assert played.legacy == played.ddd
            assert legacy.contents() == ddd.contents()
        finally:
            legacy.database.close()
            ddd.database.close()
