"""What the rules of one evaluation look at, each thing read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from changeover.act.baseline import Baseline
from changeover.core.model import ResourceSample, Summary
from changeover.core.window import Window

T = TypeVar("T")


class Evidence:
    """The sources of one evaluation. What fails once fails for every rule that asks again.

    Args:
        summary_of: the executions of a window that ends now.
        latest_resource: the newest sample of this process.
        samples_of: every sample of a window, or None where there is no such source.
        now_ns: the wall clock.
        stale_after_s: the age from which a sample says nothing about now.
        up_s: for how long the rules have been looked at.
        baseline: how it was before the move; None while nobody knows.
        failing: how many rules have no answer, as far as this evaluation has come.
    """

    def __init__(
        self,
        summary_of: Callable[[Window], Summary],
        latest_resource: Callable[[], ResourceSample | None],
        samples_of: Callable[[Window], Sequence[ResourceSample]] | None = None,
        *,
        now_ns: int,
        stale_after_s: float = 90.0,
        up_s: float = 0.0,
        baseline: Baseline | None = None,
        failing: Callable[[], int] = lambda: 0,
    ) -> None:
        self._summary_of = summary_of
        self._latest_resource = latest_resource
        self._samples_of = samples_of or (lambda _: ())
        self.now_ns = now_ns
        self.stale_after_s = stale_after_s
        self.up_s = up_s
        self.baseline = baseline
        self.failing = failing
        self._answers: dict[object, tuple[object, Exception | None]] = {}

    def summary(self, window: Window) -> Summary:
        """The executions of a window. Raises what its source does."""
        return self._once(("summary", window.seconds), lambda: self._summary_of(window))

    def samples(self, window: Window) -> Sequence[ResourceSample]:
        """The samples of a window. Raises what its source does."""
        return self._once(("samples", window.seconds), lambda: self._samples_of(window))

    def resource(self) -> ResourceSample | None:
        """The newest sample, however old."""
        return self._once("resource", self._latest_resource)

    def _once(self, key: object, ask: Callable[[], T]) -> T:
        if key not in self._answers:
            try:
                self._answers[key] = (ask(), None)
            except Exception as error:  # noqa: BLE001 - raised again, for each rule that asks
                self._answers[key] = (None, error)
        answer, failure = self._answers[key]
        if failure is not None:
            raise failure
        return answer  # type: ignore[return-value]  # of what was asked under this key
