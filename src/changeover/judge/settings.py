"""What the judge is asked to be sure of, and how sure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from changeover.core.errors import BadValueError

STICKY = ("user", "guild", "channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """The judge's settings. A change of any of them begins the evidence anew.

    Attributes:
        alpha: the chance that anything is ever rolled back without a fault, for the whole bot
            and one version of its new code; a ratio. Half is for commands, half for the whole.
        promote_alpha: the chance that one test of a promotion passes wrongly; a ratio.
        error_limit: error ratio that the new system may have whatever legacy's is.
        margin: difference of error ratios below which nobody cares; a ratio.
        promote_margin: a promotion proves that the new system's error ratio is not this much
            higher than legacy's; a ratio. Commands with little traffic take 2, 5 or 10 times it.
        sticky_by: whose id the shares go by: `user`, `guild` or `channel`.
        min_failures: counted failures before errors may roll anything back.
        min_executions: of the new system, before a promotion.
        min_baseline: executions of legacy by command, before a promotion.
        promote_after_s: seconds from the first to the last execution of the new system, before
            a promotion. A day has a quiet and a busy part.
        patience_s: seconds that a command should take to prove itself; its margin follows.
        mute_s: seconds for which a person who failed twice in a row is not counted.
        min_clusters: guilds or channels of equal weight that each system needs at least.

    Raises:
        BadValueError: for a figure that makes no judge.
    """

    alpha: float = 0.01
    promote_alpha: float = 0.05
    error_limit: float = 0.01
    margin: float = 0.001
    promote_margin: float = 0.01
    sticky_by: str = "user"
    min_failures: int = 3
    min_executions: int = 30
    min_baseline: int = 100
    promote_after_s: float = 86_400.0
    patience_s: float = 7 * 86_400.0
    mute_s: float = 600.0
    min_clusters: int = 10

    def __post_init__(self) -> None:
        self._between("alpha", 1e-9, 0.5)
        self._between("promote_alpha", 1e-9, 0.5)
        self._between("error_limit", 1e-5, 0.5)
        self._between("margin", 0.0, 0.2)
        self._between("promote_margin", 1e-4, 0.09)
        for name in ("min_failures", "min_executions", "min_baseline", "min_clusters"):
            self._between(name, 0, 1_000_000)
        for name in ("promote_after_s", "patience_s", "mute_s"):
            self._between(name, 0.0, 3.2e8)
        if self.sticky_by not in STICKY:
            raise BadValueError("sticky_by", str(self.sticky_by), "user, guild or channel", "user")

    def _between(self, name: str, lowest: float, highest: float) -> None:
        value = getattr(self, name)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not (good and math.isfinite(value) and lowest <= value <= highest):
            allowed = f"a number from {lowest:g} to {highest:g}"
            default = JudgeSettings.__dataclass_fields__[name].default
            raise BadValueError(name, str(value), allowed, f"{default:g}")
