"""Buttons, selects and modals are timed and classified, named by their view and item."""

from __future__ import annotations

import time

import discord
import pytest

from changeover.core.model import Kind, Outcome

pytestmark = pytest.mark.slow

Interaction = discord.Interaction


class Form(discord.ui.Modal, title="Form"):
    name = discord.ui.TextInput(label="Name")

    async def on_submit(self, interaction: Interaction):
        if self.name.value == "bad":
            raise KeyError("bad")
        await interaction.response.send_message(f"hello {self.name.value}")

    async def on_error(self, interaction: Interaction, _error):
        await interaction.response.send_message("sorry")


class Panel(discord.ui.View):
    errors: list  # of every panel

    @discord.ui.button(label="Go")
    async def go(self, interaction: Interaction, _button):
        await interaction.response.send_message("gone")

    @discord.ui.button(label="Block")
    async def block(self, interaction: Interaction, _button):
        time.sleep(0.5)  # noqa: ASYNC251  # an author who does not know better
        await interaction.response.send_message("blocked")

    @discord.ui.button(label="Boom")
    async def boom(self, _interaction: Interaction, _button):
        raise KeyError("boom")

    @discord.ui.button(label="Ask")
    async def ask(self, interaction: Interaction, _button):
        await interaction.response.send_modal(Form())

    @discord.ui.select(placeholder="Size", options=[discord.SelectOption(label="big")])
    async def size(self, interaction: Interaction, select: discord.ui.Select):
        await interaction.response.send_message(f"size {select.values[0]}")

    async def on_error(self, interaction, error, _item):
        Panel.errors.append(error)
        await interaction.response.send_message("sorry")


class Closed(Panel):
    async def interaction_check(self, interaction):
        await interaction.response.send_message("not you")
        return False


class Plain(discord.ui.View):
    def __init__(self):
        super().__init__()
        self.add_item(discord.ui.Button(label="Named", custom_id="named"))
        button = discord.ui.Button(label="Given")
        button.callback = self.given
        self.add_item(button)

    async def given(self, interaction):
        await interaction.response.send_message("given")


class Vote(discord.ui.DynamicItem[discord.ui.Button], template=r"vote:(?P<n>\d+)"):
    def __init__(self, n):
        super().__init__(discord.ui.Button(label="Vote", custom_id=f"vote:{n}"))
        self.n = n

    @classmethod
    async def from_custom_id(cls, _interaction, _item, match):
        return cls(int(match["n"]))

    async def callback(self, interaction):
        if self.n == 13:
            raise KeyError("13")
        await interaction.response.send_message(f"voted {self.n}")


def panels(bot):
    Panel.errors = []
    for name, view in {"panel": Panel, "closed": Closed, "plain": Plain}.items():

        def add(name=name, view=view):
            @bot.command(name=name)
            async def show(ctx):
                await ctx.send(name, view=view())

        add()

    @bot.command()
    async def vote(ctx, n: int):
        view = discord.ui.View(timeout=None)
        view.add_item(Vote(n))
        await ctx.send("vote", view=view)


@pytest.fixture
def components(changeover, conformance):
    """The records of components: (name, system, outcome, error type)."""

    def read():
        return [
            (r["command"], r["system"], r["outcome"], r["error_type"])
            for r in conformance.records(changeover)
            if r["kind"] == Kind.COMPONENT
        ]

    return read


async def test_each_use_of_a_component_is_one_record(run, components):
    async with run(panels) as (loopback, _bot):
        [panel] = (await loopback.say("!panel")).replies
        assert (await panel.press("Go")).content == "gone"
        assert (await panel.press("Size", "big")).content == "size big"
        assert (await panel.press("Boom")).content == "sorry"
        asked = await panel.press("Ask")
        assert (await asked.modal.submit({"Name": "Bob"})).content == "hello Bob"
        asked = await panel.press("Ask")
        assert (await asked.modal.submit({"Name": "bad"})).content == "sorry"
        assert components() == [
            ("Panel go", "legacy", Outcome.OK, None),
            ("Panel size", "legacy", Outcome.OK, None),
            ("Panel boom", "legacy", Outcome.FAILURE, "KeyError"),
            ("Panel ask", "legacy", Outcome.OK, None),
            ("Form", "legacy", Outcome.OK, None),
            ("Panel ask", "legacy", Outcome.OK, None),
            ("Form", "legacy", Outcome.FAILURE, "KeyError"),
        ]
        assert [type(error) for error in Panel.errors] == [KeyError]


async def test_a_view_that_refuses_somebody_has_denied_it(run, components):
    async with run(panels) as (loopback, _bot):
        [panel] = (await loopback.say("!closed")).replies
        assert (await panel.press("Go")).content == "not you"
        assert components() == [("Closed go", "legacy", Outcome.DENIED, None)]


async def test_items_without_a_method_are_named_by_what_their_author_gave_them(run, components):
    async with run(panels) as (loopback, _bot):
        [panel] = (await loopback.say("!plain")).replies
        await panel.press("Given")
        await panel.press("Named")
        assert [row[0] for row in components()] == ["Plain given", "Plain named"]


async def test_the_time_of_a_component_is_true(run, changeover, conformance):
    async with run(panels) as (loopback, _bot):
        [panel] = (await loopback.say("!panel")).replies
        await panel.press("Block")
        record = conformance.records(changeover)[-1]
        assert record["duration_ms"] == pytest.approx(500, rel=0.05)


async def test_dynamic_items_are_recorded_by_their_class(run, components):
    async with run(panels) as (loopback, bot):
        bot.add_dynamic_items(Vote)
        for n in (7, 13):
            [shown] = (await loopback.say(f"!vote {n}")).replies
            await shown.press("Vote")
        assert components() == [
            ("Vote", "legacy", Outcome.OK, None),
            ("Vote", "legacy", Outcome.FAILURE, "KeyError"),
        ]


async def test_a_component_is_of_the_system_that_made_its_view(run, changeover, components, route):
    @changeover.new("panel")
    async def panel(ctx):
        await ctx.send("panel", view=Panel())

    async with run(panels) as (loopback, _bot):
        route("panel")
        [shown] = (await loopback.say("!panel")).replies
        await shown.press("Go")
        assert components() == [("Panel go", "ddd", Outcome.OK, None)]


async def test_detach_restores_views(run, changeover, components):
    made = []

    def setup(bot):
        @bot.command()
        async def panel(ctx):
            made.append(Panel())
            await ctx.send("panel", view=made[0])

    async with run(setup) as (loopback, _bot):
        [panel] = (await loopback.say("!panel")).replies
        assert "_scheduled_task" in vars(made[0])
        changeover.detach()
        assert not {"_scheduled_task", "on_error", "interaction_check"} & set(vars(made[0]))
        assert (await panel.press("Go")).content == "gone"
        assert components() == []


async def test_the_bots_own_views_work_beside_buttons_of_ours(run, changeover, components):
    async def on_button(_user_id, _custom_id):
        raise AssertionError

    changeover._answer_buttons(on_button)
    async with run(panels) as (loopback, bot):
        bot.add_dynamic_items(Vote)
        [panel] = (await loopback.say("!panel")).replies
        assert (await panel.press("Go")).content == "gone"
        [shown] = (await loopback.say("!vote 7")).replies
        assert (await shown.press("Vote")).content == "voted 7"
        asked = await panel.press("Ask")
        assert (await asked.modal.submit({"Name": "Bob"})).content == "hello Bob"
        assert [row[0] for row in components()] == ["Panel go", "Vote", "Panel ask", "Form"]
