"""What the made-up Discord refuses: REST errors with Discord's codes, and errors for the caller."""

from __future__ import annotations

from typing import Any, NamedTuple

from changeover.core.errors import ChangeoverError


class LoopbackError(ChangeoverError):
    """The base of what the loopback Discord raises to whoever drives it."""


class UnknownCommandError(LoopbackError):
    """A slash command or menu entry that the bot has not synced: a person would not find it."""


class NotAllowedError(LoopbackError):
    """Something that Discord's own client would not let this person do."""


class BadOptionError(LoopbackError):
    """A value that Discord's own client would not accept for an option."""


class Refusal(NamedTuple):
    """One of Discord's REST errors. Source: its documentation, "Opcodes and Status Codes"."""

    status: int
    code: int
    message: str


UNAUTHORIZED = Refusal(401, 0, "401: Unauthorized")
NOT_FOUND = Refusal(404, 0, "404: Not Found")
UNKNOWN_CHANNEL = Refusal(404, 10003, "Unknown Channel")
UNKNOWN_GUILD = Refusal(404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = Refusal(404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = Refusal(404, 10008, "Unknown Message")
UNKNOWN_USER = Refusal(404, 10013, "Unknown User")
UNKNOWN_WEBHOOK = Refusal(404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = Refusal(404, 10062, "Unknown interaction")
UNKNOWN_COMMAND = Refusal(404, 10063, "Unknown application command")
ALREADY_ACKNOWLEDGED = Refusal(400, 40060, "Interaction has already been acknowledged.")
MISSING_ACCESS = Refusal(403, 50001, "Missing Access")
NOT_YOUR_MESSAGE = Refusal(403, 50005, "Cannot edit a message authored by another user")
EMPTY_MESSAGE = Refusal(400, 50006, "Cannot send an empty message")
CANNOT_DM = Refusal(403, 50007, "Cannot send messages to this user")
MISSING_PERMISSIONS = Refusal(403, 50013, "Missing Permissions")
INVALID_WEBHOOK_TOKEN = Refusal(401, 50027, "Invalid Webhook Token")
INVALID_FORM = Refusal(400, 50035, "Invalid Form Body")
INVALID_JSON = Refusal(400, 50109, "The request body contains invalid JSON.")


class ApiError(LoopbackError):
    """Ends a REST request with one of Discord's error bodies.

    Attributes:
        refusal: status, code and message.
        errors: where in the request the fault is, as Discord nests it, or `None`.
    """

    def __init__(self, refusal: Refusal, errors: dict[str, Any] | None = None) -> None:
        self.refusal = refusal
        self.errors = errors
        super().__init__(f"{refusal.status} (code {refusal.code}): {refusal.message}")

    def body(self) -> dict[str, Any]:
        """The JSON that Discord sends with it."""
        found: dict[str, Any] = {"message": self.refusal.message, "code": self.refusal.code}
        if self.errors is not None:
            found["errors"] = self.errors
        return found


def invalid_form(path: str, code: str, message: str) -> ApiError:
    """A 50035 that points at one field.

    Args:
        path: the field, dots between the levels, such as `embeds.0.title`.
        code: Discord's word for the fault, such as `BASE_TYPE_MAX_LENGTH`.
        message: the same for people.
    """
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return ApiError(INVALID_FORM, errors)
