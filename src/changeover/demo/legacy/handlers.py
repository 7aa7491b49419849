"""The old bot's commands by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from changeover.demo.call import Arguments, Call, Handler, Reply
from changeover.demo.database.opener import Database
from changeover.demo.legacy import authentication, conversation, personality, utility

Procedure = Callable[[Database, Call, Arguments], Reply | Awaitable[Reply]]

PROCEDURES: Mapping[str, Procedure] = {
    "ping": utility.ping,
    "status": utility.status,
    "help": utility.show_help,
    "notifications": utility.notifications,
    "debug": utility.debug,
    "purgbot": utility.purgbot,
    "volumetest": utility.volumetest,
    "auth": authentication.auth,
    "verify": authentication.verify,
    "activate": conversation.activate,
    "deactivate": conversation.deactivate,
    "autorespond": conversation.autorespond,
    "reset": conversation.reset,
    "add": personality.add,
    "remove": personality.remove,
    "info": personality.info,
    "alias": personality.alias,
    "list": personality.list_owned,
}


def legacy_handlers(db: Database) -> dict[str, Handler]:
    """The adapter's handlers, all 18, working on a file."""
    return {name: partial(procedure, db) for name, procedure in PROCEDURES.items()}
