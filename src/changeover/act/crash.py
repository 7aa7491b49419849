"""Ends without a goodbye: which runs died, and whether that is reason to take shares back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import ConflictError
from changeover.core.model import Instance
from changeover.core.ports import Document, Put, State
from changeover.core.process import Every

RUN = "run"
BEAT_S = 15.0
SILENT_AFTER_S = 60.0  # four beats missed
LOOP_OF, LOOP_S = 3, 600.0  # so many deaths in so long a time are a crash loop


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a process, as it told of itself last."""

    key: str
    version: int
    host: str
    process: int
    beat_ns: int
    died_ns: int | None


class Runs:
    """Marks this run, and finds those that ended without taking their mark away.

    A run is dead when its process is gone from this host, or, on another host (a container that
    starts anew has another name), when it was silent for a minute by this process's own clock.
    Of a bot with one process, one death says that it may be the new code. Of several, one death
    says little: the others still judge. Three within ten minutes are a crash loop, whoever died.

    Args:
        state: where runs are marked.
        clock: the wall clock for beats.
        instance: this run.
        is_alive: whether a process of this host lives; None where nobody can say.
    """

    def __init__(
        self,
        state: State,
        *,
        clock: Clock,
        instance: Instance,
        is_alive: Callable[[int], bool | None] | None = None,
    ) -> None:
        self._state = state
        self._clock = clock
        self._me = instance
        self._is_alive = is_alive or process_lives
        self._due = Every(BEAT_S, clock)
        self._is_marked = False
        self._found: dict[str, int] | None = None  # the beat of each run that was there before
        self._heard: dict[str, tuple[int, int]] = {}  # of each run: its beat, and when it was new

    def look(self, take_back: Callable[[str], None], *, is_rising: bool) -> None:
        """Find the dead, and beat while shares are rising; to be called with every step.

        Args:
            is_rising: whether an end without a goodbye would be reason to go back.
            take_back: called with the reason where shares have to go back; only when it has
                returned are the dead forgotten, so that a death in between is no way out.

        Raises:
            StoreUnavailableError: nobody can be asked.
        """
        if not self._due.is_due() and self._is_marked == is_rising:
            return
        runs = [_run_from(key, found) for key, found in self._state.read(RUN).items()]
        others = [run for run in runs if run.key != self._me.id]
        dead = [run for run in others if self._is_dead(run)]
        if self._found is None:
            self._found = {run.key: run.beat_ns for run in others}
        living = len(others) - len(dead) + any(map(self._outlived, dead))
        self._judge(dead, living=living, take_back=take_back)
        if is_rising:
            self._beat()
        else:
            self.end(is_clean=True)

    def end(self, *, is_clean: bool) -> None:
        """This run ends in good order; one that does not (the bot's loop is blocked) stays marked.

        Raises:
            StoreUnavailableError: it stays marked.
        """
        if is_clean and self._is_marked:
            self._state.commit([Put(RUN, self._me.id, None)])
            self._is_marked = False

    def _beat(self) -> None:
        value = _document(self._me.host, self._me.process, self._clock.wall_ns(), None)
        self._state.commit([Put(RUN, self._me.id, value)])
        self._is_marked = True

    def _is_dead(self, run: _Run) -> bool:
        if run.died_ns is not None:
            return True
        if run.host == self._me.host:
            lives = None if run.process == self._me.process else self._is_alive(run.process)
            if run.process == self._me.process or lives is False:
                return True  # its number is mine now, or nobody's
            if lives:
                return False
        return self._silent_s(run) >= SILENT_AFTER_S

    def _outlived(self, run: _Run) -> bool:
        """Whether this run was there while the other lived; one that came after judged nothing."""
        return run.died_ns is None and (self._found or {}).get(run.key) != run.beat_ns

    def _silent_s(self, run: _Run) -> float:
        """By the monotonic clock of this process: setting the wall clock kills nobody."""
        now_ns = self._clock.monotonic_ns()
        beat_ns, since_ns = self._heard.get(run.key, (None, now_ns))
        if beat_ns != run.beat_ns:
            self._heard[run.key] = (run.beat_ns, now_ns)
            return 0.0
        return (now_ns - since_ns) / NS_PER_S

    def _judge(self, dead: list[_Run], *, living: int, take_back: Callable[[str], None]) -> None:
        if not dead:
            return
        new = [run for run in dead if run.died_ns is None]
        recent = [run for run in dead if run in new or self._age_s(run.died_ns or 0) < LOOP_S]
        if new and not living:
            take_back(_told(new[-1]))
        elif new and len(recent) >= LOOP_OF:
            take_back(f"{len(recent)} processes of the bot ended without a goodbye in 10 min")
        else:
            self._remember(new, [run for run in dead if run not in recent])
            return
        self._commit([Put(RUN, run.key, None, run.version) for run in dead])

    def _remember(self, new: list[_Run], old: list[_Run]) -> None:
        now_ns = self._clock.wall_ns()
        kept = [
            Put(RUN, run.key, _document(run.host, run.process, run.beat_ns, now_ns), run.version)
            for run in new
        ]
        self._commit([*kept, *(Put(RUN, run.key, None, run.version) for run in old)])

    def _commit(self, puts: list[Put]) -> None:
        with contextlib.suppress(ConflictError):  # another process of the bot has found the same
            self._state.commit(puts)

    def _age_s(self, moment_ns: int) -> float:
        """The distance from now: a clock that was set back makes nobody immortal."""
        return abs(self._clock.wall_ns() - moment_ns) / NS_PER_S


def process_lives(process: int) -> bool | None:
    """Whether a process of this machine lives; None where nobody can say."""
    if os.name != "posix":
        return None  # asking with `os.kill` would end it there; its silence shows it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return None if process <= 0 else True
    return True


def _told(run: _Run) -> str:
    return f"the bot's process {run.process} on {run.host} ended without a goodbye"


def _document(host: str, process: int, beat_ns: int, died_ns: int | None) -> dict[str, Any]:
    return {"host": host, "process": process, "beat_ns": beat_ns, "died_ns": died_ns}


def _run_from(key: str, found: Document) -> _Run:
    told = found.value
    return _Run(
        key,
        found.version,
        str(told.get("host")),
        int(told.get("process") or 0),
        int(told.get("beat_ns") or 0),
        told.get("died_ns"),
    )
