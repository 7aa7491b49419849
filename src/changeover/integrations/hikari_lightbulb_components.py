"""Menus and modals of lightbulb: each use of one is an action, named by its class and item."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import Context
from typing import Any, NamedTuple

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import Action, Actions, choice_in, running
from changeover.integrations.hooks import Hooks
from changeover.integrations.platform import shard_of

_MADE_UP = "lb_"  # what the custom ids begin with that lightbulb makes up


class Use(NamedTuple):
    """Which component is used, and the context of what had made it."""

    name: str
    context: Context | None


def component_methods(
    observed: Callable[[], Any], actions: Actions, hooks: Hooks
) -> dict[str, Callable[..., Any]]:
    """The methods of a client that get the uses of components, as actions.

    Args:
        observed: the class that they will be in.
        actions: begins and ends the actions.
        hooks: what is put on menus is taken back with the rest.
    """

    def use_of(find: Callable[[Any, str], Use | None], client: Any, custom_id: str) -> Use | None:
        try:
            return find(client, custom_id) if actions.is_attached else None
        except Exception as trouble:  # noqa: BLE001  # it works without us
            actions.guard.caught("attach.component", trouble)
            return None

    def menu_use(client: Any, custom_id: str) -> Use | None:
        attached = client._attached_menus  # noqa: SLF001  # nothing public tells
        used = next((menu for menu in attached if custom_id in menu.custom_ids), None)
        if used is None:  # of nobody, or of another part of the bot
            return None
        menu, item = used._menu, used.custom_ids[custom_id]  # noqa: SLF001
        _hear_refusal(menu, actions, hooks)
        return Use(f"{type(menu).__name__} {_item_name(item)}", used._ctx)  # noqa: SLF001

    async def component(client: Any, interaction: Any, *args: Any) -> Any:
        before = super(observed(), client).handle_component_interaction
        use = use_of(menu_use, client, interaction.custom_id)
        return await _act(actions, use, client, before, interaction, *args)

    async def modal(client: Any, interaction: Any, *args: Any) -> Any:
        before = super(observed(), client).handle_modal_interaction
        use = use_of(_modal_use, client, interaction.custom_id)
        return await _act(actions, use, client, before, interaction, *args)

    return {"handle_component_interaction": component, "handle_modal_interaction": modal}


async def _act(
    actions: Actions, use: Use | None, client: Any, before: Any, interaction: Any, *args: Any
) -> Any:
    if use is None:
        return await before(interaction, *args)

    def describe(action: Action) -> None:
        action.name = use.name
        action.shard = shard_of(interaction.guild_id, client.app.shard_count)

    async def work() -> Any:
        action = running()
        if action is not None:  # it is of the system that made the menu or modal
            action.choice = choice_in(use.context)
        return await before(interaction, *args)

    return await actions.act(Kind.COMPONENT, describe, work)


def _hear_refusal(menu: Any, actions: Actions, hooks: Hooks) -> None:
    """A menu's `predicate` may refuse somebody, without an error."""
    if not hasattr(menu, "__dict__") or hooks.has(menu, "predicate"):
        return
    before = menu.predicate

    async def predicate(context: Any) -> Any:
        is_allowed = await before(context)
        action = running()
        if not is_allowed and action is not None:
            action.outcome, action.stopped_ns = Outcome.DENIED, actions.now_ns()
        return is_allowed

    hooks.put(menu, "predicate", predicate)


def _modal_use(client: Any, custom_id: str) -> Use | None:
    """Of lightbulb's closure over the modal and the context that it was attached in."""
    handler = client._attached_modals.get(custom_id)  # noqa: SLF001  # nothing public tells
    if handler is None:
        return None
    held = inspect.getclosurevars(handler).nonlocals
    return Use(type(held["self"]).__name__ if "self" in held else "Modal", held.get("ctx"))


def _item_name(component: Any) -> str:
    """What its author calls it: the callback's name, or a custom id that lightbulb did not make."""
    name = getattr(component.callback, "__name__", "")
    if name and name != "<lambda>":
        return str(name)
    custom_id = str(component.custom_id)
    return type(component).__name__ if custom_id.startswith(_MADE_UP) else custom_id
