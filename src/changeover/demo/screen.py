"""What the demo says in the terminal: where the page is, one live line, and a summary."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator

from changeover.core.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from changeover.core.model import LEGACY, Stats
from changeover.core.window import parse_window
from changeover.service import Changeover

_EVERY_S = 1.0
_QUIET_EVERY_S = 10.0  # where nobody sees a line being overwritten
_WINDOW = parse_window("1h")
_NEWEST_FLIPS = 50
_TOLD = ("flag ", "stage ")


class Screen:
    """The demo's terminal.

    Args:
        monitor: what is shown.
        duration_s: when to end; None for never.
        tells_changes: whether every change of a flag or stage gets a line.
        clock: for the time that has passed.
    """

    def __init__(
        self,
        monitor: Changeover,
        *,
        duration_s: float | None,
        tells_changes: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._monitor = monitor
        self._tells_changes = tells_changes
        self._told_ns = (clock or SystemClock()).wall_ns()
        self._duration_s = duration_s
        self._clock = clock or SystemClock()
        self._started_ns = self._clock.monotonic_ns()
        self._counted = 0  # when it started: a folder that is kept holds earlier ones
        self._is_live = sys.stdout.isatty()

    @contextlib.contextmanager
    def logging_here(self) -> Iterator[None]:
        """Log above the live line; failures of commands are on the page, not here."""
        handler = _Above(self._is_live)
        root, demo = logging.getLogger(), logging.getLogger("changeover.demo")
        level = demo.level
        root.addHandler(handler)
        demo.setLevel(logging.ERROR)
        try:
            yield
        finally:
            root.removeHandler(handler)
            demo.setLevel(level)

    async def show_until(self, stop: asyncio.Event) -> None:
        """Say where the page is, then how it goes, until somebody stops it or time is over."""
        self._started_ns = self._clock.monotonic_ns()
        self._counted = self._monitor.readings().summary(_WINDOW).total.total
        page = await asyncio.to_thread(self._monitor.wait_until_served)
        _say(
            f"page    {f'{page}#window=5m' if page else 'not served: `changeover doctor` says why'}"
        )
        _say(f"store   {self._monitor.store_file or 'in memory'}")
        _say(f"alerts  {self._monitor.settings.alert_file}")
        _say("" if self._duration_s else "Ctrl-C ends it.\n")
        every_s = _EVERY_S if self._is_live else _QUIET_EVERY_S
        while not stop.is_set() and (left_s := self._left_s()) > 0:
            try:
                await asyncio.wait_for(stop.wait(), min(every_s, left_s))
            except TimeoutError:
                if self._tells_changes:
                    await asyncio.to_thread(self._tell_changes)
                line = await asyncio.to_thread(self._line)
                _say(
                    f"\r\x1b[K{line}" if self._is_live else line, end="" if self._is_live else "\n"
                )

    def say_farewell(self) -> None:
        """One last line, after everything was stored."""
        _say(("\n" if self._is_live else "") + f"ended   {self._line()}")

    def _tell_changes(self) -> None:
        """A line for each change that was made since the last time."""
        steering = self._monitor.readings().steering
        flips = steering.flips(_NEWEST_FLIPS, None) if steering else ()
        for flip in reversed([flip for flip in flips if flip.at_ns > self._told_ns]):
            self._told_ns = flip.at_ns
            if flip.subject.startswith(_TOLD):
                passed_s = int(self._passed_s())
                change = f"{flip.old or '-'} -> {flip.new or '-'}"
                _say(
                    f"\r\x1b[K{passed_s // 60:02d}:{passed_s % 60:02d}   {flip.subject}   {change}"
                    f"   {flip.reason}"
                    if self._is_live
                    else f"{flip.subject}   {change}   {flip.reason}"
                )

    def _left_s(self) -> float:
        if self._duration_s is None:
            return _EVERY_S + 1
        return self._duration_s - self._passed_s()

    def _passed_s(self) -> float:
        return (self._clock.monotonic_ns() - self._started_ns) / NS_PER_S

    def _line(self) -> str:
        """`01:12  724 commands  10.1/s  legacy 0.0 % 3 ms  ddd 1.2 % 4 ms  1 alert`."""
        passed_s = self._passed_s()
        summary = self._monitor.readings().summary(_WINDOW)
        parts = [
            f"{int(passed_s) // 60:02d}:{int(passed_s) % 60:02d}",
            f"{summary.total.total:,} commands",
            f"{(summary.total.total - self._counted) / max(passed_s, 1):.1f}/s",
        ]
        systems = (LEGACY, self._monitor.settings.system)
        parts += [f"{name} {_figures(summary.by_system.get(name, Stats()))}" for name in systems]
        active = [alert for alert in self._monitor.alerts.alerts(1)[0] if alert.fired_ns]
        if active:
            parts.append(f"! {active[0].summary}")
        return "   ".join(parts)


class _Above(logging.Handler):
    """Writes a record as a line of its own, above the live one."""

    def __init__(self, is_live: bool) -> None:
        super().__init__(logging.WARNING)
        self._start = "\r\x1b[K" if is_live else ""
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        _say(self._start + self.format(record))


def _figures(stats: Stats) -> str:
    if stats.error_ratio is None or stats.p95_ns is None:
        return "no data"
    return f"{stats.error_ratio:.1%} errors, p95 {stats.p95_ns / NS_PER_MS:.0f} ms"


def _say(text: str, *, end: str = "\n") -> None:
    print(text, end=end, flush=True)  # noqa: T201  # the terminal is what this is for
