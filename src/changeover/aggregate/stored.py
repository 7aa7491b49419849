"""What the store says of the time before memory, remembered for a few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from changeover.core.cell import Cell, Cells, CellSlot, Counted
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Series
from changeover.core.ports import Telemetry
from changeover.core.window import Window

MINUTE_NS = 60 * NS_PER_S

_MOST_WINDOWS = 32
_LONGEST_AGE_S = 10.0
_AWAY_S = 2.0  # a store that just failed is not asked again for this long

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_Answer]):
    """An answer of the store, and which question it answers."""

    start_ns: int
    end_ns: int
    asked_ns: int  # by the monotonic clock
    answer: _Answer


class Stored:
    """Asks the store, one question at a time, and remembers the answers.

    An answer may begin a little earlier than asked (1/360 of the window, 10 s at most), since
    it is that old; its coverage says where it begins.

    Args:
        telemetry: the store.
        clock: its monotonic time ages the answers.
    """

    def __init__(self, telemetry: Telemetry, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._asking = threading.Lock()
        self._counts: dict[int, _Kept[Counted]] = {}
        self._slots: dict[int, _Kept[Sequence[CellSlot]]] = {}
        self._away_since_ns: int | None = None

    def count(self, window: Window, start_ns: int, end_ns: int) -> Counted | None:
        """The cells of `[start_ns, end_ns)`; None when the store cannot say."""
        return self._ask(
            self._counts,
            window,
            (start_ns, end_ns),
            lambda: self._telemetry.count(start_ns, end_ns),
        )

    def slots(
        self, window: Window, start_ns: int, end_ns: int, step_ns: int
    ) -> Sequence[CellSlot] | None:
        """The cells of each system, cut at multiples of `step_ns`; None when the store cannot say.

        All commands are one, named "": a hundred steps of every command, kept for every window
        that somebody once looked at, would be hundreds of megabytes.
        """
        return self._ask(
            self._slots,
            window,
            (start_ns, end_ns),
            lambda: self._cut(start_ns, end_ns, step_ns),
        )

    def _cut(self, start_ns: int, end_ns: int, step_ns: int) -> Sequence[CellSlot]:
        """The store cuts at minutes; finer steps are counted one by one."""
        if step_ns % MINUTE_NS == 0:
            slots = self._telemetry.slots(start_ns, end_ns, step_ns)
            return [replace(slot, cells=_by_system(slot.cells)) for slot in slots]
        starts = range(start_ns, end_ns, step_ns)
        ends = [min(start + step_ns, end_ns) for start in starts]
        counted = [self._telemetry.count(*span) for span in zip(starts, ends, strict=True)]
        pairs = zip(starts, counted, strict=True)
        return [CellSlot(start, _by_system(one.cells)) for start, one in pairs]

    def _ask(
        self,
        kept: dict[int, _Kept[_Answer]],
        window: Window,
        span: tuple[int, int],
        question: Callable[[], _Answer],
    ) -> _Answer | None:
        with self._asking:  # whoever waits for the same answer finds it remembered
            now_ns = self._clock.monotonic_ns()
            old = kept.get(window.seconds)
            if old is not None and _still_answers(old, span, window, now_ns):
                return old.answer
            if (
                self._away_since_ns is not None
                and now_ns - self._away_since_ns < _AWAY_S * NS_PER_S
            ):
                return None
            try:
                answer = question()
            except StoreUnavailableError:
                self._away_since_ns = now_ns
                return None
            self._away_since_ns = None
            if len(kept) >= _MOST_WINDOWS:
                kept.clear()
            kept[window.seconds] = _Kept(*span, now_ns, answer)
            return answer


def _by_system(cells: Cells) -> Cells:
    folded: Cells = {}
    for (_, system, outcome), cell in cells.items():
        folded.setdefault(Series("", system, outcome), Cell()).merge(cell)
    return folded


def _still_answers(old: _Kept[_Answer], span: tuple[int, int], window: Window, now_ns: int) -> bool:
    most_ns = min(window.ns // 360, round(_LONGEST_AGE_S * NS_PER_S))
    start_ns, end_ns = span
    return (
        old.end_ns == end_ns
        and now_ns - old.asked_ns <= most_ns
        and 0 <= start_ns - old.start_ns <= most_ns
    )
