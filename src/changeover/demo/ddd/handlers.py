"""The new bot's commands by name: the one place that knows all its layers."""

from __future__ import annotations

from changeover.demo.call import Handler
from changeover.demo.database.opener import Database
from changeover.demo.ddd.application.accounts import AccountService
from changeover.demo.ddd.application.conversations import ConversationService
from changeover.demo.ddd.application.personalities import PersonalityService
from changeover.demo.ddd.infrastructure.sqlite import SqliteStore
from changeover.demo.ddd.interface.authentication import AuthenticationCommands
from changeover.demo.ddd.interface.conversation import ConversationCommands
from changeover.demo.ddd.interface.personality import PersonalityCommands
from changeover.demo.ddd.interface.utility import UtilityCommands


def ddd_handlers(database: Database) -> dict[str, Handler]:
    """The adapter's handlers, all 18, working on a file."""
    store = SqliteStore(database)
    accounts = AccountService(store)
    personalities = PersonalityService(store)
    conversations = ConversationService(store, personalities)
    return {
        **UtilityCommands(accounts, conversations, personalities).handlers(),
        **AuthenticationCommands(accounts).handlers(),
        **ConversationCommands(conversations, accounts).handlers(),
        **PersonalityCommands(personalities).handlers(),
    }
