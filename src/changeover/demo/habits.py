"""What one made-up person does next: which command, with which words, and with which mistakes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from changeover.demo.catalogue import COMMANDS
from changeover.demo.loopback.nouns import Channel, User

POPULAR = (
    "list", "info", "add", "help", "ping", "alias", "status", "reset", "activate", "autorespond",
    "remove", "notifications", "auth", "verify", "deactivate", "purgbot", "debug", "volumetest",
)  # fmt: skip
"""The commands as often as they are used, by and large: the n-th about 1/n of the first."""

ZIPF_EXPONENT = 0.9
FULL_SHELF = 8  # personalities of one person, of whom no more come until some go

_FIRST = ("Amber", "Brave", "Calm", "Dusty", "Eager", "Faint", "Gentle", "Hazel", "Icy", "Jolly")
_SECOND = ("Otter", "Lamp", "Robin", "Comet", "Fern", "Badger", "Reel", "Tide", "Finch", "Moth")
_WORDS = ("old friend", "the one who knows", "sleepy head", "boss", "my better half", "captain")
_DESCRIPTIONS = ("", "", "kind and a little vain", "answers in riddles", "always on a diet")
_UNKNOWN = ("play", "rank", "ban", "weather", "daily", "meme")

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere a person may talk to the bot."""

    channel: Channel
    is_direct: bool = False
    may_moderate: bool = False
    is_admin: bool = False


@dataclass(slots=True)
class Person:
    """Somebody with habits, and a memory of what they did.

    Attributes:
        places: where they talk in servers, at least one.
        slash_ratio: how often they use slash commands and do not type.
        weights: how often each command of `POPULAR` comes to their mind.
        owned: names that they registered.
    """

    user: User
    places: Sequence[Place]
    direct: Place
    slash_ratio: float
    weights: Sequence[float]
    owned: list[str] = field(default_factory=list)
    is_verified: bool = False
    is_signed_in: bool = False


class Habits:
    """Words for the commands. Everything said comes from one pair of dice.

    Attributes:
        names: all personalities that people registered and did not remove, as far as they know.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._count = 0
        self.names: list[str] = []
        self._words: dict[str, Callable[[Person, Place], Options]] = {
            "add": self._add,
            "remove": self._remove,
            "info": self._name,
            "activate": self._activate,
            "alias": self._alias,
            "list": lambda *_: {},
            "reset": self._reset,
            "help": self._help,
            "notifications": self._choice("setting", "status on off major minor patch"),
            "autorespond": self._choice("action", "status on off"),
            "auth": self._auth,
            "debug": self._choice("topic", "database channel"),
            "purgbot": lambda *_: {"limit": self._dice.randint(1, 5)},
            "volumetest": lambda *_: {"count": self._dice.choice((5, 10, 20))},
        }

    def person(self, user: User, places: Sequence[Place], direct: Place) -> Person:
        """Somebody new, whose favourites differ a little from everybody's."""
        weights = [
            self._dice.lognormvariate(0, 0.5) / rank**ZIPF_EXPONENT
            for rank in range(1, len(POPULAR) + 1)
        ]
        return Person(user, places, direct, self._dice.betavariate(1.2, 1.2), weights)

    def sensible(self, person: Person, place: Place) -> tuple[str, Options]:
        """A command that the person may use there, and that has a point."""
        while True:
            [name] = self._dice.choices(POPULAR, person.weights)
            if name == "add" and len(person.owned) >= FULL_SHELF:
                name = "remove"
            if name in ("remove", "alias") and not person.owned:
                name = "add"
            if self._has_a_point(name, person, place):
                words = self._words.get(name)
                if name == "verify":
                    person.is_verified = True
                return name, words(person, place) if words else {}

    def bad_argument(self, person: Person) -> tuple[str, str, Options | None]:
        """A mistake in the words: command, what is typed after it, options if slash allows it."""
        mistakes: list[tuple[str, str, Options | None]] = [
            ("list", "second", None),
            ("list", "99", {"page": 99}),
            ("add", "", None),
            ("add", '"Half a quote', None),
            ("add", "what?!", {"name": "what?!"}),
            ("alias", person.owned[0] if person.owned else "Nobody", None),
            ("info", "", None),
            ("info", "Nobbody", {"personality": "Nobbody"}),
            ("notifications", "loud", {"setting": "loud"}),
            ("autorespond", "maybe", {"action": "maybe"}),
            ("purgbot", "all", None),
            ("help", "me", {"command": "me"}),
            ("auth", "code 1234-5678", None),
        ]
        return self._dice.choice(mistakes)

    def forbidden(self, person: Person, place: Place) -> tuple[str, Options]:
        """Something that the person may not do there."""
        others = [name for name in self.names if name not in person.owned]
        wishes: list[tuple[str, Options]] = []
        if not place.is_admin:
            wishes += [("debug", {"topic": "database"}), ("volumetest", {"count": 50})]
        if not place.may_moderate and not place.is_direct:
            wishes += [("deactivate", {}), ("purgbot", {"limit": 10})]
        if others:
            wishes.append(("remove", {"personality": self._dice.choice(others)}))
        return self._dice.choice(wishes) if wishes else ("verify", {})

    def unknown(self) -> str:
        """No command at all: one of another bot's, or a slip of the fingers."""
        if self._dice.random() < 0.4:
            return self._dice.choice(_UNKNOWN)
        name = self._dice.choice(POPULAR)
        at = self._dice.randrange(len(name) - 1)
        slip = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        return slip if slip not in COMMANDS else name + "x"

    def chat(self) -> str:
        """What people say to each other, and now and then to a personality."""
        if self.names and self._dice.random() < 0.3:
            return f"@{self._dice.choice(self.names)} what do you think?"
        return self._dice.choice(
            ("hello", "brb", "did you see that?", "lol", "!tzx is not a thing", "tz tz tz", "ok!!")
        )

    def _has_a_point(self, name: str, person: Person, place: Place) -> bool:
        if name in ("debug", "volumetest"):
            return place.is_admin
        if name == "purgbot":
            return place.may_moderate or place.is_direct
        if name in ("activate", "deactivate"):
            may = person.is_verified if place.is_direct else place.may_moderate
            return may and bool(self.names)
        if name == "verify":
            return place.channel.nsfw or person.is_verified
        return name != "info" or bool(self.names)

    # --- the words of each command --------------------------------------------------------------

    def _add(self, person: Person, _place: Place) -> Options:
        name = self._new_name()
        person.owned.append(name)
        self.names.append(name)
        description = self._dice.choice(_DESCRIPTIONS)
        return {"name": name, "description": description} if description else {"name": name}

    def _remove(self, person: Person, _place: Place) -> Options:
        name = person.owned.pop(self._dice.randrange(len(person.owned)))
        self.names.remove(name)
        return {"personality": name}

    def _name(self, _person: Person, _place: Place) -> Options:
        return {"personality": self._dice.choice(self.names)}

    def _activate(self, person: Person, place: Place) -> Options:
        return self._name(person, place)

    def _alias(self, person: Person, _place: Place) -> Options:
        self._count += 1
        alias = f"{self._dice.choice(_WORDS)} {self._count}"
        return {"personality": self._dice.choice(person.owned), "alias": alias}

    def _reset(self, person: Person, place: Place) -> Options:
        return self._name(person, place) if self.names and self._dice.random() < 0.3 else {}

    def _help(self, _person: Person, _place: Place) -> Options:
        return {"command": self._dice.choice(POPULAR)} if self._dice.random() < 0.5 else {}

    def _auth(self, person: Person, _place: Place) -> Options:
        if person.is_signed_in and self._dice.random() < 0.2:
            person.is_signed_in = False
            return {"action": "revoke"}
        return {} if person.is_signed_in or self._dice.random() < 0.5 else {"action": "start"}

    def _choice(self, option: str, words: str) -> Callable[[Person, Place], Options]:
        return lambda *_: {option: self._dice.choice(words.split())}

    def _new_name(self) -> str:
        self._count += 1
        return f"{self._dice.choice(_FIRST)}{self._dice.choice(_SECOND)}{self._count}"
