"""Components are recorded, the gateway is told as it is, the monitor ends with the bot."""

from __future__ import annotations

import asyncio

from changeover.core.model import Kind, Outcome

OK, FAILURE = Outcome.OK, Outcome.FAILURE


def make_form(bots):
    ui = bots.lib.ui

    class Form(ui.Modal):
        def __init__(self):
            field = {"label": "Name", "custom_id": "name"}
            if bots.IS_DISNAKE:
                super().__init__(title="Form", components=[ui.TextInput(**field)])
            else:
                super().__init__("Form")
                self.add_item(ui.TextInput(**field))

        async def callback(self, inter):
            await inter.response.send_message("thanks")

    return Form


def add_views(bots):
    ui = bots.lib.ui

    class Panel(ui.View):
        @ui.button(label="Go")
        async def go(self, *args):
            inter = next(a for a in args if isinstance(a, bots.lib.Interaction))
            await inter.response.send_message("gone")

        @ui.button(label="Boom")
        async def crash(self, *_args):
            raise KeyError("boom")

        async def on_error(self, error, _item, _inter):
            bots.errors.append(error)

    class Closed(ui.View):
        @ui.button(label="Never")
        async def never(self, *_args):
            raise AssertionError

        async def interaction_check(self, _inter):
            return False

    form_class = make_form(bots)

    def setup(bot):
        @bot.command()
        async def panel(ctx):
            await ctx.send("panel", view=Panel())

        @bot.command()
        async def closed(ctx):
            await ctx.send("closed", view=Closed())

        @bots.slash(bot)
        async def form(inter):
            await inter.response.send_modal(form_class())

    return setup


async def test_components_are_recorded_by_their_view_and_item(run, records, bots):
    bots.errors = []
    async with run(add_views(bots)) as (loopback, _bot):
        panel = await loopback.say("!panel")
        assert (await panel.replies[0].press("Go")).content == "gone"
        await panel.replies[0].press("Boom")
        closed = await loopback.say("!closed")
        await closed.replies[0].press("Never")
        form = await loopback.invoke("/form")
        assert (await form.modal.submit({"name": "ada"})).content == "thanks"
        found = [
            (r["command"], r["outcome"], r["error_type"])
            for r in records()
            if r["kind"] == Kind.COMPONENT
        ]
        assert found == [
            ("Panel go", OK, None),
            ("Panel crash", FAILURE, "KeyError"),
            ("Closed never", Outcome.DENIED, None),
            ("Form", OK, None),
        ]
        assert [type(error) for error in bots.errors] == [KeyError]


async def test_the_gateway_is_told_as_it_is(run, changeover, bots):
    bot = bots.make_bot()
    changeover.attach(bot)
    before = changeover._gateway(60.0)
    assert (before.ready, before.guilds, before.reconnects) == (False, 0, 0)
    assert all(latency is None for latency in before.latency_ns.values())
    async with run(bot=bot, attach=False):
        changeover._look_at_bot()
        now = changeover._gateway(60.0)
        assert (now.ready, now.guilds, now.rate_limited) == (True, 1, 0)
        assert set(now.latency_ns) == {0}
        assert changeover._bot.library == f"{bots.NAME} {bots.lib.__version__}"


async def test_a_bot_that_had_to_log_in_again_is_watched_as_before(run, changeover, records, bots):
    async with run(add_views(bots)) as (loopback, bot):
        changeover._look_at_bot()
        ready = asyncio.Event()

        @bot.listen()
        async def on_ready():
            ready.set()

        await loopback.drop_connections(resumable=False)
        await asyncio.wait_for(ready.wait(), 15)
        changeover._look_at_bot()
        assert changeover._gateway(60.0).reconnects == 1
        panel = await loopback.say("!panel")
        await panel.replies[0].press("Go")
        form = await loopback.invoke("/form")
        await form.modal.submit({"name": "ada"})
        assert [r["command"] for r in records()] == ["panel", "Panel go", "form", "Form"]


async def test_rate_limits_are_counted(run, changeover):
    async with run() as (loopback, _bot):
        loopback.rate_limit_next("POST /channels/*/messages", 0.05, times=2)
        assert (await loopback.say("!ping 7")).content == "legacy 7"
        assert changeover._gateway(60.0).rate_limited == 2


async def test_the_monitor_ends_with_the_bot(changeover, run):
    async with run() as (_loopback, _bot):
        assert changeover._is_running
    assert not changeover._is_running
