"""What a chat library's file must offer, and what it is given: the same for every library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from changeover.core.errors import ChangeoverError
from changeover.core.model import Gateway, Kind, Outcome
from changeover.integrations.messages import Json, OnButton

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from changeover.integrations.actions import Actions


class UnsupportedBotError(ChangeoverError, TypeError):
    """`attach` was given something that is not a bot of a supported library."""


class Dialect(Protocol):
    """How a library says what happened. Nothing here may take long."""

    def unwrap(self, error: BaseException) -> BaseException:
        """What really happened, inside the library's own wrappers."""

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """What an unwrapped error of the library means; None for an error of anybody else."""

    def was_run(self, error: BaseException) -> bool:
        """Whether the command's callback had begun when this error, still wrapped, arose."""

    def has_answered(self, subject: Any, after_s: float) -> bool:
        """Whether the user has been answered already, or cannot be any more.

        Args:
            subject: what the library gives a handler first: a context or an interaction.
            after_s: seconds since the action began.
        """


class Plain:
    """The dialect of functions that no chat library calls."""

    def unwrap(self, error: BaseException) -> BaseException:
        """The error itself."""
        return error

    def outcome_of(self, _error: BaseException) -> Outcome | None:
        """Left to the general rule."""
        return None

    def was_run(self, _error: BaseException) -> bool:
        """Nothing comes before the function."""
        return True

    def has_answered(self, _subject: Any, _after_s: float) -> bool:
        """Nobody is answered but by what the function returns."""
        return False


class Integration(Protocol):
    """One bot of one library. `find(bot)` makes it; nothing is touched before `attach`.

    Attributes:
        library: such as `discord.py 2.7.1`.
        dialect: how it says what happened.
    """

    library: str
    dialect: Dialect

    def attach(self, actions: Actions, on_close: Callable[[], None]) -> None:
        """Route and record every command of the bot, and every one that it gets later.

        Args:
            actions: begins and ends the users' actions, and makes callbacks that route.
            on_close: to be called in a thread when the bot has closed; may take 2 s.

        Raises:
            BadValueError: a new handler cannot take its command's arguments.
        """

    def detach(self) -> None:
        """Restore every object as it was."""

    def handlers_in(self, source: Any) -> Iterator[tuple[str, Kind | None, Callable[..., Any]]]:
        """The commands of a cog (instance or class) or module, for `new_from`.

        Yields:
            Qualified name, kind of call (None for every kind) and the callback, bound to its cog.
        """

    def look(self) -> None:
        """Note what has changed on the gateway. Called in another thread, twice a second."""

    def loop(self) -> AbstractEventLoop | None:
        """The bot's event loop; None before it runs. Called in another thread."""

    def is_ready(self) -> bool:
        """Whether the bot is logged in and has its guilds."""

    def gateway(self, window_s: float) -> Gateway:
        """What is known of the gateway now; rate limits of so many seconds. From any thread."""

    async def post(self, channel_id: int, body: Json, *, timeout_s: float = 10.0) -> str:
        """Post a message as the bot; returns its id. From any event loop, in any thread.

        The library's own HTTP client sends it, so that the bot's rate limits are kept.

        Args:
            channel_id: where to.
            body: the message as Discord's API takes it: `content`, `embeds`, `components` ...
            timeout_s: for all of it, waiting for the rate limit included.

        Raises:
            ChannelError: the bot does not run, or Discord did not take it in time.
        """

    def on_button(self, callback: OnButton) -> None:
        """Have presses of buttons answered whose custom id begins with `changeover:`.

        Discord is told at once that the press arrived. The callback is given the user's id and
        the custom id, and awaited on the bot's loop, which it must not block; what it returns is
        shown to that user alone. Whether this user may is its own question. The bot's own views
        never hear of such a press.
        """
