"""Feature flags: what several sources say, as one snapshot in memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.errors import ChangeoverError, Guard, SettingsError, StoreUnavailableError
from changeover.core.model import Check, FlagState, Status
from changeover.core.ports import FlagSource, FlagValue
from changeover.route.assignment import ask
from changeover.route.names import FlagNames
from changeover.route.share import to_share

logger = logging.getLogger("changeover")


@dataclass(slots=True)
class _Feed:
    """One source, what it said last, and how it is."""

    source: FlagSource
    values: Mapping[str, FlagValue] = field(default_factory=dict)
    read_ns: int | None = None  # by the monotonic clock, when it last answered
    failures: int = 0  # since the start
    error: Exception | None = None  # of the last read; None when that went well


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All flags that are set, at one moment. Replaced as a whole, never changed."""

    shares: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, tuple[str, FlagValue]] = field(default_factory=dict)  # by source


class FeatureFlags:
    """The flags of this process. Reading one is a look into memory, from any thread.

    Args:
        sources: later ones override earlier ones, such as file, environment, store.
        brakes: override all of these; they look into memory only, so `brake` need not wait.
        names: the flags that exist; `EnvironmentFlags` needs the same object.
        clock: for how old a failing source's values are.
        guard: takes the errors of sources.
    """

    def __init__(
        self,
        sources: Sequence[FlagSource] = (),
        *,
        brakes: Sequence[FlagSource] = (),
        names: FlagNames | None = None,
        clock: Clock | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.names = names or FlagNames()
        self._clock = clock or SystemClock()
        self._guard = guard or Guard(self._clock)
        self._slow = [_Feed(source) for source in sources]
        self._brakes = [_Feed(source) for source in brakes]
        self._feeds = [*self._slow, *self._brakes]
        self._snapshot = _Snapshot()
        self._since_ns = self._clock.monotonic_ns()
        self.begin_anew()

    def begin_anew(self) -> None:
        """In the child of a fork, where a thread that is gone may hold the lock."""
        self._lock = threading.Lock()
        self._merging = threading.Lock()  # held while nothing can wait

    def register(self, *names: str) -> None:
        """Say that these flags are asked for; others that are set are reported as unknown."""
        self.names.register(*names)

    def refresh(self) -> bool:
        """Read the sources again; True when any flag is different. May wait for a disk.

        A source that fails keeps what it said last, and `check` says so. Until every source
        was heard once, all flags are off: the one that is silent may hold a rollback.
        """
        with self._lock:
            self._tell(self._read_all(self._slow))
            return self.brake()

    def brake(self) -> bool:
        """Read the brakes alone; True when any flag is different. Never waits for a store."""
        with self._merging:
            errors = self._read_all(self._brakes)
            snapshot = _merge(self._feeds) if self._has_heard_all() else _Snapshot()
            changed = snapshot != self._snapshot
            if changed:
                self._snapshot = snapshot
        self._tell(errors)
        return changed

    @property
    def shares(self) -> Mapping[str, float]:
        """The share in percent of every flag that is set, all of the same moment."""
        return self._snapshot.shares

    def share(self, flag: str) -> float | None:
        """The percent of ids that a flag is on for, or None when no source sets it."""
        return self._snapshot.shares.get(flag)

    def is_enabled(self, flag: str, id: str | int | None = None) -> bool:  # noqa: A002  # the field's word
        """Whether a flag is on for an id. Without an id, a share below 100 is off."""
        try:
            return ask(flag, self.share(flag), id).on
        except Exception as error:  # noqa: BLE001  # this may stand on the bot's road
            self._guard.caught("route.is_enabled", error)
            return False

    def states(self) -> list[FlagState]:
        """Every flag that is set or asked for, by name."""
        values = self._snapshot.values
        return [self._state(name, values.get(name)) for name in sorted({*values, *self.names})]

    def check(self) -> Check:
        """How the flags are: which sources fail, which flags nothing asks for."""
        failing = [feed for feed in self._feeds if feed.error is not None]
        unknown = [state for state in self.states() if not state.known]
        if not failing and not unknown:
            count = len(self._snapshot.shares)
            return Check(
                "flags", Status.HEALTHY, f"{count} {'flag is' if count == 1 else 'flags are'} set"
            )
        told = [*map(self._complaint, failing), *map(_misspelt, unknown)]
        age_s = max(map(self._age_s, failing), default=None)
        return Check("flags", Status.DEGRADED, "; ".join(told), age_s)

    @property
    def failures(self) -> Mapping[str, int]:
        """How often each source could not be read since the start."""
        return {feed.source.name: feed.failures for feed in self._feeds}

    def _has_heard_all(self) -> bool:
        return all(feed.read_ns is not None for feed in self._feeds)

    def _read_all(self, feeds: Sequence[_Feed]) -> list[tuple[str, Exception]]:
        return [(feed.source.name, error) for feed in feeds if (error := self._read(feed))]

    def _tell(self, errors: Sequence[tuple[str, Exception]]) -> None:
        for source, error in errors:
            if isinstance(error, SettingsError):  # what people wrote is no error of ours
                logger.warning("flags of the %s stay as they were: %s", source, error)
            else:
                self._guard.caught(f"route.flags.{source}", error)

    def _read(self, feed: _Feed) -> Exception | None:
        """Read a source anew; returns an error that somebody has to be told."""
        try:
            values = dict(feed.source.read())
            for name, value in values.items():
                to_share(name, value.share)
        except Exception as error:  # noqa: BLE001  # whatever a source does, its last values stay
            before, feed.error = feed.error, error.with_traceback(None)
            feed.failures += 1
            if isinstance(error, StoreUnavailableError):
                return None  # the store logs its own trouble
            is_old = isinstance(error, SettingsError) and str(error) == str(before)
            return None if is_old else error
        feed.values, feed.error, feed.read_ns = values, None, self._clock.monotonic_ns()
        return None

    def _state(self, name: str, value: tuple[str, FlagValue] | None) -> FlagState:
        source, told = value or ("default", FlagValue(0.0))
        known = self.names.knows(name)
        return FlagState(
            name,
            told.share,
            source,
            known=known,
            nearest=None if known else self.names.nearest(name),
            updated_ns=told.updated_ns,
            actor=told.actor,
            reason=told.reason,
            version=told.version,
        )

    def _age_s(self, feed: _Feed) -> float:
        since_ns = self._since_ns if feed.read_ns is None else feed.read_ns
        return (self._clock.monotonic_ns() - since_ns) / NS_PER_S

    def _complaint(self, feed: _Feed) -> str:
        kept = "all flags are off" if feed.read_ns is None else "its last known values stay"
        # Only our own messages are known to hold no secret.
        error = feed.error
        why = (
            " ".join(str(error).split())
            if isinstance(error, ChangeoverError)
            else type(error).__name__
        )
        return f"{feed.source.name} cannot be read for {self._age_s(feed):.0f} s, {kept} ({why})"


def _merge(feeds: Sequence[_Feed]) -> _Snapshot:
    values = {
        name: (feed.source.name, value) for feed in feeds for name, value in feed.values.items()
    }
    return _Snapshot({name: value.share for name, (_, value) in values.items()}, values)


def _misspelt(state: FlagState) -> str:
    hint = f", did you mean {state.nearest}?" if state.nearest else ""
    return f"nothing asks for flag {state.name} (from {state.source}){hint}"
