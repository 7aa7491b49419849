"""The way back of the road: every execution is judged, and shares follow the verdicts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import BadValueError, Guard, StoreError
from changeover.core.model import Execution, Instance
from changeover.core.move import Move, Stage
from changeover.core.ports import Put, State, Telemetry
from changeover.core.process import Every
from changeover.core.verdict import EVERYTHING, Verdict, Verdicts
from changeover.judge.judge import Judge
from changeover.judge.settings import JudgeSettings
from changeover.service.rolling import Rolling

KIND, KEY = "judge", "judge"
QUICK_S = 0.05  # the pause between two looks while a share is in force
_SAVE_EVERY_S = 10.0
_STEP_EVERY_S = 1.0
_HISTORY_S = 86_400.0  # of what is stored, a judge that knows nothing is told so much

_ON_THE_WAY = frozenset({Stage.CANARY, Stage.RAMP, Stage.GUARDED})

Curve = Sequence[tuple[int, float]]


class Moving:
    """Judges what happens and lets the rollout act on it.

    Every process that has a bot judges everything it sees, so that each can take back at once;
    the one that holds the lease keeps the evidence in the store and moves shares up. A process
    without a bot reads that evidence, and judges nothing.

    Attributes:
        rolling: steps the rollout.
        rollout: what people give orders to.

    Args:
        state: where the evidence is kept.
        rolling: what acts.
        settings: of the judge.
        system: the new system's name.
        release: a label of the bot's version; another one begins the evidence anew.
        clock: for what is done now and then.
        guard: takes what fails here.
        instance: this process.
        has_bot: whether this process judges.
        dropped: how many records this process lost, if it lost some lately.
    """

    def __init__(
        self,
        state: State,
        rolling: Rolling,
        settings: JudgeSettings,
        *,
        system: str,
        release: str | None,
        clock: Clock,
        guard: Guard,
        instance: Instance,
        has_bot: bool,
        dropped: Callable[[], int],
    ) -> None:
        self.rollout = rolling.rollout
        self.rolling = rolling
        self._state = state
        self._settings = settings
        self._system = system
        self._mark = _fingerprint(settings, system, release)
        self._clock = clock
        self._guard = guard
        self._instance = instance
        self._has_bot = has_bot
        self._dropped = dropped
        self._judging = threading.Lock()  # held for what takes microseconds
        self._acting = threading.RLock()  # and this while the store is asked
        self._judge = Judge(settings, system=system)
        self._begun: Mapping[str, int] = {}
        self._revision: int | None = None
        self._is_loaded = self._is_watching = False
        self._saved_ns: int | None = None
        self._newest_ns: int | None = None
        self._save_due = Every(_SAVE_EVERY_S, clock)
        self._step_due = Every(_STEP_EVERY_S, clock)

    def load(self, telemetry: Telemetry) -> None:
        """Take up the evidence that the store has; without any, judge the last day's executions.

        Raises:
            StoreUnavailableError: call again later.
        """
        if self._is_loaded or not self._has_bot:
            return
        document = self._state.read(KIND).get(KEY)
        if document is not None and document.value.get("mark") == self._mark:
            with self._judging:
                self._judge = Judge.from_document(
                    document.value["judge"], self._settings, system=self._system
                )
        else:
            self._judge_history(telemetry)
        self._is_loaded = True

    def observe(self, executions: Iterable[Execution]) -> None:
        """Judge what has just happened, here or in another process."""
        if not self._has_bot:
            return
        with self._judging:
            for execution in executions:
                self._judge.observe(execution)
                self._newest_ns = execution.at_ns

    @property
    def is_watching(self) -> bool:
        """Whether some share is on its way, so that a look every half second is too rare."""
        return self._is_watching

    def look(self) -> None:
        """Take back at once what the evidence condemns; cheap where nothing is wrong."""
        with self._judging:
            is_alarmed = self._has_bot and bool(self._judge.alarms())
        if is_alarmed or self._step_due.is_due():
            self._step()

    def save(self) -> None:
        """Keep the evidence, where this process leads. Raises `StoreUnavailableError`."""
        if not self.rolling.leads or self._newest_ns == self._saved_ns:
            return
        with self._judging:
            told, newest_ns = self._judge.to_document(), self._newest_ns
        value = {"mark": self._mark, "settings": asdict(self._settings), "judge": told}
        self._state.commit([Put(KIND, KEY, value)])
        self._saved_ns = newest_ns

    def close(self, *, is_clean: bool) -> None:
        """Keep the evidence, and give the lease back.

        Args:
            is_clean: whether the bot ends in good order: its loop is not blocked.
        """
        try:
            self.save()
        except StoreError as error:
            self._guard.caught("service.moving", error)
        self.rolling.close(is_clean=is_clean and self._has_bot)

    # --- what it tells ------------------------------------------------------------------------

    def verdicts(self) -> list[tuple[Verdict, Curve]]:
        """What the judge says, of all commands together first; each with its evidence's way."""
        if not self._has_bot:
            self._read()
        with self._judging:
            judge = self._judge
            told = judge.verdicts()
            scopes = sorted(told, key=lambda scope: scope != EVERYTHING)
            return [(told[scope], judge.curve(scope)) for scope in scopes]

    def moves(self) -> list[Move]:
        """Every scope as it stands. May raise `StoreUnavailableError`."""
        with self._acting:
            return self.rollout.moves()

    def act(self, order: Callable[[], Any]) -> Any:
        """Do something with the rollout that nobody else does anything with meanwhile."""
        with self._acting:
            return order()

    # ------------------------------------------------------------------------------------------

    def _step(self) -> None:
        verdicts: Verdicts = {}
        if self._has_bot:
            with self._judging:
                self._judge.note_instrument(dropped=self._dropped())
                verdicts = self._judge.verdicts()
        with self._acting:
            moves = self.rolling.step(verdicts, has_bot=self._has_bot)
            self._begin_anew()
        is_moving = any(move.stage in _ON_THE_WAY for move in moves)
        self._is_watching = self._has_bot and (is_moving or self.rolling.is_mixed)
        if self._save_due.is_due():
            with suppress(StoreError):  # its own check says so; evidence alone is lost
                self.save()

    def _begin_anew(self) -> None:
        """What was taken back is judged anew: its old evidence condemned it already."""
        since = self.rollout.evidence_since()
        later = [scope for scope, at_ns in since.items() if at_ns > self._begun.get(scope, 0)]
        with self._judging:
            for scope in later:
                self._judge.begin_anew(scope)
        self._begun = {**self._begun, **since}

    def _judge_history(self, telemetry: Telemetry) -> None:
        since_ns = self._clock.wall_ns() - round(_HISTORY_S * NS_PER_S)
        cursor, more = None, True
        while more:
            page = telemetry.follow(cursor, but=self._instance, since_ns=since_ns)
            cursor, more = page.cursor, page.more
            self.observe(execution for execution in page.executions if execution.at_ns >= since_ns)

    def _read(self) -> None:
        """The evidence as the leading process keeps it."""
        revision = self._state.revision()
        if revision == self._revision:
            return
        document = self._state.read(KIND).get(KEY)
        if document is not None:
            settings = _settings_of(document.value, self._settings)
            with self._judging:
                self._judge = Judge.from_document(
                    document.value["judge"], settings, system=self._system
                )
        self._revision = revision


def _settings_of(value: Mapping[str, Any], ours: JudgeSettings) -> JudgeSettings:
    """What the evidence was judged by: who only looks may have been started with another file."""
    try:
        return JudgeSettings(**value["settings"])
    except (BadValueError, KeyError, TypeError):
        return ours


def _fingerprint(settings: JudgeSettings, system: str, release: str | None) -> str:
    """Evidence belongs to one way of judging, and to one version of what is judged."""
    told = f"{settings!r}\0{system}\0{release or ''}"
    return hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest()
