"""A personality: what people register, name and talk to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from changeover.demo import mistakes, rules
from changeover.demo.call import Person


@dataclass(frozen=True, slots=True)
class Handle:
    """A word or words that mean one personality: its name or an alias.

    Two handles are the same when their keys are, however they are written.
    """

    text: str

    @property
    def key(self) -> str:
        """What it is unique by."""
        return rules.key_of(self.text)

    @classmethod
    def name(cls, text: str) -> Self:
        """A name that somebody chose. Raises `BadInputError`."""
        if not rules.NAME.fullmatch(text):
            raise mistakes.bad_name(text)
        handle = cls(text)
        if handle.key.startswith(rules.RESERVED_PREFIX):
            raise mistakes.reserved_name(text)
        return handle

    @classmethod
    def alias(cls, text: str) -> Self:
        """An alias that somebody chose, of one word or several. Raises `BadInputError`."""
        words = text.split()
        handle = cls(" ".join(words))
        fits = 2 <= len(handle.text) <= rules.LONGEST_ALIAS
        if not fits or len(words) > rules.MOST_ALIAS_WORDS or not handle.text.isprintable():
            raise mistakes.bad_alias(handle.text)
        return handle

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Owner:
    """Who registered a personality, by the name of that day."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """The aggregate: a personality with its aliases.

    Attributes:
        id: 0 until it is stored.
        created_s: epoch seconds.
        aliases: in the order of their keys.
    """

    id: int = 0
    name: Handle
    owner: Owner
    prompt: str
    created_s: int
    aliases: tuple[Handle, ...] = ()

    @classmethod
    def register(cls, name: str, prompt: str, owner: Person, now_s: int) -> Personality:
        """A new one, if name and description are fit. Raises `BadInputError`."""
        handle = Handle.name(name)
        description = " ".join(prompt.split())
        if len(description) > rules.LONGEST_PROMPT:
            raise mistakes.long_prompt(rules.LONGEST_PROMPT)
        return cls(
            name=handle, owner=Owner(owner.id, owner.name), prompt=description, created_s=now_s
        )

    @classmethod
    def for_test(cls, index: int, owner: Person, now_s: int) -> Personality:
        """One of the volume test, under a name that nobody can choose."""
        name = Handle(f"{rules.RESERVED_PREFIX}{index}")
        return cls(name=name, owner=Owner(owner.id, owner.name), prompt="", created_s=now_s)

    def require_control(self, person: Person) -> None:
        """Owners change their own; the bot's owner any. Raises `NotAllowedError`."""
        if person.id != self.owner.id and not person.is_bot_owner:
            raise mistakes.not_owner(self.name.text)

    def with_alias(self, alias: Handle) -> Personality:
        """The same with one alias more. Raises `BadInputError` beyond the limit."""
        if len(self.aliases) >= rules.MOST_ALIASES:
            raise mistakes.many_aliases(self.name.text, rules.MOST_ALIASES)
        aliases = sorted((*self.aliases, alias), key=lambda handle: handle.key)
        return replace(self, aliases=tuple(aliases))
