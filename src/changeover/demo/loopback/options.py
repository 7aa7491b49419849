"""What a person fills into a command's options, as Discord's client checks and sends it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from changeover.demo.loopback import payloads
from changeover.demo.loopback.commands import Found
from changeover.demo.loopback.errors import BadOptionError
from changeover.demo.loopback.messages import Json, Message
from changeover.demo.loopback.nouns import Channel, Member, Role, User
from changeover.demo.loopback.world import World


class OptionKind(IntEnum):
    """Source: Discord's reference, "Application Command Option Type"."""

    SUBCOMMAND = 1
    GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10


_DIGITS = re.compile(r"\d+")
_INTEGER_MAX = 1 << 53
_TRUTH = {"true": True, "false": False}


class Form:
    """Turns values into the `data` of an interaction, with all that they refer to resolved.

    Args:
        world: where users, channels and roles are looked up.
        where: the channel; its guild decides who is a member.
    """

    def __init__(self, world: World, where: Channel) -> None:
        self._world = world
        self._where = where
        self._guild = None if where.guild_id is None else world.guilds[where.guild_id]
        self._resolved: dict[str, Json] = {}
        self._readers: dict[int, Callable[[Json, Any], Any]] = {
            OptionKind.STRING: self._string,
            OptionKind.INTEGER: self._integer,
            OptionKind.BOOLEAN: self._boolean,
            OptionKind.USER: self._user,
            OptionKind.CHANNEL: self._channel,
            OptionKind.ROLE: self._role,
            OptionKind.MENTIONABLE: self._mentionable,
            OptionKind.NUMBER: self._number,
        }

    def slash(self, found: Found, values: Mapping[str, Any], focused: str | None = None) -> Json:
        """The data of a slash command; with `focused`, of an autocomplete request.

        Raises:
            BadOptionError: a required option is missing, or there is none of that name, or its
                value does not fit.
        """
        known = {option["name"]: option for option in found.options}
        for name in values:
            if name not in known:
                names = ", ".join(known) or "none"
                raise BadOptionError(f"/{found.command['name']} has no option {name!r}: {names}")
        filled: list[Json] = []
        for name, option in known.items():
            if values.get(name) is not None:
                filled.append(self._filled(option, values[name], is_focused=name == focused))
            elif option.get("required") and focused is None:
                raise BadOptionError(f"/{found.command['name']}: option {name!r} is required")
        for step in reversed(found.path):
            filled = [{"name": step["name"], "type": step["type"], "options": filled}]
        return self._data(found.command, {"options": filled})

    def menu(self, command: Json, target: User | Message) -> Json:
        """The data of a menu entry used on a user or on a message."""
        if isinstance(target, User):
            self._put_user(target)
        else:
            self._put("messages", target.id, payloads.message(target, self._world))
        return self._data(command, {"target_id": str(target.id)})

    def chosen(self, control: Json, values: list[Any]) -> Json:
        """The data of a select menu's choice."""
        readers = {5: self._user, 6: self._role, 7: self._mentionable, 8: self._channel}
        read = readers.get(control["type"])
        if read is not None:
            values = [read(control, value) for value in values]
        data: Json = {"values": [str(value) for value in values]}
        # discord.py reads the values only where nothing is resolved, so it must be left out then.
        return data | {"resolved": self._resolved} if self._resolved else data

    def _data(self, command: Json, more: Json) -> Json:
        data = {"id": command["id"], "name": command["name"], "type": command["type"]} | more
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        if self._resolved:
            data["resolved"] = self._resolved
        return data

    def _filled(self, option: Json, value: Any, *, is_focused: bool) -> Json:
        found = {"name": option["name"], "type": option["type"]}
        if is_focused:
            return found | {"value": value, "focused": True}
        choices = option.get("choices")
        if choices:
            return found | {"value": _choice(option, choices, value)}
        read = self._readers.get(option["type"])
        if read is None:
            raise _unfit(option, value, "an option type that the loopback Discord has")
        return found | {"value": read(option, value)}

    def _string(self, option: Json, value: Any) -> str:
        text = str(value)
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(text) <= high:
            raise _unfit(option, value, f"a text of {low} to {high} characters")
        return text

    def _integer(self, option: Json, value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError) as wrong:
            raise _unfit(option, value, "a whole number") from wrong
        return int(_in_range(option, number, _INTEGER_MAX))

    def _number(self, option: Json, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError) as wrong:
            raise _unfit(option, value, "a number") from wrong
        if not math.isfinite(number):
            raise _unfit(option, value, "a finite number")
        return _in_range(option, number, _INTEGER_MAX)

    def _boolean(self, option: Json, value: Any) -> bool:
        found = value if isinstance(value, bool) else _TRUTH.get(str(value).lower())
        if found is None:
            raise _unfit(option, value, "true or false")
        return found

    def _user(self, option: Json, value: Any) -> str:
        user = value.user if isinstance(value, Member) else value
        if not isinstance(user, User):
            user = _look_up(value, self._world.users)
        if user is None:
            raise _unfit(option, value, "a user of this world")
        return self._put_user(user)

    def _channel(self, option: Json, value: Any) -> str:
        inside = self._guild.channels if self._guild else {}
        channel = value if isinstance(value, Channel) else _look_up(value, inside)
        kinds = option.get("channel_types")
        if channel is None or channel.id not in inside or (kinds and channel.kind not in kinds):
            raise _unfit(option, value, "a channel of this guild")
        return self._put("channels", channel.id, payloads.channel(channel, self._world))

    def _role(self, option: Json, value: Any) -> str:
        inside = self._guild.roles if self._guild else {}
        role = value if isinstance(value, Role) else _look_up(value, inside)
        if role is None or role.id not in inside:
            raise _unfit(option, value, "a role of this guild")
        return self._put("roles", role.id, payloads.role(role))

    def _mentionable(self, option: Json, value: Any) -> str:
        try:
            return self._role(option, value)
        except BadOptionError:
            return self._user(option, value)

    def _put_user(self, user: User) -> str:
        member = self._guild.members.get(user.id) if self._guild else None
        if member is not None:
            may = self._world.permissions(user, self._where)
            self._put("members", user.id, payloads.with_permissions(member, may, with_user=False))
        return self._put("users", user.id, payloads.user(user))

    def _put(self, kind: str, id_: int, payload: Json) -> str:
        self._resolved.setdefault(kind, {})[str(id_)] = payload
        return str(id_)


def _choice(option: Json, choices: list[Json], value: Any) -> Any:
    for choice in choices:
        if value in (choice["name"], choice["value"]):
            return choice["value"]
    raise _unfit(option, value, "one of " + ", ".join(choice["name"] for choice in choices))


def _in_range(option: Json, number: float, most: int) -> float:
    low, high = option.get("min_value", -most), option.get("max_value", most)
    if not low <= number <= high:
        raise _unfit(option, number, f"{low} to {high}")
    return number


def _look_up(value: Any, known: Mapping[int, Any]) -> Any:
    """What somebody means by an id, a mention (`<@1>`), or a name."""
    digits = _DIGITS.search(str(value))
    if digits and int(digits[0]) in known:
        return known[int(digits[0])]
    return next((each for each in known.values() if each.name == value), None)


def _unfit(option: Json, value: Any, allowed: str) -> BadOptionError:
    return BadOptionError(f"option {option['name']}={str(value)[:64]!r}: expected {allowed}")
