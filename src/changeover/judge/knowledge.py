"""Everything that a judge knows, and which part of alpha each command has."""

from __future__ import annotations

from collections.abc import Sequence

from changeover.core.model import OTHER
from changeover.core.verdict import EVERYTHING
from changeover.judge.assignment import Assignment
from changeover.judge.command import Command
from changeover.judge.instrument import Instrument
from changeover.judge.scope import Scope
from changeover.judge.settings import JudgeSettings

MOST_COMMANDS = 1_000
_FIRST_BLOCK = 8
_FIRST_PART = 0.75
_TROUBLE_WEIGHT = 0.1
_STRAIN_WEIGHT = 0.05
_MOSTLY_SLOW, _OFTEN_VERY_SLOW = 0.75, 0.15  # three standard deviations from 0.5 and 0.05
_STRAIN_LASTS_NS = 600 * 1_000_000_000  # without legacy for so long, nobody knows


class Knowledge:
    """What was learnt of commands, flags and the recording.

    Args:
        settings, system: the judge's.
        commands: those known from the start, which share the first part of alpha.

    Attributes:
        commands: each command and its scope by name, in the order of arrival.
        everything: the scope of all of them.
        flags: the watch on each flag's assignment; `flag_of`: the flag each command last had.
        alarms: the scopes to be rolled back, in the order of their alarms.
        trouble, trouble_ns: how many of legacy's latest executions failed, and when the last was.
        slow, very_slow: how many of legacy's latest executions were slower than its own median,
            and than its own 95 % quantile.
        first: how many commands share the first part of alpha.
    """

    def __init__(self, settings: JudgeSettings, system: str, commands: Sequence[str] = ()) -> None:
        self.settings, self.system = settings, system
        known = list(dict.fromkeys(commands))[:MOST_COMMANDS]
        self.first = max(len(known), _FIRST_BLOCK)
        self.commands: dict[str, tuple[Command, Scope]] = {}
        self.everything = Scope(EVERYTHING, 2.0 / settings.alpha)
        self.flags: dict[str, Assignment] = {}
        self.flag_of: dict[str, str] = {}
        self.alarms: dict[str, None] = {}
        self.instrument = Instrument()
        self.trouble, self.trouble_ns = 0.0, 0
        self.slow, self.very_slow = 0.5, 0.05
        for name in known:
            self.meet(name)

    def meet(self, name: str) -> tuple[Command, Scope]:
        """A command; where it was not known, the next part of alpha becomes its own.

        Beyond a thousand, further ones are judged as one.
        """
        if name in self.commands:
            return self.commands[name]
        if len(self.commands) >= MOST_COMMANDS and name != OTHER:
            return self.meet(OTHER)
        threshold = threshold_of(len(self.commands), self.first, self.settings.alpha)
        found = (Command(self.settings), Scope(name, threshold))
        self.commands[name] = found
        return found

    def note_legacy(self, bad: bool, at_ns: int, slowness: tuple[bool, bool] | None) -> None:
        """How legacy does just now, in failures and in time; None for a time nobody can judge."""
        self.trouble += _TROUBLE_WEIGHT * (bad - self.trouble)
        self.trouble_ns = max(self.trouble_ns, at_ns)
        if not bad and slowness is not None:
            self.slow += _STRAIN_WEIGHT * (slowness[0] - self.slow)
            self.very_slow += _STRAIN_WEIGHT * (slowness[1] - self.very_slow)

    def is_strained(self, at_ns: int) -> bool:
        """Whether legacy is slower than it ever was: then the machine is, and all of us."""
        is_slow = self.slow > _MOSTLY_SLOW or self.very_slow > _OFTEN_VERY_SLOW
        return is_slow and at_ns - self.trouble_ns < _STRAIN_LASTS_NS

    def scope(self, name: str) -> Scope | None:
        """The scope of this name, or None."""
        if name == EVERYTHING:
            return self.everything
        found = self.commands.get(name)
        return None if found is None else found[1]

    def begin_anew(self, scope: str) -> None:
        """Forget the evidence of a scope; with everything, of each command too."""
        names = [scope]
        if scope == EVERYTHING:
            names += self.commands
            self.flags.clear()
        for name in names:
            self.alarms.pop(name, None)
            if (found := self.scope(name)) is not None:
                found.begin_anew()
            if name in self.commands:
                self.commands[name][0].new.clear()


def threshold_of(place: int, first: int, alpha: float) -> float:
    """The evidence that rolls back the command that arrived at this place (0, 1, ...).

    Half of alpha is for commands. The first ones share three quarters of it equally; each
    further block, the first as large and every other twice the one before, shares three quarters
    of what is left. All parts together are never more than that half.
    """
    size, part, end = first, _FIRST_PART, first
    while place >= end:
        size = size if end == first else size * 2
        end += size
        part *= 1.0 - _FIRST_PART
    return 2.0 * size / (alpha * part)
