"""What one alert owes one channel: several messages, told as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from changeover.act.documents import Owed
from changeover.core.model import Event, Notification

# In the order in which one episode has them. Moments alone do not say it: two may be equal, and
# the clock may have been set back in between.
_ORDER = {
    str(event): rank
    for rank, event in enumerate(
        (Event.FIRING, Event.ESCALATED, Event.REMINDER, Event.ACKNOWLEDGED, Event.RESOLVED)
    )
}
# Of several messages of one episode, what one message instead of them is: the first that is there.
_SAYS = (Event.RESOLVED, Event.FIRING, Event.ESCALATED, Event.ACKNOWLEDGED, Event.REMINDER)


@dataclass(frozen=True)
class Strand:
    """The messages that one episode of one alert owes one channel; at least one."""

    owed: tuple[Owed, ...]

    @cached_property
    def told(self) -> Notification:
        """The one message that says them all."""
        return merged([one.notification for one in self.owed])

    @property
    def key(self) -> str:
        """The episode: `error_rate#3`."""
        return self.owed[0].notification.dedup_key

    @property
    def thread(self) -> str | None:
        """The dedup key of the message that tried to tell of it, if one did."""
        return next((one.thread for one in self.owed if one.thread is not None), None)

    @property
    def attempts(self) -> int:
        """How often the one that was tried least was tried."""
        return min(one.attempts for one in self.owed)

    @property
    def since_ns(self) -> int:
        """When the oldest message became due."""
        return min(one.notification.at_ns for one in self.owed)

    @property
    def was_never_told(self) -> bool:
        """Whether its firing is owed still, and no attempt to tell of it may have succeeded."""
        return self.thread is None and any(
            one.notification.event == Event.FIRING for one in self.owed
        )


def strands_of(owed: Iterable[Owed]) -> list[Strand]:
    """Messages by episode, in the order of their first ones."""
    episodes: dict[str, list[Owed]] = {}
    for one in owed:
        episodes.setdefault(one.notification.dedup_key, []).append(one)
    return [Strand(tuple(group)) for group in episodes.values()]


def merged(owed: Sequence[Notification]) -> Notification:
    """One message that says what several about one episode would have said, as of the newest.

    The order of the messages does not matter, and merging what is merged changes nothing.
    """
    if len(owed) == 1:
        return owed[0]
    events = {Event(one.event) for one in owed}
    event = next((event for event in _SAYS if event in events), Event.FIRING)
    newest = max(owed, key=_moment)
    if event is Event.RESOLVED:
        newest = max((one for one in owed if one.event == Event.RESOLVED), key=_moment)
        late = Event.FIRING in events or any(one.late for one in owed)
        return replace(newest, late=late)
    return replace(newest, event=event)


def _moment(one: Notification) -> tuple[int, int]:
    return one.at_ns, _ORDER.get(str(one.event), 0)
