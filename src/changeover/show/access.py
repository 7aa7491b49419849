"""Who may read: the names this server answers to, the token, and the limit on wrong tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import BadValueError
from changeover.core.order import Principal, Role

MONITORS_TOKEN = "env:MONITORING_TOKEN"  # noqa: S105  # who presents it, for the audit

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_PORT = re.compile(r":[0-9]{1,5}", re.ASCII)


class Verdict(Enum):
    """What is to be done with a request."""

    WELCOME = "welcome"
    NO_TOKEN = "no_token"  # noqa: S105  # a name of a case, no secret
    WRONG_TOKEN = "wrong_token"  # noqa: S105  # as above
    LIMITED = "limited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may read.

    Attributes:
        hosts: names to answer to besides `localhost` and addresses; `*` answers to any. An
            address cannot be rebound by a foreign name server, so all of them may pass.
        token: what a reader must present; None lets everybody read who can connect, so bind
            nothing but loopback then.
        token_role: what else whoever presents that token may do.
        loopback_role: what else whoever asks from this machine may do, where there is no token.
        secure_cookie: whether the cookie of a login is for https alone, however it was asked for.
    """

    hosts: Iterable[str] = ()
    token: str | None = field(default=None, repr=False)
    token_role: Role = Role.VIEWER
    loopback_role: Role = Role.VIEWER
    secure_cookie: bool = False

    def __post_init__(self) -> None:
        if self.token is not None and not self.token:
            raise BadValueError("token", None, "at least one character", "openssl rand -hex 32")
        object.__setattr__(self, "hosts", frozenset(name.lower() for name in self.hosts))

    def knows_host(self, header: bytes | None) -> bool:
        """Whether a `Host` header names this server; the port does not matter."""
        name = host_name((header or b"").decode("latin-1"))
        if name is None:
            return False
        return name == "localhost" or _is_address(name) or name in self.hosts or "*" in self.hosts

    def accepts(self, credentials: bytes | None) -> bool | None:
        """Whether an `Authorization` header holds the token; None when there is none.

        Both `Bearer TOKEN` and `Basic`, with the token as password and any name, so that a
        browser can ask for it by itself. Compared as bytes and in constant time.
        """
        if self.token is None:
            return True
        if not credentials:
            return None
        given = presented_token(credentials)
        return given is not None and hmac.compare_digest(given, self.token.encode())


def host_name(header: str) -> str | None:
    """The name or address in a `Host` header, in lower case, without the port; None if malformed."""
    text = header.strip().lower()
    if text.startswith("["):
        address, bracket, port = text[1:].partition("]")
        is_right = bracket and _is_address(address) and (not port or _PORT.fullmatch(port))
        return address if is_right else None
    name, colon, port = text.partition(":")
    if colon and not _PORT.fullmatch(colon + port):
        return None
    return name if _NAME.fullmatch(name) else None


def presented_token(credentials: bytes) -> bytes | None:
    """The token in an `Authorization` header, or None when it is malformed."""
    scheme, _, rest = credentials.strip().partition(b" ")
    rest = rest.strip()
    if scheme.lower() == b"bearer":
        return rest
    if scheme.lower() != b"basic":
        return None
    try:
        _, colon, password = base64.b64decode(rest, validate=True).partition(b":")
    except binascii.Error:
        return None
    return password if colon else None


def _nobody(_: bytes) -> Principal | None:
    return None


class Doorkeeper:
    """Checks tokens and counts the wrong ones of each client, in bounded memory.

    A client has ten tries, and one more every six seconds. While it has none left nothing it
    presents is looked at, so that guessing gains nothing. Behind a proxy all clients share
    its address: let the proxy limit them.

    Args:
        access: who may read.
        clock: for the tries that come back.
        known: who presents a token that is not the monitor's own; None for nobody.
    """

    TRIES = 10
    TRY_EVERY_NS = 6 * NS_PER_S
    MOST_CLIENTS = 1_024

    def __init__(
        self,
        access: Access,
        clock: Clock,
        known: Callable[[bytes], Principal | None] = _nobody,
    ) -> None:
        self._access = access
        self._clock = clock
        self._known = known
        # for each client with wrong tries, the moment at which all of them are forgiven
        self._forgiven_ns: OrderedDict[str, int] = OrderedDict()

    def look(
        self, client: str | None, credentials: bytes | None, *, must: bool | None = None
    ) -> Verdict:
        """Judge one request of a client (its address; None where there is none).

        Args:
            client: whose wrong tokens are counted together.
            credentials: its `Authorization` header, or None.
            must: whether a right token must be there; by default where readers need one.
        """
        if credentials and self.wait_s(client) > 0:
            return Verdict.LIMITED
        if not (self._access.token is not None if must is None else must):
            return Verdict.WELCOME
        if not credentials:
            return Verdict.NO_TOKEN
        if self.recognise(credentials) is not None:
            return Verdict.WELCOME
        self._count_wrong(client_network(client))
        return Verdict.WRONG_TOKEN

    def recognise(self, credentials: bytes) -> Principal | None:
        """Whose token an `Authorization` header holds; None for a wrong one. Counts nothing."""
        access = self._access
        if access.token is not None and access.accepts(credentials):
            return Principal(MONITORS_TOKEN, access.token_role)
        given = presented_token(credentials)
        return None if given is None else self._known(given)

    def wait_s(self, client: str | None) -> float:
        """How long this client must wait for its next try; 0 when it has one."""
        forgiven_ns = self._forgiven_ns.get(client_network(client), 0)
        owed_ns = forgiven_ns - self._clock.monotonic_ns()
        return max(0, owed_ns - (self.TRIES - 1) * self.TRY_EVERY_NS) / NS_PER_S

    def _count_wrong(self, who: str) -> None:
        now = self._clock.monotonic_ns()
        since = max(now, self._forgiven_ns.pop(who, now))
        self._forgiven_ns[who] = since + self.TRY_EVERY_NS
        if len(self._forgiven_ns) > self.MOST_CLIENTS:
            self._forgiven_ns.popitem(last=False)


def client_network(client: str | None) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer owns."""
    try:
        address = ipaddress.ip_address(client or "")
    except ValueError:
        return client or ""
    if address.version == 4:
        return str(address)
    mapped = address.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
