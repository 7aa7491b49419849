r"""Which ids a share covers: sticky, monotone, independent between flags, the same everywhere.

An id's bucket for a flag is a number from 0 to 9999, and a flag with a share of `s` percent
is on for the buckets below `s * 100`. So an id that is on stays on while the share grows.

The bucket, so that any language can compute it: join the flag's name, one NUL byte and the
id as decimal or text, as UTF-8; take BLAKE2b with a digest of 8 bytes, no key, no salt; read
the digest as a big-endian unsigned number; take it modulo 10 000. In a shell:

    printf 'ddd.commands.utility\0%s' 80351110224678912 | b2sum -l 64

`tests/route/vectors.json` holds some hundred pairs to check an implementation against.
The modulo favours some buckets by at most 1 in 10^15, which nobody can observe.
Source: RFC 7693. CRC-32 was passed over: it is linear, so it ties two flags' buckets together.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

BUCKETS = 10_000


class Answer(NamedTuple):
    """What a flag says to one id.

    Attributes:
        on: whether it is on for it.
        bucket: where the id falls, 0 to 99.99 percent; None for no id, and where the flag is off
            for all. Where it is on for all nobody has to look, but the judge tells people apart
            by it.
        wants_id: it depends on the id and there is none; then it is off.
    """

    on: bool
    bucket: float | None = None
    wants_id: bool = False


_ON, _OFF, _WANTS_ID = Answer(on=True), Answer(on=False), Answer(on=False, wants_id=True)


def bucket_of(flag: str, id: str | int) -> int:  # noqa: A002  # the word of the field
    """The bucket of an id for a flag, 0 to 9999. An int and its decimal text are the same id.

    Lone surrogates, which strict UTF-8 has no bytes for, are encoded like other code points.
    """
    text = f"{flag}\0{id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest()) % BUCKETS


def ask(flag: str, share: float | None, id: object = None) -> Answer:  # noqa: A002  # as above
    """What a flag with a share in percent says to an id; a share of None is off.

    Only a non-empty text or a whole number is an id. Anything else counts as none: the text
    of another object (a name, an address in memory) may change from call to call.
    """
    if share is None or share <= 0:
        return _OFF
    if id == "" or not isinstance(id, (str, int)):
        return _ON if share >= 100 else _WANTS_ID
    bucket = bucket_of(flag, id)
    return Answer(bucket < round(share * 100), bucket / 100)
