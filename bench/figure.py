"""One measured figure beside its limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured in this run.

    Attributes:
        name: what, in a few words.
        value: the number measured.
        unit: of value and limit: `x` for a ratio, `ms`, `us`, `ns`, `MB`, `%`.
        limit: the highest value that is good; None where nothing was promised.
        ok: whether the value is good.
        note: what it was measured with or against; one line.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    ok: bool = True
    note: str = ""

    @classmethod
    def of(
        cls, name: str, value: float, unit: str, *, limit: float | None = None, note: str = ""
    ) -> Figure:
        """A figure that is good up to its limit."""
        return cls(name, value, unit, limit, limit is None or value <= limit, note)
