"""The judge: it sees every execution, and says what should be done with the new system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from changeover.core.model import LEGACY, Execution, Outcome, Reason, Trace
from changeover.core.verdict import EVERYTHING, Decision, Verdict, Verdicts
from changeover.judge.assignment import Assignment
from changeover.judge.command import MISTAKEN, Command
from changeover.judge.documents import restored_from, tell
from changeover.judge.knowledge import Knowledge
from changeover.judge.ranks import bucket_of
from changeover.judge.scope import Scope
from changeover.judge.settings import JudgeSettings
from changeover.judge.verdicts import Reader

MOST_FLAGS = 256
_GOOD, _BAD, _USER = 0, 1, 2
_KINDS = {
    Outcome.OK: _GOOD,
    Outcome.FAILURE: _BAD,
    Outcome.TIMEOUT: _BAD,
    Outcome.USER_ERROR: _USER,
}
_TROUBLED = 0.05  # of latest executions of legacy: one failure just now, and it is in trouble too
_TROUBLE_LASTS_NS = 600 * 1_000_000_000  # for commands that have no legacy beside them
_LEAN = 1.5


class Judge:
    """Judges the new system against legacy, by command and in all, after every execution.

    The evidence holds at all times, so one may look after every execution and stop at any. It
    depends on the executions and their order alone. Not for several threads at once.

    Args:
        settings: what to be sure of.
        system: the new system's name.
        commands: those known from the start, which share the first part of alpha.
    """

    def __init__(
        self, settings: JudgeSettings, *, system: str = "ddd", commands: Sequence[str] = ()
    ) -> None:
        self.settings, self.system = settings, system
        self._known = Knowledge(settings, system, commands)

    # --- seeing ------------------------------------------------------------------------------

    def observe(self, execution: Execution) -> None:
        """See one execution. Those of several processes may come in any order."""
        at_ns, (name, system, outcome), duration_ns, _, trace, *_ = execution
        kind = _KINDS.get(outcome)
        new = system == self.system
        if kind is None or (trace is not None and trace.reason is Reason.FALLBACK):
            return
        if not new and system != LEGACY:
            self._known.instrument.unknown += 1
            return
        known = self._known
        command, scope = known.commands.get(name) or known.meet(name)
        theta, id_bucket = _assigned(trace, new)
        if id_bucket is not None and theta < 1.0:
            self._note(name, trace, theta, id_bucket, new, scope)
        elif trace is not None and trace.reason is Reason.NO_LEGACY_HANDLER:
            command.alone = True
        if kind == _USER:
            self._mistaken(command, scope, theta, new)
            return
        bad = kind == _BAD
        if id_bucket is not None:
            if command.is_muted(id_bucket, at_ns):
                known.instrument.muted += 1
                return
            command.learn_person(id_bucket, bad, at_ns)
        bucket = 0 if bad else bucket_of(duration_ns)
        self._bet(command, scope, at_ns, new, bad, theta, bucket)
        command.learn(new, bad, bucket)
        if new:
            return
        known.note_legacy(bad, at_ns, None if bad else command.slowness(bucket))

    def _bet(
        self,
        command: Command,
        scope: Scope,
        at_ns: int,
        new: bool,
        bad: bool,
        theta: float,
        bucket: int,
    ) -> None:
        """Put an execution before the bets of its command and of everything."""
        known = self._known
        frozen = known.trouble > _TROUBLED and (
            theta < 1.0 or at_ns - known.trouble_ns < _TROUBLE_LASTS_NS
        )
        pooled = known.everything
        if 0.0 < theta < 1.0:
            tables = command.tables(theta)
            command.learn_user(new, mistaken=False)
            scope.count(at_ns, new, bad, theta)
            scope.beside(new, bad, tables, bucket, frozen)
            if scope.alarm is None:
                pooled.count(at_ns, new, bad, theta)
                pooled.beside(new, bad, tables, bucket, frozen)
        elif new:
            solo = command.solo()
            scope.count(at_ns, new, bad, theta)
            strained = known.is_strained(at_ns)
            scope.alone(bad, solo, bucket, frozen, strained)
            if scope.alarm is None:
                pooled.count(at_ns, new, bad, theta)
                pooled.alone(bad, solo, bucket, frozen, strained)
        else:
            scope.count(at_ns, new, bad, theta)
            pooled.count(at_ns, new, bad, theta)
            return
        if scope.alarm is None:
            self._look(scope, at_ns)
        if new:
            scope.draw(at_ns)
            pooled.draw(at_ns)

    def _look(self, scope: Scope, at_ns: int) -> None:
        """Raise the alarms that are due.

        What passes in everything while a command's own evidence would do as well is that
        command's; everything is rolled back only for what no command did alone. An alarm of a
        command takes its executions out of everything, whose bets begin anew.
        """
        settings, known = self.settings, self._known
        pooled = known.everything
        if scope.bets.highest() < scope.threshold and pooled.bets.highest() < pooled.threshold:
            return  # the usual case, and cheap
        if scope.passes(scope.threshold, settings):
            self._raise(scope, at_ns, scope.threshold)
        elif pooled.alarm is None and pooled.passes(pooled.threshold, settings):
            scopes = [s for _, s in known.commands.values() if s.alarm is None]
            suspects = [s for s in scopes if s.passes(pooled.threshold, settings)]
            for suspect in suspects:
                self._raise(suspect, at_ns, pooled.threshold)
            if not suspects and sum(map(_leans, scopes)) >= 2:
                pooled.raise_alarm(at_ns, pooled.threshold)
                self._known.alarms[EVERYTHING] = None

    def _raise(self, scope: Scope, at_ns: int, threshold: float) -> None:
        scope.raise_alarm(at_ns, threshold)
        self._known.alarms[scope.name] = None
        if self._known.everything.alarm is None:
            self._known.everything.begin_anew()

    def _mistaken(self, command: Command, scope: Scope, theta: float, new: bool) -> None:
        """A user's own error: it says something only of how many of them each system has."""
        if not 0.0 < theta < 1.0:
            return
        factors = command.tables(theta).rest[new][MISTAKEN]
        scope.bets.rest.take(factors)
        if scope.alarm is None:
            self._known.everything.bets.rest.take(factors)
        command.learn_user(new, mistaken=True)

    def _note(
        self,
        name: str,
        trace: Trace | None,
        theta: float,
        bucket: float,
        new: bool,
        scope: Scope,
    ) -> None:
        """Watch the assignment itself."""
        flag = (trace.flag if trace is not None else None) or name
        watch = self._known.flags.get(flag)
        if watch is None:
            if len(self._known.flags) >= MOST_FLAGS:
                return
            watch = self._known.flags[flag] = Assignment()
        self._known.flag_of[name] = flag
        watch.note(bucket, theta, new)
        if self.settings.sticky_by != "user":
            few = min(watch.effective(theta)) < self.settings.min_clusters
            scope.confounded = self._known.everything.confounded = few

    # --- saying ------------------------------------------------------------------------------

    def alarms(self) -> frozenset[str]:
        """The scopes that must be rolled back; each stays until it is begun anew."""
        return frozenset(self._known.alarms)

    def verdict(self, scope: str) -> Verdict:
        """What is to be done with a scope. One that was never seen is held."""
        return Reader(self._known).verdict(scope)

    def decision(self, scope: str) -> Decision:
        """The decision of its verdict alone, for those who ask often."""
        return Reader(self._known).decision(scope)

    def verdicts(self) -> Verdicts:
        """The verdicts of every command in the order of their arrival, and of everything."""
        reader = Reader(self._known)
        return {name: reader.verdict(name) for name in (*self._known.commands, EVERYTHING)}

    def curve(self, scope: str) -> Sequence[tuple[int, float]]:
        """How the evidence for a rollback went: (at_ns, its log10), at most 100, oldest first."""
        found = self._known.scope(scope)
        return () if found is None else tuple(found.points)

    def begin_anew(self, scope: str) -> None:
        """Forget the evidence of a scope: it is tried again, or has a new version.

        What is known of legacy stays. Everything includes each command.
        """
        self._known.begin_anew(scope)

    def note_instrument(
        self, *, dropped: int = 0, stale_s: float = 0.0, concerns: Sequence[str] = ()
    ) -> None:
        """What is wrong with the recording. It holds promotions, and never blocks a rollback.

        Args:
            dropped: records that were lost lately.
            stale_s: seconds since the store last answered; 0 while it does.
            concerns: other troubles, each in one sentence.
        """
        instrument = self._known.instrument
        instrument.dropped, instrument.stale_s = dropped, stale_s
        instrument.others = tuple(str(concern)[:200] for concern in concerns[:20])

    # --- keeping -----------------------------------------------------------------------------

    def to_document(self) -> dict[str, Any]:
        """Everything that is known, of plain JSON types; about 6 kB a command."""
        return tell(self._known)

    @classmethod
    def from_document(
        cls,
        document: Mapping[str, Any] | None,
        settings: JudgeSettings,
        *,
        system: str = "ddd",
        commands: Sequence[str] = (),
    ) -> Judge:
        """The judge of a document; a fresh one if it is damaged or of another version.

        With other settings than it was written with, legacy's figures are taken over and the
        evidence begins anew.
        """
        judge = cls(settings, system=system, commands=commands)
        if document is not None:
            restored = restored_from(document, settings, system, commands)
            judge._known = restored or judge._known
        return judge


def _leans(scope: Scope) -> bool:
    """Whether a command is rather worse than not."""
    return max(scope.bets.worse.value, scope.bets.slower.value, scope.bets.limit.value) >= _LEAN


def _assigned(trace: Trace | None, new: bool) -> tuple[float, float | None]:
    """The chance that this execution was sent to the new system, and the bucket of its id.

    1 for the new system alone, 0 for legacy that no dice sent there.
    """
    if trace is not None and trace.reason is Reason.FLAG and trace.share is not None:
        theta = round(trace.share * 100) / 10_000
        if 0.0 < theta < 1.0:
            return theta, trace.bucket
        if theta >= 1.0 and new:
            return 1.0, trace.bucket  # whose call it was, for who tries again and again
    return (1.0 if new else 0.0), None
