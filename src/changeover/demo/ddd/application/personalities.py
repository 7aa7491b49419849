"""Registering, naming, showing and removing personalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.demo import mistakes, rules
from changeover.demo.call import Call, Person
from changeover.demo.ddd.domain.channel import require_admin
from changeover.demo.ddd.domain.personality import Handle, Personality
from changeover.demo.ddd.ports import Store


@dataclass(frozen=True, slots=True)
class OwnedPage:
    """One page of somebody's personalities, of `total` on `pages` pages."""

    personalities: Sequence[Personality]
    total: int
    page: int
    pages: int


class PersonalityService:
    """What people do with personalities."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, call: Call, name: str, prompt: str) -> Personality:
        """Register one. Raises `BadInputError`, or `NotAllowedError` beyond the caller's limit."""
        personality = Personality.register(name, prompt, call.author, call.now_s)
        with self._store.transaction():
            self._require_free(personality.name)
            self._require_room(call.author, call.now_s)
            self._store.personalities.add(personality)
        return personality

    def remove(self, call: Call, handle: str) -> Personality:
        """Delete one of the caller's. Raises `NotThereError` and `NotAllowedError`."""
        with self._store.transaction():
            personality = self.find(handle)
            personality.require_control(call.author)
            self._store.personalities.remove(personality)
        return personality

    def add_alias(self, call: Call, handle: str, text: str) -> tuple[Personality, Handle]:
        """Give one of the caller's another name. Raises any mistake but `TooOftenError`."""
        alias = Handle.alias(text)
        with self._store.transaction():
            personality = self.find(handle)
            personality.require_control(call.author)
            self._require_free(alias)
            personality = personality.with_alias(alias)
            self._store.personalities.save(personality)
        return personality, alias

    def find(self, handle: str) -> Personality:
        """The one of this name or alias. Raises `NotThereError`."""
        personality = self._store.personalities.find(Handle(handle))
        if personality is None:
            raise mistakes.no_personality(handle)
        return personality

    def count_channels(self, personality: Personality) -> int:
        """In how many channels it is active."""
        return self._store.channels.count_of(personality)

    def owned(self, call: Call, page: int) -> OwnedPage:
        """A page of the caller's. Raises `BadInputError` when there is no such page."""
        total = self._store.personalities.count_owned_by(call.author.id)
        pages = max(1, -(-total // rules.PAGE_SIZE))
        if page < 1:
            raise mistakes.out_of_range("page", 1, pages)
        if page > pages:
            raise mistakes.no_page(page, pages)
        offset = (page - 1) * rules.PAGE_SIZE
        found = self._store.personalities.owned_by(
            call.author.id, limit=rules.PAGE_SIZE, offset=offset
        )
        return OwnedPage(found, total, page, pages)

    def run_volume_test(self, call: Call, count: int) -> int:
        """Create so many, remove them again and say how many went. Raises for bad counts."""
        require_admin(call)
        if not 1 <= count <= rules.MOST_VOLUME:
            raise mistakes.out_of_range("count", 1, rules.MOST_VOLUME)
        with self._store.transaction():
            for index in range(1, count + 1):
                personality = Personality.for_test(index, call.author, call.now_s)
                self._store.personalities.add(personality)
            return self._store.personalities.remove_tests_of(call.author.id)

    def _require_free(self, handle: Handle) -> None:
        if self._store.personalities.find(handle) is not None:
            raise mistakes.taken(handle.text)

    def _require_room(self, person: Person, now_s: int) -> None:
        if person.is_bot_owner:
            return
        signed_in = self._store.accounts.sign_in(person.id).is_valid(now_s)
        limit = rules.MOST_PERSONALITIES_SIGNED_IN if signed_in else rules.MOST_PERSONALITIES
        if self._store.personalities.count_owned_by(person.id) >= limit:
            raise mistakes.many_personalities(limit)
