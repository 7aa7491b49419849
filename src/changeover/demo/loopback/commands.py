"""The application commands that the bot has synced: the only ones that people can use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from changeover.demo.loopback.errors import (
    UNKNOWN_COMMAND,
    ApiError,
    UnknownCommandError,
    invalid_form,
)
from changeover.demo.loopback.flags import Permission
from changeover.demo.loopback.messages import Json


class CommandKind(IntEnum):
    """Where people find a command. Source: Discord's reference, "Application Command Types"."""

    SLASH = 1
    USER_MENU = 2
    MESSAGE_MENU = 3


class Found(NamedTuple):
    """A command, and where in it the words led.

    Attributes:
        command: as it was registered, with its id.
        path: the subcommand group and subcommand, outermost first; often empty.
        options: the parameters of the leaf, as registered.
    """

    command: Json
    path: list[Json]
    options: list[Json]


_SLASH_NAME = re.compile(r"^[-_'\w]{1,32}$")
_OPTIONS_MAX = 25
_COMMANDS_MAX = 100
_DESCRIPTION_MAX = 100
_SUBCOMMAND, _GROUP = 1, 2


class CommandBook:
    """All commands by scope: global (`None`) or a guild's.

    Args:
        application_id: the bot's.
        new_id: makes ids for new commands; a command that keeps its name keeps its id.
    """

    def __init__(self, application_id: int, new_id: Callable[[], int]) -> None:
        self._application_id = application_id
        self._new_id = new_id
        self._scopes: dict[int | None, dict[tuple[int, str], Json]] = {}

    def replace(self, guild_id: int | None, payload: Any) -> list[Json]:
        """Put these commands in the place of a scope's old ones, as a bulk overwrite does.

        Raises:
            ApiError: 50035 that points at each fault, `0.options.1.name` for instance.
        """
        if not isinstance(payload, list) or len(payload) > _COMMANDS_MAX:
            raise invalid_form("_", "BASE_TYPE_MAX_LENGTH", f"Must be {_COMMANDS_MAX} or fewer.")
        for index, command in enumerate(payload):
            _check(str(index), command)
        keys = [_key(command) for command in payload]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                text = "Application command names must be unique"
                raise invalid_form(f"{index}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        old = self._scopes.get(guild_id, {})
        self._scopes[guild_id] = {
            key: self._filled(command, guild_id, old.get(key))
            for key, command in zip(keys, payload, strict=True)
        }
        return self.listed(guild_id)

    def add(self, guild_id: int | None, command: Json) -> Json:
        """Register one command beside the others, or in the place of its namesake."""
        key = _key(command)
        others = [c for c in self.listed(guild_id) if _key(c) != key]
        self.replace(guild_id, [*others, command])
        return self._scopes[guild_id][key]

    def listed(self, guild_id: int | None) -> list[Json]:
        """The commands of a scope, in the order they were given."""
        return list(self._scopes.get(guild_id, {}).values())

    def get(self, guild_id: int | None, command_id: int) -> Json:
        """A scope's command by id; raises ApiError 10063."""
        for command in self.listed(guild_id):
            if command["id"] == str(command_id):
                return command
        raise ApiError(UNKNOWN_COMMAND)

    def remove(self, guild_id: int | None, command_id: int) -> None:
        """Unregister a command; raises ApiError 10063."""
        del self._scopes[guild_id][_key(self.get(guild_id, command_id))]

    def find(self, words: str, kind: CommandKind, guild_id: int | None) -> Found:
        """What a person gets who types `words` (`/group sub`, or the name of a menu entry).

        Raises:
            UnknownCommandError: nothing of that name is synced there, or it is only a group.
        """
        typed = words.removeprefix("/").split() if kind is CommandKind.SLASH else [words]
        name = typed[0] if typed else ""
        for scope in (guild_id, None):
            command = self._scopes.get(scope, {}).get((kind, name))
            if command is not None:
                return _descend(command, typed[1:], words)
        known = sorted({f"/{n}" for k, n in self._names(guild_id) if k == kind})
        raise UnknownCommandError(
            f"no {kind.name.lower().replace('_', ' ')} command {words!r} is synced here; "
            f"there are: {', '.join(known) or 'none (did the bot call tree.sync()?)'}"
        )

    def _names(self, guild_id: int | None) -> Iterator[tuple[int, str]]:
        for scope in (guild_id, None):
            yield from self._scopes.get(scope, {})

    def _filled(self, command: Json, guild_id: int | None, old: Json | None) -> Json:
        defaults: Json = {
            "type": 1,
            "description": "",
            "options": [],
            "default_member_permissions": None,
            "dm_permission": True,
            "nsfw": False,
            "name_localizations": None,
            "description_localizations": None,
        }
        fixed = {
            "id": old["id"] if old else str(self._new_id()),
            "application_id": str(self._application_id),
            "version": str(self._new_id()),
        }
        if guild_id is not None:
            fixed["guild_id"] = str(guild_id)
        return defaults | command | fixed


def required_permissions(command: Json) -> Permission:
    """What a member needs to see a command: `"0"` means administrators only."""
    value = command["default_member_permissions"]
    if value is None:
        return Permission.NONE
    return Permission(int(value)) or Permission.ADMINISTRATOR


def works_in_dms(command: Json) -> bool:
    """Whether it can be used in direct messages with the bot (context 1 is the bot's DM)."""
    contexts = command.get("contexts")
    return 1 in contexts if contexts is not None else command["dm_permission"] is not False


def _key(command: Json) -> tuple[int, str]:
    return int(command.get("type") or 1), str(command.get("name"))


def _descend(command: Json, names: list[str], words: str) -> Found:
    path: list[Json] = []
    here = command
    for name in names:
        inner = [o for o in here["options"] if o["type"] in (_SUBCOMMAND, _GROUP)]
        match = next((option for option in inner if option["name"] == name), None)
        if match is None:
            raise UnknownCommandError(f"{words!r}: {here['name']!r} has no subcommand {name!r}")
        path.append(match)
        here = match | {"options": match.get("options") or []}
    leaves = here["options"]
    if any(option["type"] in (_SUBCOMMAND, _GROUP) for option in leaves):
        known = ", ".join(option["name"] for option in leaves)
        raise UnknownCommandError(f"{words!r} is only a group; its subcommands are: {known}")
    return Found(command, path, leaves)


def _check(path: str, command: Json) -> None:
    """Raise ApiError 50035 for what Discord would not register."""
    name = str(command.get("name") or "")
    slash = int(command.get("type") or 1) == CommandKind.SLASH
    if not 1 <= len(name) <= 32 or (slash and not _is_slash_name(name)):
        text = "Command name is invalid"
        raise invalid_form(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", text)
    if slash:
        _check_description(path, command)
        _check_options(path, command.get("options") or [])


def _is_slash_name(name: str) -> bool:
    return _SLASH_NAME.match(name) is not None and name == name.lower()


def _check_description(path: str, item: Json) -> None:
    if not 1 <= len(item.get("description") or "") <= _DESCRIPTION_MAX:
        text = f"Must be between 1 and {_DESCRIPTION_MAX} in length."
        raise invalid_form(f"{path}.description", "BASE_TYPE_BAD_LENGTH", text)


def _check_options(path: str, options: list[Json]) -> None:
    if len(options) > _OPTIONS_MAX:
        text = f"Must be {_OPTIONS_MAX} or fewer in length."
        raise invalid_form(f"{path}.options", "BASE_TYPE_MAX_LENGTH", text)
    optional_seen = False
    for index, option in enumerate(options):
        here = f"{path}.options.{index}"
        if not _is_slash_name(str(option.get("name") or "")):
            text = "Option name is invalid"
            raise invalid_form(f"{here}.name", "APPLICATION_COMMAND_INVALID_NAME", text)
        _check_description(here, option)
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            raise invalid_form(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional_seen |= not option.get("required")
        _check_options(here, option.get("options") or [])
