"""What the evidence comes to: a decision, its reason, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log

from changeover.core.verdict import EVERYTHING, Arm, Decision, Evidence, Verdict
from changeover.judge.assignment import Assignment
from changeover.judge.command import Command
from changeover.judge.interval import error_interval
from changeover.judge.knowledge import Knowledge
from changeover.judge.ranks import middle_ns, quantile
from changeover.judge.scope import DAY_NS, Counts, Scope
from changeover.judge.stakes import MARGIN_STEPS
from changeover.judge.wording import Facts, sentence

_WARNED = 20.0  # alpha .05; it only holds
_USERS_DIFFER = 100.0  # alpha .01; it only holds
_FEWEST_FOR_SLOPE = 20
_NEEDED = 1.25  # executions needed beyond the clean ones, on average


class Reader:
    """Reads verdicts from what a judge knows, without changing it.

    Args:
        known: what it knows.
    """

    def __init__(self, known: Knowledge) -> None:
        self._known, self._settings = known, known.settings

    def verdict(self, name: str) -> Verdict:
        """The verdict of a scope; one that nobody has seen is held."""
        scope, commands = self._found(name)
        step = self._step(scope)
        margin = self._settings.promote_margin * MARGIN_STEPS[step]
        concerns = self._concerns(scope, commands, name)
        missing = None if scope.alarm else self._missing(scope, step)
        eta_s = None
        wait_s = self._wait_s(scope)
        if missing is not None and missing > 0 and scope.rate > 0:
            eta_s = max(missing / self._per_second(scope), wait_s)
        elif missing == 0 and wait_s > 0:
            eta_s = wait_s
        decision, code = self._decide(scope, step, concerns)
        legacy, new = self._arms(scope, commands)
        mode = self._mode(scope, commands)
        facts = Facts(
            scope=name,
            system=self._known.system,
            code=code,
            legacy=legacy,
            new=new,
            margin=margin,
            limit=max((command.limit() for command in commands), default=0.0),
            value=scope.alarm_value if scope.alarm else scope.evidence(),
            threshold=scope.alarm_threshold if scope.alarm else scope.threshold,
            missing=missing,
            eta_s=eta_s,
            wait_s=wait_s,
            concern=concerns[0] if concerns else "",
            baseline=mode == "baseline",
        )
        return Verdict(
            scope=name,
            decision=decision,
            code=code,
            reason=sentence(facts),
            at_ns=scope.at_ns,
            legacy=legacy,
            new=new,
            evidence=self._evidence(scope, step, decision),
            rollback=Evidence(
                name="rollback",
                value=scope.alarm_value if scope.alarm else scope.evidence(),
                threshold=scope.alarm_threshold if scope.alarm else scope.threshold,
            ),
            missing=missing or None,
            eta_s=eta_s if decision is Decision.HOLD else None,
            concerns=tuple(concerns),
            mode=mode,
        )

    def decision(self, name: str) -> Decision:
        """The verdict's decision alone, which costs a tenth of the verdict."""
        scope, commands = self._found(name)
        return self._decide(scope, self._step(scope), self._concerns(scope, commands, name))[0]

    def _found(self, name: str) -> tuple[Scope, list[Command]]:
        if name == EVERYTHING:
            return self._known.everything, [command for command, _ in self._known.commands.values()]
        if name in self._known.commands:
            command, scope = self._known.commands[name]
            return scope, [command]
        return Scope(name, self._known.everything.threshold), []

    # --- the decision ------------------------------------------------------------------------

    def _decide(self, scope: Scope, step: int, concerns: list[str]) -> tuple[Decision, str]:
        if scope.alarm is not None:
            return Decision.ROLLBACK, scope.alarm
        if not scope.new.executions:
            return Decision.HOLD, "nothing_seen"
        return self._unalarmed(scope, step, concerns)

    def _unalarmed(self, scope: Scope, step: int, concerns: list[str]) -> tuple[Decision, str]:
        bets, settings = scope.bets, self._settings
        enough = 1.0 / settings.promote_alpha
        proven = min(bets.no_worse_value(step), bets.rest.value("half"), bets.rest.value("rare"))
        holds = (
            ("slower_than_wished", bets.warn.value >= _WARNED),
            ("user_errors_differ", bets.rest.value("users") >= _USERS_DIFFER),
            ("instrument", bool(concerns)),
            ("too_few_executions", proven < enough),
            ("too_few_executions", scope.new.executions < settings.min_executions),
            ("too_early", self._wait_s(scope) > 0),
        )
        for code, holds_it in holds:
            if holds_it:
                return Decision.HOLD, code
        return Decision.PROMOTE, "as_good"

    def _step(self, scope: Scope) -> int:
        """Which margin: the smallest that a command's traffic can prove in time."""
        if scope.name == EVERYTHING or scope.rate <= 0:
            return 0
        settings = self._settings
        reachable = self._per_second(scope) * settings.patience_s
        for step, times in enumerate(MARGIN_STEPS):
            if self._clean(settings.promote_margin * times) <= reachable:
                return step
        return len(MARGIN_STEPS) - 1

    def _clean(self, margin: float) -> float:
        """Executions of the new system without an error that prove a margin from nothing."""
        return _NEEDED * log(1.0 / self._settings.promote_alpha) / margin

    def _per_second(self, scope: Scope) -> float:
        """Executions of the new system a second, over the last day or since they began."""
        age_ns = scope.last_new_ns - (scope.first_ns or 0)
        seconds = max(min(age_ns, DAY_NS), 60_000_000_000) / 1e9
        return scope.rate / seconds

    def _wait_s(self, scope: Scope) -> float:
        """Seconds until the evidence spans a day."""
        if scope.first_ns is None:
            return self._settings.promote_after_s
        seen = (scope.last_new_ns - scope.first_ns) / 1e9
        return max(0.0, self._settings.promote_after_s - seen)

    def _missing(self, scope: Scope, step: int) -> int | None:
        """Executions of the new system that a promotion still needs at least."""
        settings, bets, count = self._settings, scope.bets, scope.new.executions
        goal = log(1.0 / settings.promote_alpha)
        margin = settings.promote_margin * MARGIN_STEPS[step]
        have = log(max(bets.no_worse_value(step), 1e-300))
        least = [max(0.0, goal - have) / margin, settings.min_executions - count]
        for name in ("half", "rare"):
            have = log(max(bets.rest.value(name), 1e-300))
            if have >= goal:
                continue
            if have > 0 and count >= _FEWEST_FOR_SLOPE:
                least.append((goal - have) * count / have)
            least.append(1.0)
        return max(0, ceil(max(least)))

    # --- the figures -------------------------------------------------------------------------

    def _evidence(self, scope: Scope, step: int, decision: Decision) -> list[Evidence]:
        bets, enough = scope.bets, 1.0 / self._settings.promote_alpha
        limit, worse, slower = scope.parts()
        back = [
            Evidence(name="errors", value=worse, threshold=3 * scope.threshold),
            Evidence(name="error_limit", value=limit, threshold=3 * scope.threshold),
            Evidence(name="latency", value=slower, threshold=3 * scope.threshold),
        ]
        on = [
            Evidence(name="no_worse_errors", value=bets.no_worse_value(step), threshold=enough),
            Evidence(name="no_slower_median", value=bets.rest.value("half"), threshold=enough),
            Evidence(name="no_slower_p95", value=bets.rest.value("rare"), threshold=enough),
        ]
        holds = [
            Evidence(name="slower_than_wished", value=bets.warn.value, threshold=_WARNED),
            Evidence(name="user_errors", value=bets.rest.value("users"), threshold=_USERS_DIFFER),
        ]
        if decision is Decision.ROLLBACK:
            return [*sorted(back, key=lambda one: -one.value), *holds, *on]
        return [*on, *holds, *back]

    def _arms(self, scope: Scope, commands: Iterable[Command]) -> tuple[Arm, Arm]:
        legacy: dict[int, int] = {}
        new: dict[int, int] = {}
        for command in commands:
            for total, counts in ((legacy, command.legacy), (new, command.new)):
                for bucket, count in counts.items():
                    total[bucket] = total.get(bucket, 0) + count
        return _arm(scope.legacy, legacy), _arm(scope.new, new)

    def _mode(self, scope: Scope, commands: Iterable[Command]) -> str:
        """How the scope's new system is compared, by where it last ran."""
        del commands
        scopes = [scope]
        if scope.name == EVERYTHING:
            scopes = [one for _, one in self._known.commands.values()]
        ran = [one.theta for one in scopes if one.new.executions]
        return "baseline" if ran and min(ran) >= 1.0 else "concurrent"

    def _concerns(self, scope: Scope, commands: Iterable[Command], name: str) -> list[str]:
        told = self._known.instrument.concerns()
        flags = (
            self._known.flag_of.values()
            if name == EVERYTHING
            else [self._known.flag_of.get(name, "")]
        )
        for flag in dict.fromkeys(flags):
            if (watch := self._known.flags.get(flag)) is not None:
                told += _of_assignment(flag, watch)
        if scope.confounded:
            told.append(
                "Few guilds or channels make up most of the traffic, so a difference may be theirs."
            )
        least = self._settings.min_baseline
        if name == EVERYTHING:
            ran = [c for c, one in self._known.commands.values() if one.new.executions]
            known = sum(command.legacy_executions for command in ran)
            young = bool(ran) and not all(c.alone for c in ran) and known < least
        else:
            known = sum(command.legacy_executions for command in commands)
            young = any(not c.alone for c in commands) and known < least
        if young and scope.new.executions:
            told.append(f"Only {known:,} executions of legacy are known, of {least:,} wanted.")
        return told


def _of_assignment(flag: str, watch: Assignment) -> list[str]:
    told = []
    if watch.is_crossed:
        told.append(f"{watch.crossings:,} calls of {flag} ran where their id does not belong.")
    if watch.is_skewed:
        told.append(
            f"Of {watch.seen:,} ids of {flag} the new system got {watch.on_new:,}, where "
            f"{watch.due:,.0f} were due."
        )
    return told


def _arm(counts: Counts, durations: dict[int, int]) -> Arm:
    executions, errors = counts.executions, counts.errors
    middle, tail = quantile(durations, 0.5), quantile(durations, 0.95)
    if not executions:
        return Arm()
    low, high = error_interval(executions, errors)
    return Arm(
        executions=executions,
        errors=errors,
        error_ratio=errors / executions,
        error_low=low,
        error_high=high,
        p50_ns=None if middle is None else middle_ns(middle),
        p95_ns=None if tail is None else middle_ns(tail),
    )
