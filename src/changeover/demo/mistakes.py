"""Mistakes that people make, as exceptions whose text is the bot's answer.

The adapter reads `changeover_outcome` from an exception's class. None of these counts as an
error of the bot. Both implementations raise the same ones: what a user is told of a mistake
is part of the behaviour.
"""

from __future__ import annotations

from typing import ClassVar

from changeover.core.model import Outcome


class MistakeError(Exception):
    """The base of them all."""

    changeover_outcome: ClassVar[Outcome] = Outcome.USER_ERROR


class BadInputError(MistakeError):
    """Something typed cannot be used, or not here."""


class NotAllowedError(MistakeError):
    """The caller lacks the right to do this."""

    changeover_outcome = Outcome.DENIED


class TooOftenError(MistakeError):
    """The caller tried too often."""

    changeover_outcome = Outcome.THROTTLED


class NotThereError(MistakeError):
    """What was named does not exist."""

    changeover_outcome = Outcome.NOT_FOUND


def bad_name(name: str) -> MistakeError:
    """A personality's name with forbidden characters or of a forbidden length."""
    return BadInputError(
        f"`{shown(name)}` cannot be a name: use 2 to 32 letters, digits, `.`, `_` or `-`, no spaces."
    )


def reserved_name(name: str) -> MistakeError:
    """A name that the volume test uses."""
    return BadInputError(f"`{shown(name)}` is reserved for tests of this bot.")


def long_prompt(limit: int) -> MistakeError:
    """A description beyond the limit of characters."""
    return BadInputError(f"That description is too long: {limit} characters are the limit.")


def bad_alias(alias: str) -> MistakeError:
    """An alias with too many words or characters, or with none."""
    return BadInputError(
        f"`{shown(alias)}` cannot be an alias: use 1 to 5 words of together 2 to 40."
    )


def taken(handle: str) -> MistakeError:
    """A name or an alias that some personality has already."""
    return BadInputError(f"There is already a personality called `{shown(handle)}`.")


def many_aliases(name: str, limit: int) -> MistakeError:
    """One alias more than a personality may have."""
    return BadInputError(f"{name} has {limit} aliases already, which is the limit.")


def many_personalities(limit: int) -> MistakeError:
    """One personality more than the owner may have."""
    return NotAllowedError(f"You have {limit} personalities, which is your limit.")


def no_personality(handle: str) -> MistakeError:
    """No personality has this name or alias."""
    return NotThereError(f"I know no personality called `{shown(handle)}`.")


def not_owner(name: str) -> MistakeError:
    """A personality that belongs to somebody else."""
    return NotAllowedError(f"{name} belongs to somebody else.")


def not_moderator() -> MistakeError:
    """The channel is not the caller's to change."""
    return NotAllowedError("You need the Manage Messages permission here for that.")


def not_admin() -> MistakeError:
    """Only administrators may."""
    return NotAllowedError("You need the Administrator permission for that.")


def not_verified() -> MistakeError:
    """Personalities speak in direct messages to verified people only."""
    return NotAllowedError("Run `verify` in an age-restricted channel of a server first.")


def nobody_active() -> MistakeError:
    """No personality speaks in the channel."""
    return BadInputError("No personality is active in this channel.")


def bad_choice(what: str, given: str, choices: tuple[str, ...]) -> MistakeError:
    """A word that is none of the choices."""
    return BadInputError(f"`{shown(given)}` is no {what}: use {', '.join(choices)}.")


def out_of_range(what: str, lowest: int, highest: int) -> MistakeError:
    """A number outside its range."""
    return BadInputError(f"The {what} must be from {lowest} to {highest}.")


def no_page(page: int, pages: int) -> MistakeError:
    """A page beyond the last."""
    return BadInputError(f"There is no page {page}: the last one is {pages}.")


def no_command(name: str) -> MistakeError:
    """Help for a command that does not exist."""
    return NotThereError(f"I have no command `{shown(name)}`.")


def not_private() -> MistakeError:
    """Codes are for the caller's eyes."""
    return BadInputError("Use the slash command for that, or write to me directly.")


def not_restricted() -> MistakeError:
    """Verification where Discord does not ask for an age."""
    return BadInputError("Run this in an age-restricted channel of a server.")


def no_code_open() -> MistakeError:
    """A code although none was asked for, or after it ran out."""
    return BadInputError("You have no open code: begin with `auth start`.")


def code_missing() -> MistakeError:
    """`auth code` without one."""
    return BadInputError("Which code? Use `auth code` and the code that I gave you.")


def wrong_code(tries_left: int) -> MistakeError:
    """Not the code that was given."""
    return BadInputError(f"That is not the code. Tries left: {tries_left}.")


def too_many_codes() -> MistakeError:
    """The last try was wrong too."""
    return TooOftenError("Too many wrong codes. Begin again with `auth start`.")


def not_signed_in() -> MistakeError:
    """Nothing to revoke."""
    return BadInputError("You are not signed in.")


def shown(text: str) -> str:
    """What somebody typed, fit to be repeated in a line: 40 characters, no backticks."""
    line = " ".join(text.split()).replace("`", "'")
    return line if len(line) <= 40 else f"{line[:39]}…"
