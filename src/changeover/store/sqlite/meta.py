"""The one row that says what the file holds and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass

from changeover.store.sqlite.connection import Connection
from changeover.store.sqlite.statements import load_statements
from changeover.store.tiers import Extent

SQL = load_statements("read")
_ID_BITS = 40


@dataclass(frozen=True, slots=True)
class Meta:
    """The row as one transaction sees it.

    Attributes:
        generation: 20 random bits, drawn when the file was made.
        next_id: of the next execution or sample.
        extent: what of each tier is there.
    """

    generation: int
    next_id: int
    extent: Extent

    def cursor(self, last_id: int) -> int:
        """A cursor for `follow`, of no use in a file that took this one's place."""
        return self.generation << _ID_BITS | last_id

    def id_of(self, cursor: int) -> int:
        """The id after which to go on; 0, the whole file, when the cursor is from another."""
        generation, last_id = cursor >> _ID_BITS, cursor & ((1 << _ID_BITS) - 1)
        return last_id if generation == self.generation else 0


def read_meta(connection: Connection) -> Meta:
    """The row, within the transaction that is open."""
    generation, next_id, *extent = connection.execute(SQL["meta"]).fetchone()
    return Meta(generation, next_id, Extent(*extent))
