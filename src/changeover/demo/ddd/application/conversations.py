"""Who speaks in a channel, and what is forgotten of it."""

from __future__ import annotations

from changeover.demo import mistakes, rules
from changeover.demo.call import Call
from changeover.demo.ddd.application.personalities import PersonalityService
from changeover.demo.ddd.domain.channel import Activation, require_admin, require_moderator
from changeover.demo.ddd.domain.personality import Personality
from changeover.demo.ddd.ports import Store


class ConversationService:
    """What people do with channels."""

    def __init__(self, store: Store, personalities: PersonalityService) -> None:
        self._store = store
        self._personalities = personalities

    def activate(self, call: Call, handle: str) -> Personality:
        """Let a personality speak here. Raises `NotAllowedError` and `NotThereError`."""
        self._require_moderator(call)
        with self._store.transaction():
            personality = self._personalities.find(handle)
            activation = Activation(
                channel_id=call.channel.id,
                guild_id=call.guild.id if call.guild else None,
                personality_id=personality.id,
                activated_by=call.author.id,
                activated_s=call.now_s,
            )
            self._store.channels.activate(activation)
        return personality

    def deactivate(self, call: Call) -> str:
        """Let nobody speak here, and say who did. Raises `NotAllowedError`, `BadInputError`."""
        self._require_moderator(call)
        with self._store.transaction():
            name = self._store.channels.active(call.channel.id)
            if name is None:
                raise mistakes.nobody_active()
            self._store.channels.deactivate(call.channel.id)
        return name

    def forget(self, call: Call, handle: str | None) -> int:
        """Delete the caller's conversations here, and say how many. Raises `NotThereError`."""
        personality = self._personalities.find(handle) if handle else None
        return self._store.channels.forget(call.author.id, call.channel.id, personality)

    async def purge(self, call: Call, limit: int) -> int:
        """Delete the bot's own messages here. Raises `BadInputError`, `NotAllowedError`."""
        if not 1 <= limit <= rules.MOST_PURGED:
            raise mistakes.out_of_range("limit", 1, rules.MOST_PURGED)
        if not call.is_direct:
            self._require_moderator(call)
        return await call.channel.purge(limit)

    def describe(self, call: Call) -> tuple[str | None, int, int]:
        """Who speaks here, to how many people, in how many messages. Raises `NotAllowedError`."""
        require_admin(call)
        name = self._store.channels.active(call.channel.id)
        return name, *self._store.channels.statistics(call.channel.id)

    def _require_moderator(self, call: Call) -> None:
        verification = self._store.accounts.verification(call.author.id)
        require_moderator(call, is_verified=verification is not None)
