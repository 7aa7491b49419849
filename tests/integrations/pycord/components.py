"""py-cord: buttons, selects and modals are timed and classified, named by their view and item."""

import time

import discord
import pytest

from changeover.core.model import Kind, Outcome


class Form(discord.ui.Modal):
    def __init__(self):
        super().__init__(title="Form")
        self.add_item(discord.ui.InputText(label="Name"))

    async def callback(self, interaction):
        name = self.children[0].value
        if name == "bad":
            raise KeyError("bad")
        await interaction.response.send_message(f"hello {name}")

    async def on_error(self, error, interaction):
        Panel.errors.append(error)
        await interaction.response.send_message("sorry")


class Panel(discord.ui.View):
    errors: list  # of every panel

    @discord.ui.button(label="Go")
    async def go(self, _button, interaction):
        await interaction.response.send_message("gone")

    @discord.ui.button(label="Block")
    async def block(self, _button, interaction):
        time.sleep(0.5)  # noqa: ASYNC251  # an author who does not know better
        await interaction.response.send_message("blocked")

    @discord.ui.button(label="Boom")
    async def boom(self, _button, _interaction):
        raise KeyError("boom")

    @discord.ui.button(label="Ask")
    async def ask(self, _button, interaction):
        await interaction.response.send_modal(Form())

    @discord.ui.select(placeholder="Size", options=[discord.SelectOption(label="big")])
    async def size(self, select, interaction):
        await interaction.response.send_message(f"size {select.values[0]}")

    async def on_error(self, error, _item, interaction):
        Panel.errors.append(error)
        await interaction.response.send_message("sorry")


class Closed(Panel):
    async def interaction_check(self, _interaction):
        return False

    async def on_check_failure(self, interaction):
        await interaction.response.send_message("not you")


class Own(discord.ui.Button):
    async def callback(self, interaction):
        await interaction.response.send_message("own")


class Plain(discord.ui.View):
    def __init__(self):
        super().__init__()
        self.add_item(discord.ui.Button(label="Named", custom_id="named"))
        self.add_item(Own(label="Own"))
        button = discord.ui.Button(label="Given")
        button.callback = self.given
        self.add_item(button)

    async def given(self, interaction):
        await interaction.response.send_message("given")


def panels(bot):
    Panel.errors = []
    for name, view in {"panel": Panel, "closed": Closed, "plain": Plain}.items():

        def add(name=name, view=view):
            @bot.command(name=name)
            async def show(ctx):
                await ctx.send(name, view=view())

            @bot.slash_command(name=f"s{name}")
            async def sshow(ctx):
                await ctx.respond(name, view=view())

        add()


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


@pytest.mark.parametrize("does", ["!panel", "/spanel"])
async def test_each_use_of_a_component_is_one_record(run, components, does):
    async with run(panels) as (loopback, _bot):
        shown = await (loopback.say(does) if does[0] == "!" else loopback.invoke(does))
        [panel] = shown.replies
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
        assert [type(error) for error in Panel.errors] == [KeyError, KeyError]


async def test_a_view_that_refuses_somebody_has_denied_it(run, components):
    async with run(panels) as (loopback, _bot):
        [panel] = (await loopback.say("!closed")).replies
        assert (await panel.press("Go")).content == "not you"
        assert components() == [("Closed go", "legacy", Outcome.DENIED, None)]


async def test_items_without_a_method_are_named_by_what_their_author_gave_them(run, components):
    async with run(panels) as (loopback, _bot):
        [panel] = (await loopback.say("!plain")).replies
        for label in ("Given", "Named", "Own"):
            await panel.press(label)
        assert [row[0] for row in components()] == ["Plain given", "Plain named", "Plain Own"]


async def test_the_time_of_a_component_is_true(run, changeover, conformance):
    async with run(panels) as (loopback, _bot):
        [panel] = (await loopback.say("!panel")).replies
        await panel.press("Block")
        record = conformance.records(changeover)[-1]
        assert record["duration_ms"] == pytest.approx(500, rel=0.05)


async def test_a_component_and_its_modal_are_of_the_system_that_made_the_view(
    run, changeover, components, route
):
    @changeover.new("panel")
    async def panel(ctx):
        await ctx.send("panel", view=Panel())

    async with run(panels) as (loopback, _bot):
        route("panel")
        [shown] = (await loopback.say("!panel")).replies
        asked = await shown.press("Ask")
        await asked.modal.submit({"Name": "Bob"})
        assert components() == [
            ("Panel ask", "ddd", Outcome.OK, None),
            ("Form", "ddd", Outcome.OK, None),
        ]


async def test_persistent_views_added_before_attach_are_recorded(run, components):
    class Lasting(discord.ui.View):
        @discord.ui.button(label="Go", custom_id="lasting")
        async def go(self, _button, interaction):
            await interaction.response.send_message("gone")

    def setup(bot):
        bot.add_view(Lasting(timeout=None))

        @bot.command()
        async def show(ctx):
            await ctx.send("x", view=Lasting(timeout=None, store=False))

    async with run(setup) as (loopback, _bot):
        [shown] = (await loopback.say("!show")).replies
        assert (await shown.press("Go")).content == "gone"
        assert components() == [("Lasting go", "legacy", Outcome.OK, None)]


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


async def test_the_views_of_a_plain_client_are_recorded(run, components, make_bot, changeover):
    client = make_bot(None, cls=discord.Client)

    @client.event
    async def on_message(message):
        if message.content == "show panel":
            await message.channel.send("panel", view=Panel())

    before = set(vars(client))
    async with run(bot=client) as (loopback, _client):
        [panel] = (await loopback.say("show panel")).replies
        assert (await panel.press("Go")).content == "gone"
        assert components() == [("Panel go", "legacy", Outcome.OK, None)]
        changeover.detach()
        assert set(vars(client)) - before == {"on_command_error", "on_application_command_error"}
