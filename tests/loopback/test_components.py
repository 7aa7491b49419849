"""Buttons, menus and forms, through the real discord.py client."""

from __future__ import annotations

import discord
import pytest

from changeover.testing import BadOptionError, NotAllowedError

Interaction = discord.Interaction


class Form(discord.ui.Modal, title="New alias"):
    name = discord.ui.TextInput(label="Name", max_length=10)
    note = discord.ui.TextInput(label="Note", required=False)

    async def on_submit(self, interaction: Interaction):
        await interaction.response.send_message(f"{self.name.value}/{self.note.value}")


class Panel(discord.ui.View):
    @discord.ui.button(label="Count 0")
    async def count(self, interaction: Interaction, button: discord.ui.Button):
        button.label = f"Count {int(button.label.split()[1]) + 1}"
        await interaction.response.edit_message(content="counted", view=self)

    @discord.ui.button(label="Quiet")
    async def quiet(self, interaction: Interaction, _button):
        await interaction.response.defer()
        await interaction.edit_original_response(content="quietly changed")

    @discord.ui.button(label="Ask")
    async def ask(self, interaction: Interaction, _button):
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Off", disabled=True)
    async def off(self, _interaction: Interaction, _button):
        raise AssertionError

    @discord.ui.select(placeholder="Size", options=[discord.SelectOption(label="big")])
    async def size(self, interaction: Interaction, select: discord.ui.Select):
        await interaction.response.send_message(f"size {select.values}", ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, placeholder="Whom")
    async def whom(self, interaction: Interaction, select: discord.ui.UserSelect):
        await interaction.response.send_message(f"user {select.values[0].name}")


def panel(bot):
    @bot.tree.command()
    async def panel(interaction: Interaction, hidden: bool = False):
        await interaction.response.send_message("panel", view=Panel(), ephemeral=hidden)

    @bot.command(name="panel")
    async def prefix_panel(ctx):
        await ctx.send("panel", view=Panel())

    @bot.tree.command()
    async def form(interaction: Interaction):
        await interaction.response.send_modal(Form())

    @bot.tree.command()
    async def confirm(interaction: Interaction):
        view = Panel()
        await interaction.response.send_message("wait", view=view)
        await view.wait()


@pytest.mark.parametrize("hidden", [False, True])
async def test_a_button_updates_its_message(run, hidden):
    async with run(panel) as (loopback, _):
        answer = await loopback.invoke("/panel", hidden=hidden)
        message = answer.replies[0]
        pressed = await message.press("Count 0")
        assert pressed.error is None
        assert message.content == "counted"
        await message.press("Count 1")
        with pytest.raises(Exception, match="no button or menu 'Count 1'"):
            await message.press("Count 1")
        await message.press("Quiet")
        assert message.content == "quietly changed"
    assert loopback.unhandled == []


async def test_buttons_of_ordinary_messages_work_too(run, world):
    async with run(panel) as (loopback, _):
        exchange = await loopback.say("!panel")
        pressed = await exchange.replies[0].press("Count 0", user=world.person("cleo"))
        assert pressed.interaction.user.name == "cleo"
        assert exchange.content == "counted"


async def test_menus_give_their_values(run, world):
    async with run(panel) as (loopback, _):
        message = (await loopback.invoke("/panel")).replies[0]
        answer = await message.press("Size", "big")
        assert (answer.content, answer.ephemeral) == ("size ['big']", True)
        assert (await message.press("Whom", world.person("bob"))).content == "user bob"


async def test_a_disabled_button_cannot_be_pressed(run):
    async with run(panel) as (loopback, _):
        message = (await loopback.invoke("/panel")).replies[0]
        with pytest.raises(NotAllowedError, match="disabled"):
            await message.press("Off")


async def test_nobody_else_can_press_what_only_one_person_sees(run, world):
    async with run(panel) as (loopback, _):
        message = (await loopback.invoke("/panel", hidden=True, user="ada")).replies[0]
        with pytest.raises(NotAllowedError, match="only ada sees"):
            await message.press("Count 0", user=world.person("bob"))


async def test_a_command_can_open_a_form(run):
    async with run(panel) as (loopback, _):
        answer = await loopback.invoke("/form", user="bob")
        assert (answer.content, answer.error) == (None, None)
        assert (answer.modal.title, answer.modal.labels) == ("New alias", ["Name", "Note"])
        sent = await answer.modal.submit({"Name": "reel", "Note": "two"})
        assert sent.content == "reel/two"
        assert sent.interaction.user.name == "bob"


async def test_a_button_can_open_a_form(run):
    async with run(panel) as (loopback, _):
        message = (await loopback.invoke("/panel")).replies[0]
        answer = await message.press("Ask")
        assert (await answer.modal.submit({"Name": "reel"})).content == "reel/"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [({}, "1 to 10"), ({"Name": "x" * 11}, "1 to 10"), ({"Nom": "x"}, "no input 'Nom'")],
)
async def test_a_form_is_checked_before_it_is_sent(run, values, complaint):
    async with run(panel) as (loopback, _):
        answer = await loopback.invoke("/form")
        with pytest.raises(BadOptionError, match=complaint):
            await answer.modal.submit(values)


async def test_a_handler_that_waits_for_a_press_need_not_be_waited_for(run):
    async with run(panel) as (loopback, _):
        answer = await loopback.invoke("/confirm", until_answered=True)
        assert answer.content == "wait"
        pressed = await answer.replies[0].press("Count 0")
        assert pressed.error is None
