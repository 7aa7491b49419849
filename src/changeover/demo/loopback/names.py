"""Names for a made-up world."""

from __future__ import annotations

PEOPLE = (
    "ada", "alan", "annie", "barbara", "bela", "bjarne", "boris", "brian", "carol", "chen",
    "claude", "clara", "dana", "dennis", "dorothy", "edith", "edsger", "elena", "emmy", "erik",
    "fatima", "felix", "frances", "grace", "guido", "hamid", "hedy", "henri", "ida", "ines",
    "ivan", "jean", "joan", "johann", "jun", "kala", "karen", "katherine", "ken", "kofi", "lars",
    "lena", "linus", "lynn", "mae", "margaret", "maria", "marvin", "mary", "mira", "nadia",
    "nils", "noor", "olga", "omar", "paul", "peter", "radia", "rasmus", "rita", "rosa", "ruth",
    "sam", "sara", "sofia", "stella", "tim", "tova", "ursula", "vera", "viktor", "wendy", "xenia",
    "yuki", "yusuf", "zara",
)  # fmt: skip

GUILDS = (
    "Projection Room",
    "Matinee",
    "Second Reel",
    "Late Show",
    "The Foyer",
    "Cue Dots",
    "Box Office",
    "Intermission",
)


def person(index: int) -> str:
    """The name of the index-th person; unique for every index."""
    round_, place = divmod(index, len(PEOPLE))
    return PEOPLE[place] if round_ == 0 else f"{PEOPLE[place]}{round_ + 1}"


def guild(index: int) -> str:
    """The name of the index-th guild; unique for every index."""
    round_, place = divmod(index, len(GUILDS))
    return GUILDS[place] if round_ == 0 else f"{GUILDS[place]} {round_ + 1}"
